"""Making a release: its frozen source, what is derived from that, and the ZIP that holds both."""
