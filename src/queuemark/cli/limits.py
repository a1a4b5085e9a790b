"""``queuemark limits``: what this machine allows, by probes; with --link what a wire allows, by arithmetic alone."""

from __future__ import annotations

__all__ = ["command"]

import shlex
from collections.abc import Iterator

import msgspec
import rich_click as click
from click.core import ParameterSource

from queuemark.analysis.costs import MessageCost, message_costs
from queuemark.cli.output import STDOUT, check_writable, write_json
from queuemark.model.errors import Interrupted, NothingAvailable, UsageError
from queuemark.model.link import Link, check_link
from queuemark.model.probe import Probe
from queuemark.model.session import SessionDocument
from queuemark.model.units import parse_bytes, parse_count
from queuemark.views.render import FORMATS, rendered, terminal_width
from queuemark.views.table import Table
from queuemark.views.wire import TRANSPORTS, wire_tables

_SESSIONS_READ = 20
"""The newest ones: what was measured long ago with other versions says less."""


@click.command("limits")
@click.option("--link", metavar="RATE", help="Of a link, in bits per second: 100M, 1G, 400G; else this machine.")
@click.option("--quick", is_flag=True, help="Of this machine: only what a session measures before and after, in 2 s.")
@click.option("--json", "json_target", metavar="FILE|-", help="Of this machine: the figures as JSON; -: stdout.")
@click.option("--mtu", default="1500", show_default=True, metavar="BYTES", help="Largest packet of one frame: 9000.")
@click.option("--size", default="16", show_default=True, metavar="BYTES", help="Of a message: 64, 1k.")
@click.option(
    "--per-packet", metavar="N", help="Messages in each datagram, or write to TCP; else one, and as many as fit."
)
@click.option("--transport", type=click.Choice(TRANSPORTS), help="Only this one; else both, and frames of any kind.")
@click.option("--vlan", is_flag=True, help="Frames have a VLAN tag.")
@click.option("--ipv6", is_flag=True, help="Packets are of IPv6; else of IPv4.")
@click.option("--wide", is_flag=True, help="Every column, as wide as it takes.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="How to print.")
@click.pass_context
def command(
    ctx: click.Context,
    link: str | None,
    quick: bool,
    json_target: str | None,
    mtu: str,
    size: str,
    per_packet: str | None,
    transport: str | None,
    vlan: bool,
    ipv6: bool,
    wide: bool,
    form: str,
) -> None:
    """What this machine allows: what a call, a copy, a wake-up and a message's way through the kernel cost here.

    With --link, what a wire allows: frames and messages per second, and the time that one core has for each. Frames
    are counted whole: Ethernet with preamble and gap, IP, UDP or TCP with timestamps. Below stands how many cores that
    would keep busy, from what a message cost in the sessions that were measured on this machine.
    """
    if link is None:
        _only_machine(ctx)
        tables = _machine_tables(quick, json_target)
    elif quick or json_target is not None:
        raise UsageError("--quick and --json are of this machine, --link is of a wire; leave one of them out")
    else:
        wire = Link(
            bits_per_s=parse_count(link, "link"), mtu_bytes=parse_bytes(mtu, "mtu"), vlan=vlan, ip=6 if ipv6 else 4
        )
        size_bytes = parse_bytes(size)
        tables = wire_tables(
            check_link(wire),
            size_bytes,
            per_packet=None if per_packet is None else parse_count(per_packet, "messages per packet"),
            transport=transport,
            costs=_costs(size_bytes),
            command=_again(ctx),
        )
    if json_target != STDOUT:
        click.echo(rendered(tables, form, None if wide else terminal_width()), nl=False)


def _only_machine(ctx: click.Context) -> None:
    """Raises: UsageError for an option that says something of a wire."""
    for param in ctx.command.params:
        given = ctx.get_parameter_source(param.name or "") is ParameterSource.COMMANDLINE
        if given and param.name not in ("quick", "json_target", "wide", "form"):
            raise UsageError(f"{param.opts[-1]} is of a wire; write for example --link 100M, or leave it out")


def _machine_tables(quick: bool, json_target: str | None) -> list[Table]:
    """The machine is probed while nothing else measures.

    Raises: NothingAvailable when no runner has probes; Interrupted.
    """
    from queuemark.cli.lock import alone
    from queuemark.measure.machine import read_machine
    from queuemark.store import data_directory
    from queuemark.views.machine_limits import machine_tables

    if json_target is not None:
        check_writable(json_target)
    with alone(data_directory()):
        probes = _probed(quick)
    if json_target is not None:
        write_json(json_target, msgspec.json.encode(probes) + b"\n")
    return machine_tables(probes, read_machine(), f"queuemark limits{' --quick' if quick else ''}")


def _probed(quick: bool) -> list[Probe]:
    """What the first runner that has probes says."""
    from queuemark.cli.interrupts import asking_to_stop
    from queuemark.runners.probe import probe
    from queuemark.runners.registry import survey
    from queuemark.runners.stop import Stop

    commands = dict.fromkeys(offer.command for offer in survey().offers)
    with Stop() as stop, asking_to_stop(stop):
        said = (probe(command, stop=stop, quick=quick) for command in commands)
        probes = next((figures for figures in said if figures), [])
        if stop.asked:
            raise Interrupted("interrupted: the probes were not finished, and nothing of them is kept")
    if not probes:
        raise NothingAvailable("no runner here has probes that work; see: queuemark list, queuemark-runner probe")
    return probes


def _costs(size_bytes: int) -> list[MessageCost]:
    from queuemark.store.directory import existing_database

    return message_costs(_measured_here(), size_bytes) if existing_database() is not None else []


def _measured_here() -> Iterator[SessionDocument]:
    """What this machine measured lately, the newest first."""
    from queuemark.measure.machine import read_machine
    from queuemark.model.machine import same_machine
    from queuemark.store import Store

    here = read_machine()
    with Store.open_to_read() as store:
        for summary in store.sessions()[:_SESSIONS_READ]:
            document = store.document(summary.id)
            if same_machine(document.session.machine, here):
                yield document


def _again(ctx: click.Context) -> str:
    """What was typed, but for how it was printed."""
    words = ["queuemark", "limits"]
    for param in ctx.command.params:
        value = ctx.params[param.name or ""]
        if value is None or value is False or param.name in ("wide", "form", "json_target"):
            continue
        words += [param.opts[-1]] if value is True else [param.opts[-1], value]
    return shlex.join(words)
