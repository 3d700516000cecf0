"""Settings: what is asked for, merged and checked."""
