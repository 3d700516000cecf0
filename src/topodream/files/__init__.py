"""Files: read and written with errors that a person can act on; what scripts have in common."""
