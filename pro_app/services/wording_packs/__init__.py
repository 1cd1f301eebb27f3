"""Licensed wordings: imported, read beside the placeholder, approved by two people, put in use."""
