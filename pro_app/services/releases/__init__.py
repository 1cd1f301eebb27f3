"""Data releases: asked for, made, approved, handed out, made anew and compared."""
