"""WHEN it is asked: the trial's rules as data, windows, schedule, states. Pure: no I/O."""
