"""``queuemark limits``: what a wire allows, computed from whole frames; nothing is measured or sent."""

from __future__ import annotations

__all__ = ["command"]

import shlex

import rich_click as click

from queuemark.analysis.wire import Link
from queuemark.model.units import parse_bytes, parse_count
from queuemark.views.render import FORMATS, rendered, terminal_width
from queuemark.views.wire import TRANSPORTS, wire_table


@click.command("limits")
@click.option("--link", required=True, metavar="RATE", help="Of the link, in bits per second: 100M, 1G, 400G.")
@click.option("--mtu", default="1500", show_default=True, metavar="BYTES", help="Largest packet of one frame: 9000.")
@click.option("--size", default="16", show_default=True, metavar="BYTES", help="Of a message: 64, 1k.")
@click.option(
    "--per-packet", metavar="N", help="Messages in each datagram, or write to TCP; else one, and as many as fit."
)
@click.option("--transport", type=click.Choice(TRANSPORTS), help="Only this one; else both, and frames of any kind.")
@click.option("--vlan", is_flag=True, help="Frames have a VLAN tag.")
@click.option("--wide", is_flag=True, help="Every column, as wide as it takes.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="How to print.")
def command(
    link: str, mtu: str, size: str, per_packet: str | None, transport: str | None, vlan: bool, wide: bool, form: str
) -> None:
    """What a wire allows: frames and messages per second, and the time that one core has for each.

    Frames are counted whole: Ethernet with preamble and gap, IPv4, UDP or TCP with timestamps.
    """
    wire = Link(bits_per_s=parse_count(link, "link"), mtu_bytes=parse_bytes(mtu, "mtu"), vlan=vlan)
    table = wire_table(
        wire,
        parse_bytes(size),
        per_packet=None if per_packet is None else parse_count(per_packet, "messages per packet"),
        transport=transport,
        command=_again(link, mtu, size, per_packet, transport, vlan),
    )
    click.echo(rendered([table], form, None if wide else terminal_width()), nl=False)


def _again(link: str, mtu: str, size: str, per_packet: str | None, transport: str | None, vlan: bool) -> str:
    words = ["queuemark", "limits", "--link", link, "--mtu", mtu, "--size", size]
    words += ["--per-packet", per_packet] if per_packet is not None else []
    words += ["--transport", transport] if transport is not None else []
    return shlex.join([*words, "--vlan"] if vlan else words)
