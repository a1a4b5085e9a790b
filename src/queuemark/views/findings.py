"""What makes a machine's results noisy or limited? One line a finding, the worst first; below them, what to do."""

from __future__ import annotations

__all__ = ["QUESTION", "findings_table", "findings_tables", "noise_texts"]

from collections.abc import Sequence

from queuemark.analysis.disturbance import disturbances, noisy_findings
from queuemark.model.finding import VERDICTS, Finding
from queuemark.model.machine import Machine
from queuemark.model.session import SessionDocument
from queuemark.views.header import machine_text
from queuemark.views.numbers import counted
from queuemark.views.table import Column, Table

QUESTION = "What makes results noisy or limited?"


def findings_tables(document: SessionDocument, *, wide: bool = False, alone: bool = False) -> list[Table]:
    """What was found when the session began."""
    session = document.session
    return [findings_table(session.machine, session.findings, f"as session {session.id[:12]} began")]


def findings_table(machine: Machine, findings: Sequence[Finding], when: str) -> Table:
    """when: it was looked at."""
    return Table(
        title=QUESTION,
        above=[f"{machine_text(machine)}, {when}"],
        columns=list(_COLUMNS),
        rows=[[finding.name, finding.verdict, finding.found, _effect(finding)] for finding in findings],
        below=[
            *(f"{finding.name}: {finding.remedy}" for finding in findings if finding.remedy),
            _sum_text(findings),
        ],
    )


def noise_texts(document: SessionDocument) -> list[str]:
    """At most one line: how many things make this session's results noisy, which, and where to read on."""
    found, beside = noisy_findings(document), disturbances(document)
    if not found and not beside:
        return []
    names = ", ".join(finding.name for finding in found)
    things = f"{counted(len(found), 'thing')} {'makes' if len(found) == 1 else 'make'} results noisy ({names})"
    parts = [things] if found else []
    if beside:
        parts.append(f"during the session {', '.join(beside)}")
    return [f"this machine: {'; '.join(parts)}; see: queuemark doctor"]


def _effect(finding: Finding) -> str | None:
    """What is good has none."""
    return None if finding.verdict == "good" else finding.effect


def _sum_text(findings: Sequence[Finding]) -> str:
    counts = {verdict: sum(finding.verdict == verdict for finding in findings) for verdict in VERDICTS}
    return ", ".join(f"{count} {verdict}" for verdict, count in counts.items())


def _words(name: str, wrap_low: int | None = None) -> Column:
    return Column(name=name, head=name, align="left", wrap_low=wrap_low)


_COLUMNS = (_words("name"), _words("verdict"), _words("found", 20), _words("effect", 28))
