"""Python's own mechanisms, one a file."""
