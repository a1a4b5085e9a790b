"""``queuemark list``: what can be measured here, or why not and what to do about it."""

from __future__ import annotations

__all__ = ["command", "outlived", "overview"]

import msgspec
import rich_click as click
from rich.console import Console
from rich.table import Table

from queuemark.brokers.registry import Servers
from queuemark.cli.output import check_writable, write_json
from queuemark.model.errors import NothingAvailable, UsageError, nearest
from queuemark.model.transport import Facts, Param, Transport
from queuemark.model.units import format_bytes
from queuemark.runners.registry import Survey, survey
from queuemark.views import table as views
from queuemark.views.render import terminal_width, text
from queuemark.views.table import KEEP


@click.command("list")
@click.argument("name", required=False)
@click.option("--json", "json_target", metavar="FILE|-", help="Write the list as JSON; - is stdout.")
def command(name: str | None, json_target: str | None) -> None:
    """Transports and runners: available, or why not. With NAME: facts and parameters of one transport."""
    if json_target is not None:
        check_writable(json_target)
    found = Servers().surveyed(survey())
    transports = _chosen(found, name)
    if json_target is not None:
        write_json(json_target, msgspec.json.encode(transports) + b"\n")
    for trouble in found.troubles:
        click.echo(f"queuemark: {trouble}", err=True)
    if not found.offers:
        raise NothingAvailable("no runner offers any transport; see the line above for what to do")
    if json_target is None and name is None:
        click.echo(text(overview(transports), terminal_width()), nl=False)
        for transport in transports:
            if not transport.available:
                click.echo(f"{transport.name} ({transport.runtime}) is not available: {_why_not(transport)}")
    elif json_target is None:
        for transport in transports:
            _describe(Console(), transport)


def _chosen(found: Survey, name: str | None) -> list[Transport]:
    """All, or those of one name: one for each runtime that offers it."""
    transports = [offer.transport for offer in found.by_runtime().values()]
    if name is None or not transports:
        return transports
    named = [transport for transport in transports if transport.name == name]
    if not named:
        raise UsageError(f"unknown transport {name!r}; {nearest(name, [t.name for t in transports])}")
    return named


def overview(transports: list[Transport]) -> views.Table:
    """One row a transport; policies and dispatches give way first, for one transport alone they are always told."""
    return views.Table(
        title="What can be measured here?",
        columns=list(_COLUMNS),
        rows=[_row(transport) for transport in transports],
        below=["one in full: queuemark list NAME"],
        more="queuemark list NAME shows all",
    )


def _row(transport: Transport) -> list[views.Cell]:
    facts = transport.facts
    return [
        transport.name,
        transport.runtime,
        "yes" if transport.available else "no",
        ", ".join(facts.dispatches),
        ", ".join(facts.policies),
        format_bytes(facts.max_size_bytes),
        transport.summary,
    ]


def _words(name: str, head: str, rank: int = KEEP, wrap_low: int | None = None) -> views.Column:
    return views.Column(name=name, head=head, align="left", rank=rank, wrap_low=wrap_low)


_COLUMNS = (
    _words("name", "name"),
    _words("runtime", "runtime", 1),
    _words("available", "available"),
    _words("dispatches", "dispatch", 3),
    _words("policies", "policies", 4),
    _words("max_size_bytes", "largest\nmessage", 2),
    _words("summary", "what it is", wrap_low=32),
)


def _why_not(transport: Transport) -> str:
    remedy = f"; {transport.remedy}" if transport.remedy else ""
    return f"{transport.reason or 'its runner gives no reason'}{remedy}"


def _describe(console: Console, transport: Transport) -> None:
    facts = transport.facts
    kind = ["lossless" if facts.lossless else "lossy", "ordered" if facts.ordered else "unordered"]
    if facts.redelivers:
        kind.append("at least once")
    kind.append("keeps boundaries" if facts.boundaries else "a byte stream")
    console.print(f"{transport.name} ({transport.runtime}): {transport.summary}", highlight=False, markup=False)
    lines = {
        "available": "yes" if transport.available else f"no: {_why_not(transport)}",
        "delivery": ", ".join(kind),
        "copies": f"{facts.copies} of each byte between the two buffers",
        "pattern": ", ".join(facts.patterns),
        "dispatch": ", ".join(facts.dispatches),
        "policy": ", ".join(facts.policies),
        "ack": ", ".join(facts.acks),
        "wait": ", ".join(facts.waits),
        "largest message": format_bytes(facts.max_size_bytes),
        "across hosts": "yes" if facts.crosses_hosts else "no",
    }
    if facts.broker is not None:
        lines["broker"] = facts.broker
    if facts.durability:
        lines["outlives"] = outlived(facts)
    if facts.whole_bytes is not None:
        lines["whole up to"] = f"{format_bytes(facts.whole_bytes)} a call with several consumers"
    for name, told in lines.items():
        console.print(f"  {name:<16} {told}", highlight=False, markup=False, soft_wrap=True)
    if transport.params:
        console.print(_parameters(transport.params))


def outlived(facts: Facts) -> str:
    """What becomes of accepted messages that were not delivered, in words."""
    words = {"nothing": "nothing", "server": "the server's end", "machine": "the machine's end"}
    *others, last = (words[each] for each in facts.durability)
    return f"{', '.join(others)} or {last}, as its parameters say" if others else last


def _parameters(params: list[Param]) -> Table:
    table = Table(title="Parameters (-P name=value)", title_justify="left", box=None, pad_edge=False)
    for column in ("name", "unit", "default", "range", "what it does"):
        table.add_column(column, overflow="fold")
    for param in params:
        table.add_row(param.name, param.unit, str(param.default), param.range_text(), param.help)
    return table
