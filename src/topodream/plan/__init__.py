"""The plan: what has to be made of a configuration, and what it takes."""
