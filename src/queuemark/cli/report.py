"""``queuemark report``: sessions as one HTML file, as Markdown with pictures beside it, as pictures, or as CSV."""

from __future__ import annotations

__all__ = ["command", "kept_report"]

import os
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import rich_click as click

from queuemark.cli.output import check_writable, write_file
from queuemark.model.errors import QueuemarkError, UsageError
from queuemark.model.session import SessionDocument
from queuemark.views.record import LEVELS

if TYPE_CHECKING:
    from queuemark.report.content import Content
    from queuemark.views.theme import Spec

INSTALL = "pip install 'queuemark[report]'"
_NEEDED = ("altair", "jinja2", "vl_convert")
_TEXTS = (".html", ".md", ".csv")
_PICTURES = ("svg", "png", "none")

_Read = Callable[[], Sequence[SessionDocument]]
"""Reads the sessions, with estimates."""


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    """pictures: their kind beside Markdown and in a directory; level: what a row of CSV is; None: as is usual."""

    pictures: str | None
    level: str | None
    interactive: bool


@click.command("report")
@click.argument("sessions", metavar="[SESSION...]", nargs=-1)
@click.option(
    "-o",
    "--output",
    "target",
    metavar="FILE|DIR/",
    help="A file: .html, .md or .csv; or a directory, for the pictures alone.  [default: HTML beside the stored "
    "sessions]",
)
@click.option(
    "--pictures",
    type=click.Choice(_PICTURES),
    help="Of Markdown, in a directory beside it, or of a directory.  [default: svg]",
)
@click.option("--level", type=click.Choice(LEVELS), help="With .csv, what a row is.  [default: case]")
@click.option(
    "--no-interactive", is_flag=True, help="Of HTML: still pictures alone, without the 0.9 MB that make them answer."
)
def command(
    sessions: tuple[str, ...], target: str | None, pictures: str | None, level: str | None, no_interactive: bool
) -> None:
    """One session, or 2 to 6 beside each other: by id, by the first digits of it, by `last`, or by a file.

    An HTML report is one file that opens from disk and needs no network; with JavaScript its pictures can be explored.
    """
    kind = _kind(target, pictures, level, no_interactive)
    needs_drawing = kind in (".html", "") or (kind == ".md" and pictures != "none")
    if needs_drawing and (missing := missing_part()) is not None:
        raise QueuemarkError(f"cannot write a report: {missing} is not installed here; install it: {INSTALL}")
    asked = _Asked(pictures=pictures, level=level, interactive=not no_interactive)
    click.echo(f"report: {_written(partial(_documents, sessions or ('last',)), kind, target, asked)}")


def _kind(target: str | None, pictures: str | None, level: str | None, no_interactive: bool) -> str:
    """One of _TEXTS, or nothing for a directory.

    Raises: UsageError for another ending, or an option that is for another kind; QueuemarkError when it could not be
    written there.
    """
    kind = ".html" if target is None else _ending(target)
    if pictures is not None and kind not in (".md", ""):
        raise UsageError("--pictures is for Markdown (-o report.md) and for a directory (-o pictures/); leave it out")
    if pictures == "none" and kind == "":
        raise UsageError(f"--pictures none leaves nothing to write into {target}; take svg or png")
    if level is not None and kind != ".csv":
        raise UsageError("--level is for CSV; write for example -o report.csv")
    if no_interactive and kind != ".html":
        raise UsageError("--no-interactive is for HTML; leave it out")
    if target is not None and kind:
        check_writable(target)
    return kind


def _ending(target: str) -> str:
    ending = Path(target).suffix.lower()
    if target.endswith(os.sep) or Path(target).is_dir():
        return ""
    if ending not in _TEXTS:
        raise UsageError(
            f"report {target!r}: a report is written as {', '.join(_TEXTS)}, or its pictures into a directory, DIR/; "
            "write for example report.html"
        )
    return ending


def missing_part() -> str | None:
    """What drawing needs and this installation has not."""
    return next((name for name in _NEEDED if find_spec(name) is None), None)


def _documents(names: Sequence[str]) -> list[SessionDocument]:
    from queuemark.analysis.estimates import with_estimates
    from queuemark.store import load

    return [with_estimates(load(name)) for name in names]


def _written(documents: _Read, kind: str, target: str | None, asked: _Asked) -> Path:
    if kind == ".html" or target is None:
        return _html(documents, target, interactive=asked.interactive)
    if kind == ".csv":
        from queuemark.report.rows import csv_report

        write_file(target, csv_report(documents(), asked.level or "case").encode())
    elif kind == ".md":
        _write_markdown(documents(), Path(target), asked.pictures or "svg")
    else:
        _write_pictures(_held(documents()), Path(target), f".{asked.pictures or 'svg'}")
    return Path(target)


def kept_report(documents: Sequence[SessionDocument]) -> Path:
    """Writes the HTML report into the data directory, where the newest are kept; where it is.

    documents: with estimates. Raises: QueuemarkError when it cannot be written; ModuleNotFoundError without the extra.
    """
    return _html(lambda: documents, None, interactive=True)


def _html(documents: _Read, target: str | None, *, interactive: bool) -> Path:
    """The sessions are read while what draws them begins."""
    from queuemark.report.bundle import vega_bundle
    from queuemark.report.drawing import Drawing
    from queuemark.report.html import html_report
    from queuemark.report.kept import forget_oldest, report_path
    from queuemark.store import data_directory

    kept = data_directory()
    with Drawing() as drawing:
        held = documents()
        path = Path(target) if target is not None else report_path(kept, [document.session.id for document in held])
        bundle = vega_bundle(kept) if interactive else None
        write_file(str(path), html_report(held, drawing, bundle=bundle).encode())
    if target is None:
        forget_oldest(kept)
    return path


def _held(documents: Sequence[SessionDocument], *, drawn: bool = True) -> Content:
    from queuemark.report.content import Pictures, content

    return content(documents, Pictures(scales=("log",) if drawn else ()))


def _write_markdown(documents: Sequence[SessionDocument], path: Path, kind: str) -> None:
    from queuemark.report.markdown import markdown_report

    held = _held(documents, drawn=kind != "none")
    folder = None if kind == "none" else f"{path.stem}-pictures"
    if folder is not None:
        _write_pictures(held, path.parent / folder, f".{kind}")
    write_file(str(path), markdown_report(held, folder, f".{kind}").encode())


def _write_pictures(held: Content, directory: Path, ending: str) -> None:
    """A file for each picture; the directory is made."""
    from queuemark.report.markdown import pictures

    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise QueuemarkError(
            f"cannot write into {directory}: {error.strerror or error}; choose another place"
        ) from error
    for name, spec in pictures(held).items():
        _write_picture(spec, directory / f"{name}{ending}")


def _write_picture(spec: Spec, path: Path) -> None:
    from queuemark.views.picture import draw

    write_file(str(path), draw(lambda: spec, str(path)))
