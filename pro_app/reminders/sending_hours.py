"""When one person may be reached: own hour and zone, quiet hours, Sundays and public holidays (pure)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pro_app.protocol.rules import MessageSettings
from pro_app.reminders.public_holidays import is_public_holiday

SUNDAY = 6


@dataclass(frozen=True, slots=True)
class SendingHours:
    """When one person may be reached: IANA zone, the hour they chose, and the protocol's quiet hours.

    `holidays_of` is the country (ISO 3166) whose public holidays are kept, None where none are.
    """

    zone: str
    hour: int
    quiet_from_hour: int
    quiet_until_hour: int
    sundays: bool
    holidays_of: str | None = None

    def allows_day(self, day: date) -> bool:
        """Say whether messages may go out on that day at all."""
        if not self.sundays and day.weekday() == SUNDAY:
            return False
        return self.holidays_of is None or not is_public_holiday(
            day, country=self.holidays_of, zone=self.zone
        )


def sending_hours(messages: MessageSettings, *, zone: str, hour: int) -> SendingHours:
    """Put the protocol's quiet hours together with a participant's zone and chosen hour."""
    return SendingHours(
        zone,
        hour,
        messages.quiet_from_hour,
        quiet_until_hour=messages.quiet_until_hour,
        sundays=messages.sundays,
        holidays_of=messages.public_holidays_of,
    )


def find_wished_moment(day: date, hours: SendingHours) -> datetime:
    """Give the participant's chosen hour on a civil day of their zone, allowed or not (aware UTC)."""
    return _local_moment(day, hours.hour, hours.zone)


def find_chosen_moment(day: date, hours: SendingHours) -> datetime:
    """Give the participant's chosen hour on the first allowed day from `day` on, moved out of quiet hours."""
    while not hours.allows_day(day):
        day += timedelta(days=1)
    return find_allowed_moment(find_wished_moment(day, hours), hours)


def find_allowed_moment(earliest_at: datetime, hours: SendingHours) -> datetime:
    """Give the first moment from `earliest_at` on that lies neither in quiet hours nor on a barred day."""
    local = earliest_at.astimezone(ZoneInfo(hours.zone))
    day = local.date()
    if local.hour >= hours.quiet_from_hour:
        day += timedelta(days=1)
    elif local.hour >= hours.quiet_until_hour and hours.allows_day(day):
        return earliest_at
    while not hours.allows_day(day):
        day += timedelta(days=1)
    return _local_moment(day, hours.quiet_until_hour, hours.zone)


def find_end_of_hours(allowed_at: datetime, hours: SendingHours) -> datetime:
    """Give the moment at which the hours end that `allowed_at`, an allowed moment, lies in (aware UTC)."""
    day = allowed_at.astimezone(ZoneInfo(hours.zone)).date()
    # Added to midnight on the wall clock, since there may be no quiet hours before it (hour 24).
    ends_at = datetime.combine(day, time(), ZoneInfo(hours.zone)) + timedelta(hours=hours.quiet_from_hour)
    return ends_at.astimezone(UTC)


def _local_moment(day: date, hour: int, zone: str) -> datetime:
    return datetime.combine(day, time(hour), ZoneInfo(zone)).astimezone(UTC)
