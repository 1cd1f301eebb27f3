"""What answers MEAN: raw and transformed scores by the published manuals. Pure: no I/O, no framework."""
