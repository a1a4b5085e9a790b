"""``python -m queuemark`` is ``queuemark``."""

from __future__ import annotations

from queuemark.cli.main import main

main()
