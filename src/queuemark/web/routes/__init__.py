"""One resource a file, one handler a line."""

from __future__ import annotations

__all__ = ["ROUTES"]

from queuemark.web.routes.front import front_page
from queuemark.web.routes.health import health

ROUTES = (
    front_page,
    health,
)
