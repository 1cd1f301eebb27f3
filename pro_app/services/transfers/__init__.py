"""Following a participant at another site: asked for by the one site, accepted or refused by the other."""
