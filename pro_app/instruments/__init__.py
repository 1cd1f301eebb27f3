"""WHAT is asked: instruments, their items, scales and wording. Pure: no I/O, no framework."""
