"""The report that a finished session leaves behind: where it lies, and how to look at the session on the site.

A report that cannot be written costs a line, never the session's exit code.
"""

from __future__ import annotations

__all__ = ["tell_report"]

import os

from rich.console import Console

from queuemark.cli.opening import say
from queuemark.cli.report import INSTALL, kept_report, missing_part
from queuemark.model.session import SessionDocument

_SITE = "http://127.0.0.1:8000"


def tell_report(document: SessionDocument, console: Console) -> None:
    """Writes it and prints its path; document: with estimates. Nothing where QUEUEMARK_NO_REPORT is set."""
    if os.environ.get("QUEUEMARK_NO_REPORT"):
        return
    missing = missing_part()
    if missing is not None:
        print(f"no report, {missing} is not installed here: {INSTALL}")
        return
    try:
        path = kept_report([document])
    except KeyboardInterrupt:
        say(console, "queuemark: no report was written: interrupted; write it with: queuemark report")
    except Exception as error:  # noqa: BLE001 - the session was measured; nothing that goes wrong here undoes that
        say(console, f"queuemark: no report was written: {' '.join(str(error).split()) or type(error).__name__}")
    else:
        print(f"report: {path}")
        print(f"on the site: {_SITE}/sessions/{document.session.id}, once it runs: queuemark serve")
