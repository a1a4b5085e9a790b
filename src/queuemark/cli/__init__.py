"""The command line: one command a file. Here alone is anything printed, and here alone does anything exit."""
