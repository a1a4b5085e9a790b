"""``queuemark limits``: what a wire allows, computed from whole frames; nothing is measured or sent."""

from __future__ import annotations

__all__ = ["command"]

import shlex
from collections.abc import Iterator

import rich_click as click

from queuemark.analysis.costs import MessageCost, message_costs
from queuemark.model.errors import UsageError
from queuemark.model.link import Link, check_link
from queuemark.model.session import SessionDocument
from queuemark.model.units import parse_bytes, parse_count
from queuemark.views.render import FORMATS, rendered, terminal_width
from queuemark.views.wire import TRANSPORTS, wire_tables

_SESSIONS_READ = 20
"""The newest ones: what was measured long ago with other versions says less."""


@click.command("limits")
@click.option("--link", metavar="RATE", help="Of the link, in bits per second: 100M, 1G, 400G.")
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
    mtu: str,
    size: str,
    per_packet: str | None,
    transport: str | None,
    vlan: bool,
    ipv6: bool,
    wide: bool,
    form: str,
) -> None:
    """What a wire allows: frames and messages per second, and the time that one core has for each.

    Frames are counted whole: Ethernet with preamble and gap, IP, UDP or TCP with timestamps. Below stands how many
    cores that would keep busy, from what a message cost in the sessions that were measured on this machine.
    """
    if link is None:
        raise UsageError("limits needs a link; write for example --link 100M")
    wire = Link(bits_per_s=parse_count(link, "link"), mtu_bytes=parse_bytes(mtu, "mtu"), vlan=vlan, ip=6 if ipv6 else 4)
    size_bytes = parse_bytes(size)
    tables = wire_tables(
        check_link(wire),
        size_bytes,
        per_packet=None if per_packet is None else parse_count(per_packet, "messages per packet"),
        transport=transport,
        costs=_costs(size_bytes),
        command=_again(ctx),
    )
    click.echo(rendered(tables, form, None if wide else terminal_width()), nl=False)


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
        if value is None or value is False or param.name in ("wide", "form"):
            continue
        words += [param.opts[-1]] if value is True else [param.opts[-1], value]
    return shlex.join(words)
