"""This project beside bare reference programs and its own ceilings, in one run; started by ``make bench``."""
