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

from queuemark.model.session import SessionDocument
from queuemark.report.content import Content, Pictures, Section, Told, content, title_of
from queuemark.report.drawing import Drawing
from queuemark.views.axes import Scale
from queuemark.views.header import about
from queuemark.views.markup import table_html
from queuemark.views.render import printable
from queuemark.views.theme import Spec, uncaptioned


class _Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A picture as it stands in the page, and the specifications for the interactive one, as JSON."""

    svg: Markup
    log: Markup
    linear: Markup | None


class _Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A section. anchor: its id in the page. titled: whether its first table asks the same question."""

    anchor: str
    question: str
    titled: bool
    figure: _Figure | None
    tables: list[Markup]


class _Session(msgspec.Struct, frozen=True, kw_only=True):
    anchor: str
    told: Told
    title: str
    sections: list[_Shown]


def html_report(documents: Sequence[SessionDocument], drawing: Drawing, *, bundle: str | None = None) -> str:
    """The page; documents: 1 to 6, with estimates. drawing: of this page alone.

    bundle: Vega as one script, for pictures that answer to the mouse; None: the still ones alone.
    Raises: UsageError for more sessions, or the same one twice; QueuemarkError when a picture cannot be drawn.
    """
    scales: tuple[Scale, ...] = ("log",) if bundle is None else ("log", "linear")
    pictures = Pictures(scales=scales, begun=lambda name, spec: drawing.begin(name, uncaptioned(spec)))
    held = content(documents, pictures)
    return _page(held, drawing, bundle)


def _page(held: Content, drawing: Drawing, bundle: str | None) -> str:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("queuemark.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    scripts = [] if bundle is None else [_script(bundle), _script(_text("report.js"))]
    return environment.get_template("report.html").render(
        style=Markup(_style()),
        policy=_policy(scripts),
        scripts=[Markup(script) for script in scripts],
        title=title_of(held),
        apart=held.apart,
        compared=[_shown(held.compared, drawing)] if held.compared is not None else [],
        sessions=[_session(told, drawing) for told in held.told],
    )


def _finalized(value: object) -> object:
    """What is no markup of ours is of a session, and printable."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _session(told: Told, drawing: Drawing) -> _Session:
    sections = [_shown(section, drawing) for section in told.sections]
    return _Session(anchor=f"s-{told.name}", told=told, title=about(told.document), sections=sections)


def _shown(section: Section, drawing: Drawing) -> _Shown:
    return _Shown(
        anchor=f"q-{section.name}",
        question=section.question,
        titled=section.tables[0].title == section.question,
        figure=_figure(section, drawing),
        tables=[Markup(table_html(table)) for table in section.tables],
    )


def _figure(section: Section, drawing: Drawing) -> _Figure | None:
    if section.chart is None:
        return None
    log = uncaptioned(section.chart)
    linear = _data(_without_rows(uncaptioned(section.linear), log)) if section.linear is not None else None
    return _Figure(svg=Markup(drawing.svg(section.name)), log=_data(log), linear=linear)


def _without_rows(spec: Spec, other: Spec) -> Spec:
    """The specification without the rows that another has, too: they are most of it, and the page has them once."""
    kept = {
        name: rows for name, rows in spec.get("datasets", {}).items() if other.get("datasets", {}).get(name) != rows
    }
    return {**spec, "datasets": kept}


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
