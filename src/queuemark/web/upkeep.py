"""What a site does beside answering.

1. Sessions that were measured here are summarised, so that they can be found.
2. Garbage is looked for where it is new: what pages keep for the next reader is much, and holds no cycles. To go
   through all of it takes longer than any page.
3. What the first readers would wait for is made ready while the site answers already: templates, and what computes.
"""

from __future__ import annotations

__all__ = ["collecting_seldom", "summarising", "warming_up"]

import gc
import logging
from collections.abc import Iterator, Set
from contextlib import contextmanager
from importlib import import_module
from threading import Event, Thread

from queuemark.analysis.estimates import with_estimates
from queuemark.analysis.summary import summaries
from queuemark.model.errors import QueuemarkError
from queuemark.store.record import Record
from queuemark.web.data.front import front
from queuemark.web.pages import compile_templates, page_html

_AT_ONCE = 16
_LOOK_S = 5.0
"""How often it is looked for sessions that another process has measured meanwhile."""

_COLLECTED_AFTER = (50_000, 10, 1000)
"""A page makes some thousand objects and lets go of as many."""

_COMPUTES = ("queuemark.analysis.latency", "numpy", "queuemark.views.compared")
"""What views load when they are first asked, in pieces; what draws pictures is larger by far, and is left to them."""

_log = logging.getLogger("queuemark.web")


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """What is there already is not looked at while inside."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*_COLLECTED_AFTER)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


@contextmanager
def warming_up(record: Record) -> Iterator[None]:
    """While inside, a thread of its own makes ready what pages need; on the way out it leaves off."""
    ended = Event()
    thread = Thread(target=_warm_up, args=(record, ended), name="warm-up")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _warm_up(record: Record, ended: Event) -> None:
    try:
        page_html("front.html", front(record), "")
    except QueuemarkError as error:
        _log.error("%s", error)
    compile_templates()
    for module in _COMPUTES:
        if not ended.is_set():
            import_module(module)


@contextmanager
def summarising(record: Record) -> Iterator[None]:
    """While inside, a thread of its own keeps all of the record summarised."""
    ended = Event()
    thread = Thread(target=_keep_summarised, args=(record, ended), name="summaries")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _keep_summarised(record: Record, ended: Event) -> None:
    failed: set[str] = set()
    while not ended.is_set():
        waiting = _waiting(record, failed)
        for session_id in waiting:
            if not ended.is_set() and not _summarised(record, session_id):
                failed.add(session_id)
        if not waiting:
            ended.wait(_LOOK_S)


def _waiting(record: Record, failed: Set[str]) -> list[str]:
    try:
        return [session_id for session_id in record.unsummarised(_AT_ONCE + len(failed)) if session_id not in failed]
    except QueuemarkError as error:
        _log.error("%s", error)
        return []


def _summarised(record: Record, session_id: str) -> bool:
    """Whether it is now; a session that cannot be is told of once and left."""
    try:
        record.summarise(session_id, summaries(with_estimates(record.document(session_id))))
    except (QueuemarkError, ArithmeticError, ValueError):
        _log.exception("cannot summarise session %s", session_id)
        return False
    return True
