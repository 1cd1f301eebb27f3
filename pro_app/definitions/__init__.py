"""Reading definition files: plain YAML, checked against a schema, with the line of everything. Pure."""
