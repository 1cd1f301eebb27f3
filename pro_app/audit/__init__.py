"""The audit trail: who did what, when and why, in chains that show every later change."""
