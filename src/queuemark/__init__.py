"""queuemark: a laboratory for message passing."""

__version__ = "0.1.0"
