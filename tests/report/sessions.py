"""Sessions to report on: a small sweep, and the same one with markup in every text that a person or a system wrote."""

from __future__ import annotations

__all__ = ["PAYLOADS", "hostile", "report_of", "sweep"]

from typing import Any

import msgspec

from queuemark.analysis.estimates import with_estimates
from queuemark.model.finding import Finding
from queuemark.model.session import SessionDocument
from queuemark.report.drawing import Drawing
from queuemark.report.html import html_report
from tests.examples import SESSION_ID, case, document, machine, trial
from tests.measured import measured

PAYLOADS = (
    "<script>window.ran = 1</script>",
    "</script><img src=x onerror='window.ran = 1'>",
    '"><svg onload=window.ran=1>',
    "<!--<script>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:window.ran=1",
)


def sweep(id: str = SESSION_ID, **more: Any) -> SessionDocument:
    held = [
        case(name, size_bytes=size, consumers=c) for name in ("tcp", "pipe") for size in (16, 64, 256) for c in (1, 4)
    ]
    trials = [
        (of, [trial(of, repeat, delivered=100_000 + 40 * place) for repeat in range(3)])
        for place, of in enumerate(held)
    ]
    found = Finding(name="load", verdict="noisy", found="0.9", effect="results vary", remedy="wait")
    return with_estimates(
        document(*trials, measured("mq-posix", 10_000, 50, rate_per_s=10_000.0), id=id, findings=[found], **more)
    )


def report_of(*documents: SessionDocument, bundle: str | None = None) -> str:
    """The report of these sessions as HTML."""
    with Drawing() as drawing:
        return html_report(documents, drawing, bundle=bundle)


def hostile(payload: str) -> SessionDocument:
    """The sweep with the payload in every free text, and in the names that people choose."""
    made = sweep()
    session = made.session
    session.findings = [
        Finding(name=payload, verdict="noisy", found=payload, effect=payload, remedy=payload) for _ in session.findings
    ]
    session.version = session.created_at = payload
    session.plan = msgspec.structs.replace(session.plan, command=payload)
    told = dict.fromkeys(
        ("system", "release", "distribution", "cpu_model", "hypervisor", "governor", "python"), payload
    )
    session.machine = msgspec.structs.replace(
        machine(), **told, mitigations={payload: payload}, limits={payload: 1}, answers={payload: payload}
    )
    of = case(params={"nodelay": payload}, policy="each")
    named = msgspec.structs.replace(of, transport=payload, runtime=payload)
    ended = [trial(of, 0, state=state, reason=payload, remedy=payload) for state in ("failed", "unavailable")]
    added = document((named, [*ended, *(trial(of, repeat) for repeat in range(2, 5))]))
    return with_estimates(msgspec.structs.replace(made, cases=[*made.cases, *added.cases]))
