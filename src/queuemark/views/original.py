"""A session as the file that the original program would have written: only what that form can say.

A run is a trial of 1,000,000 messages by one of the original's four backends, used as it used them. What was measured
in another way has no place there, nor has a trial that failed, nor anything that proves one.
"""

from __future__ import annotations

__all__ = ["is_original", "original_xml"]

from collections.abc import Iterator
from xml.sax.saxutils import escape

from queuemark.model.errors import UsageError
from queuemark.model.original import ITEMS, METHODS, Method
from queuemark.model.plan import Case
from queuemark.model.session import SessionDocument
from queuemark.model.trial import TrialFigures
from queuemark.views.render import printable


def is_original(document: SessionDocument) -> bool:
    """Whether the form can express anything of the session."""
    return next(_runs(document), None) is not None


def original_xml(document: SessionDocument) -> str:
    """Raises: UsageError where the form can express no case of the session."""
    session, machine = document.session, document.session.machine
    runs = list(_runs(document))
    if not runs:
        raise UsageError(
            f"session {session.id[:8]} has no case in the original's form ({ITEMS:,} messages, split or each, dealt "
            "1000 a turn); measure some with: queuemark run classic"
        )
    told = {"sysname": machine.system, "release": machine.release}
    told |= {"version": machine.version or "", "machine": machine.architecture}
    return "\n".join(
        [
            '<?xml version="1.0"?>',
            "<platform>",
            "".join(_element(name, text) for name, text in told.items()),
            '<batches_attributes type="array">',
            "<batch>",
            _element("uhash", session.id),
            '<runs_attributes type="array">',
            *runs,
            "</runs_attributes>",
            "</batch>",
            "</batches_attributes>",
            "</platform>\n",
        ]
    )


def _runs(document: SessionDocument) -> Iterator[str]:
    for result in document.cases:
        backend = _backend(result.case)
        if backend is not None:
            yield from (_run(backend, result.case, trial) for trial in result.trials if trial.rate_per_s)


def _backend(case: Case) -> str | None:
    fitting = (name for name, method in METHODS.items() if _used_so(method, case))
    return next(fitting, None)


def _used_so(method: Method, case: Case) -> bool:
    load = case.workload
    usual = load.pattern == "share" and load.one_size and load.link is None and load.rate_per_s is None
    way = case.transport, load.dispatch, load.policy
    return (
        usual
        and load.items == ITEMS
        and way == (method.transport, method.dispatch, method.policy)
        and all(case.params.get(name) == value for name, value in method.params.items())
    )


def _run(backend: str, case: Case, trial: TrialFigures) -> str:
    told = {
        "backend": backend,
        "threads": str(case.workload.consumers),
        "seconds": f"{trial.window_ns // 10**9}.{trial.window_ns % 10**9:09d}",
        "msg_size": str(case.workload.size_bytes),
    }
    return f"<run>{''.join(_element(name, text) for name, text in told.items())}</run>"


def _element(name: str, text: str) -> str:
    return f"<{name}>{escape(printable(text))}</{name}>"
