"""A page's struct as HTML: what a person wrote is text in it, whatever it looks like."""

from __future__ import annotations

__all__ = ["Site", "compile_templates", "page_html"]

from functools import cache

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from queuemark import __version__
from queuemark.model.units import format_bytes, format_duration_s, format_rate
from queuemark.views.markup import table_html
from queuemark.views.naming import policy_text
from queuemark.views.numbers import as_percent, counted
from queuemark.views.table import NOTHING
from queuemark.web.data.page import Page
from queuemark.web.data.table import TableData

_SECTIONS = {
    "/": "results",
    "/sessions": "sessions",
    "/platforms": "platforms",
    "/compare": "compare",
    "/advise": "advise",
    "/submit": "submit",
}


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """base_url: how readers reach it, without a slash at its end."""

    base_url: str
    version: str = __version__
    sections: list[tuple[str, str]] = msgspec.field(default_factory=lambda: list(_SECTIONS.items()))


def page_html(template: str, page: Page, base_url: str) -> str:
    """template: a file's name in templates/."""
    return _templates().get_template(template).render(page=page, site=Site(base_url=base_url))


def compile_templates() -> None:
    """Each template, which is otherwise done for the first who asks for a page that is made of it."""
    templates = _templates()
    for name in templates.list_templates():
        templates.get_template(name)


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=PackageLoader("queuemark.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    templates.filters |= {
        "bytes": format_bytes,
        "counted": counted,
        "count": lambda value: f"{value:,}",
        "ns": lambda value: NOTHING if value is None else format_duration_s(value / 1e9),
        "percent": as_percent,
        "policy": policy_text,
        "rate": lambda value: NOTHING if value is None else format_rate(value),
        "table": _table,
        "when": _when,
    }
    return templates


def _table(data: TableData) -> Markup:
    # table_html escapes every cell: this is markup because its parts are not.
    return Markup(table_html(data.readable()))


def _when(at: str) -> str:
    """``2026-03-01 12:00 UTC``"""
    return f"{at[:16].replace('T', ' ')} UTC"
