"""What would everybody see of a session that is submitted? In lines, before anything is sent."""

from __future__ import annotations

__all__ = ["submission_lines"]

from collections.abc import Iterator
from urllib.parse import urlsplit

import msgspec

from queuemark.model.details import Details
from queuemark.model.session import SessionDocument, encode_session
from queuemark.model.units import format_bytes
from queuemark.views.header import about
from queuemark.views.numbers import counted

_NEAR = ("localhost", "127.0.0.1", "::1")


def submission_lines(
    document: SessionDocument, removed: dict[str, int], details: Details, address: str
) -> Iterator[str]:
    """document: as it would be sent. removed: what was taken out of it, and how often. address: of the site."""
    session, trials = document.session, sum(len(result.trials) for result in document.cases)
    yield about(document)
    yield f"  command: {session.plan.command}"
    yield f"  results: {counted(len(document.cases), 'case')}, {counted(trials, 'trial')} with their counts and times"
    told = [machine for machine in (session.machine.distribution, session.machine.hypervisor) if machine]
    machine = ", ".join([session.machine.system, session.machine.release, session.machine.architecture, *told])
    yield f"  machine: {machine}, and other facts that name nobody"
    yield f"  findings: {len(session.findings)} of queuemark doctor about that machine"
    messages = dict.fromkeys(
        result.case.workload.messages.name for result in document.cases if result.case.workload.messages is not None
    )
    if messages:
        yield f"  names of your message files, and nothing of their content: {', '.join(messages)}"
    yield f"  taken out: {', '.join(_times(what, count) for what, count in removed.items()) or 'nothing had to be'}"
    yield from _added(details)
    yield f"  as JSON {format_bytes(len(encode_session(document)))}; the same command with --show prints it"
    if urlsplit(address).scheme == "http" and urlsplit(address).hostname not in _NEAR:
        yield f"  {address} is not encrypted: whoever listens on the way can later change the session; use https"


def _times(what: str, count: int) -> str:
    return f"{what} ({counted(count, 'time')})"


def _added(details: Details) -> Iterator[str]:
    said = {name: value for name, value in msgspec.structs.asdict(details).items() if value not in ("", None)}
    for name, value in said.items():
        yield f"  added by you, {name.replace('_', ' ')}: {' / '.join(str(value).splitlines())}"
    if not said:
        yield "  added by you: nothing; no host name, no user name and no path is sent"
