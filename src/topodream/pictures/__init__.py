"""Pictures: all that draws."""
