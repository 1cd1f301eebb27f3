"""How we nudge: which messages should go out (policy), their stored form (outbox) and the way out."""
