"""Amendments: a further version of the protocol, seen before it is applied, applied whole or not at all."""
