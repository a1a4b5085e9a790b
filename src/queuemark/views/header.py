"""The line above every table of a session: which one it is, and the machine it ran on."""

from __future__ import annotations

__all__ = ["about", "machine_text", "messages_texts", "mix_texts", "repeats_text"]

from queuemark.model.machine import Machine
from queuemark.model.mix import mix_mean_bytes, mix_text
from queuemark.model.plan import Plan
from queuemark.model.session import SessionDocument
from queuemark.model.units import format_bytes
from queuemark.views.numbers import counted


def about(document: SessionDocument) -> str:
    """``session 0123456789ab of 2026-03-01 12:00 (complete), seed 42, on ...``

    Where nothing was counted it says so: this line is above every table and chart.
    """
    session = document.session
    when = session.created_at[:16].replace("T", " ")
    return (
        f"session {session.id[:12]} of {when} ({session.state}), {repeats_text(session.plan)}, "
        f"seed {session.seed}, on {machine_text(session.machine)}{_unproved_text(document)}"
    )


def _unproved_text(document: SessionDocument) -> str:
    unproved = sum(result.unproved for result in document.cases)
    if not unproved:
        return ""
    which = "" if unproved == len(document.cases) else f" in {unproved} of {counted(len(document.cases), 'case')}"
    return f"; delivery not proved{which}: nothing was counted, a rate is what was said"


def repeats_text(plan: Plan) -> str:
    """``5 trials a case``, ``up to 30 trials a case, until the interval is within 2 %``"""
    if plan.until_percent is None:
        return f"{counted(plan.repeats, 'trial')} a case"
    return f"up to {counted(plan.repeats, 'trial')} a case, until the interval is within {plan.until_percent:g} %"


def machine_text(machine: Machine) -> str:
    model = machine.cpu_model or machine.architecture
    cpus = f"{counted(len(machine.cpus), 'cpu')} of {model}" if machine.cpus else model
    virtual = f" (hypervisor {machine.hypervisor})" if machine.hypervisor else ""
    return f"{cpus}{virtual}, {machine.system} {machine.release}"


def messages_texts(document: SessionDocument) -> list[str]:
    """One line for each file of a person's own messages: their size is no single number."""
    sources = dict.fromkeys(result.case.workload.messages for result in document.cases)
    return [
        f"{source.name}: {counted(source.count, 'message')}, each at its own size: "
        f"{format_bytes(source.total_bytes / source.count)} on average, the largest "
        f"{format_bytes(source.largest_bytes)} with its sequence number"
        for source in sources
        if source is not None
    ]


def mix_texts(document: SessionDocument) -> list[str]:
    """One line for each mix of sizes."""
    mixes = dict.fromkeys(result.case.workload.mix for result in document.cases)
    return [f"{mix_text(mix)}: {format_bytes(mix_mean_bytes(mix))} on average" for mix in mixes if mix]
