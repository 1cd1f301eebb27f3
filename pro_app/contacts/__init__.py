"""The contact vault: e-mail, telephone and push addresses, apart from answers, under a key of its own."""
