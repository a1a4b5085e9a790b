"""``queuemark doctor``: what makes this machine's results noisy or limited, and what to do about it."""

from __future__ import annotations

__all__ = ["command"]

import msgspec
import rich_click as click

from queuemark.cli.output import check_writable, write_json
from queuemark.model.finding import Finding
from queuemark.model.machine import Machine
from queuemark.views.findings import findings_table
from queuemark.views.render import FORMATS, rendered, terminal_width


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """What --json writes: the machine's facts and what they mean for results, the worst first."""

    machine: Machine
    findings: list[Finding]


@click.command("doctor")
@click.argument("session", required=False)
@click.option("--json", "json_target", metavar="FILE|-", help="Write findings and facts as JSON; - is stdout.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="How to print.")
def command(session: str | None, json_target: str | None, form: str) -> None:
    """What makes results noisy or limited: each finding with its effect, and below them the commands that help.

    With SESSION (an id, `last`, a file) what was found when that session began, on its machine.
    """
    if json_target is not None:
        check_writable(json_target)
    diagnosis, when = _now() if session is None else _then(session)
    if json_target is not None:
        write_json(json_target, msgspec.json.encode(diagnosis) + b"\n")
    else:
        table = findings_table(diagnosis.machine, diagnosis.findings, when)
        click.echo(rendered([table], form, terminal_width()), nl=False)


def _now() -> tuple[Diagnosis, str]:
    from queuemark.measure.doctor import diagnose
    from queuemark.measure.machine import read_machine

    machine = read_machine()
    return Diagnosis(machine=machine, findings=diagnose(machine)), "now"


def _then(name: str) -> tuple[Diagnosis, str]:
    from queuemark.store import load

    session = load(name).session
    return Diagnosis(machine=session.machine, findings=session.findings), f"as session {session.id[:12]} began"
