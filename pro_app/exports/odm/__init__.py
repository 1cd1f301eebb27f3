"""The study as CDISC ODM 1.3.2: what was asked and answered, with the audit record of each answer."""
