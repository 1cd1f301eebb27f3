"""What an event or its correction would do, said before it is done: the same planner as the act itself."""
