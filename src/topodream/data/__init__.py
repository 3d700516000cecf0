"""Data: one module for each kind, and what samples are once they are made."""
