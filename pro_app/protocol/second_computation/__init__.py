"""The calendar computed a second time, written apart from the first, only to be compared with it.

It reads the text of a protocol file itself, counts days by their Julian numbers and finds the moments at
which days begin by walking through time. It imports nothing of the app.
"""

from pro_app.protocol.second_computation.day_numbers import civil_day, day_number
from pro_app.protocol.second_computation.moments import find_day_starts
from pro_app.protocol.second_computation.plan import Row, SecondCalendar

__all__ = ["Row", "SecondCalendar", "civil_day", "day_number", "find_day_starts"]
