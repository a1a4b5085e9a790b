"""The report as one HTML file: it opens from disk, asks no network for anything, and can be read without JavaScript.

1. Everything a session says is text: the template escapes what it is given, a table and a picture escape their own.
2. A browser runs the report's own scripts and nothing else: they are named by their hashes, and nothing may be loaded.
3. The interactive pictures are drawn from the same specifications as the still ones, without eval.
"""

from __future__ import annotations

__all__ = ["html_report"]

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files

import jinja2
import msgspec
from markupsafe import Markup

from queuemark.report.content import Content, Section, Told
from queuemark.report.pictures import inline_svg
from queuemark.views.header import about
from queuemark.views.markup import table_html


class _Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A picture as it stands in the page, and the specifications for the interactive one, as JSON."""

    svg: Markup
    log: Markup
    linear: Markup | None


class _Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A section; anchor: its id in the page."""

    anchor: str
    question: str
    figure: _Figure | None
    tables: list[Markup]


class _Session(msgspec.Struct, frozen=True, kw_only=True):
    anchor: str
    told: Told
    title: str
    sections: list[_Shown]


def html_report(content: Content, *, bundle: str | None = None) -> str:
    """The page. bundle: Vega as one script, for pictures that answer to the mouse; None: the still ones alone."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("queuemark.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    scripts = [] if bundle is None else [_script(bundle), _script(_text("report.js"))]
    return environment.get_template("report.html").render(
        style=Markup(_style()),
        policy=_policy(scripts),
        scripts=[Markup(script) for script in scripts],
        title=_title(content),
        compared=[_shown("compared", section) for section in content.compared],
        sessions=[_session(told) for told in content.told],
    )


def _title(content: Content) -> str:
    named = ", ".join(told.short_id for told in content.told)
    return f"queuemark: session{'s' * (len(content.told) > 1)} {named}"


def _session(told: Told) -> _Session:
    anchor = f"s-{told.short_id}"
    sections = [_shown(anchor, section) for section in told.sections]
    return _Session(anchor=anchor, told=told, title=about(told.document), sections=sections)


def _shown(anchor: str, section: Section) -> _Shown:
    name = f"{anchor}-{section.name}"
    return _Shown(
        anchor=name,
        question=section.question,
        figure=_figure(section, name),
        tables=[Markup(table_html(table)) for table in section.tables],
    )


def _figure(section: Section, name: str) -> _Figure | None:
    if section.chart is None:
        return None
    linear = _data(section.linear) if section.linear is not None else None
    return _Figure(svg=Markup(inline_svg(section.chart, name)), log=_data(section.chart), linear=linear)


def _data(spec: object) -> Markup:
    """JSON for a script element, which ends at the first ``</`` whatever it stands in."""
    return Markup(msgspec.json.encode(spec).decode().replace("<", "\\u003c"))


def _script(source: str) -> str:
    """As the text of a script element: what would end it is written otherwise, in strings and comments alike."""
    return source.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _policy(scripts: Sequence[str]) -> str:
    """What a browser may load and run here: these scripts, and nothing from anywhere."""
    hashes = [f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in scripts]
    allowed = " ".join(hashes or ["'none'"])
    return (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {allowed}; base-uri 'none'; "
        "form-action 'none'"
    )


def _style() -> str:
    """The site's style sheet, and what only a report has."""
    shared = files("queuemark.views").joinpath("style.css").read_text(encoding="utf-8")
    return shared + _text("report.css")


def _text(name: str) -> str:
    return files("queuemark.report").joinpath(name).read_text(encoding="utf-8")
