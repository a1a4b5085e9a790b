"""One resource a file, one handler a line."""

from __future__ import annotations

__all__ = ["ROUTES"]

from queuemark.web.routes.advise import advise_data, advise_page
from queuemark.web.routes.api import docs_page, openapi
from queuemark.web.routes.compare import compare_data, compare_page, compare_picture
from queuemark.web.routes.editing import edit_details, withdraw_session
from queuemark.web.routes.front import front_data, front_page, submit_page
from queuemark.web.routes.health import health
from queuemark.web.routes.original import submit_original
from queuemark.web.routes.pictures import badge, embed_page, session_picture
from queuemark.web.routes.platforms import platform_data, platform_page, platforms_data, platforms_page
from queuemark.web.routes.session import case_data, case_page, edit_page, session_data, session_page
from queuemark.web.routes.sessions import sessions_data, sessions_page
from queuemark.web.routes.static import static
from queuemark.web.routes.submissions import submit_session

ROUTES = (
    advise_data,
    advise_page,
    badge,
    case_data,
    case_page,
    compare_data,
    compare_page,
    compare_picture,
    docs_page,
    edit_details,
    edit_page,
    embed_page,
    front_data,
    front_page,
    health,
    openapi,
    platform_data,
    platform_page,
    platforms_data,
    platforms_page,
    session_data,
    session_page,
    session_picture,
    sessions_data,
    sessions_page,
    static,
    submit_original,
    submit_page,
    submit_session,
    withdraw_session,
)
