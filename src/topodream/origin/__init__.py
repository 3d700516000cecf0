"""Origin: what made a file, and of what."""
