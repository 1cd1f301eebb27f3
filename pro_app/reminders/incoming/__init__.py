"""What comes back about messages: reading a mailbox, and what each mail in it says."""
