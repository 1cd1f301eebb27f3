"""E-mails to members of staff: invitations and the morning digest, apart from what participants get."""
