"""The tidy tables as files: one module a format, all called alike."""
