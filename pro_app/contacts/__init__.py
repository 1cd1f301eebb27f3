"""The contact vault: e-mail and telephone, apart from every answer, under a key of its own."""
