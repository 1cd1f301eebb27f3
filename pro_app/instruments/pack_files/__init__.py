"""Wording packs as files that people write: YAML, JSON or XLSX, read alike. Pure."""
