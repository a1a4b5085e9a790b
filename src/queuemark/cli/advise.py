"""``queuemark advise``: what to choose for a size, consumers, a latency and a rate, by what was measured."""

from __future__ import annotations

__all__ = ["command"]

from collections.abc import Sequence

import rich_click as click
from rich.console import Console

from queuemark.analysis.advise import Wish, advise
from queuemark.brokers.registry import Servers
from queuemark.cli.asked import Asked
from queuemark.cli.prepare import Request
from queuemark.model.errors import UsageError
from queuemark.model.machine import Machine
from queuemark.model.session import SessionDocument
from queuemark.model.transport import Transport
from queuemark.model.units import parse_bytes, parse_count, parse_duration_s
from queuemark.runners.registry import survey
from queuemark.views.advice import advice_table
from queuemark.views.render import FORMATS, rendered, terminal_width

_SESSIONS_HIGH = 20
"""So many of the newest sessions are looked at when none is named."""

_SAME = ("system", "architecture", "cpu_model", "cpus")


@click.command("advise")
@click.option("--size", "-s", metavar="BYTES", default="64", show_default=True, help="Of a message: 64, 4k.")
@click.option("--consumers", "-c", metavar="N", default="1", show_default=True, help="Processes that share them.")
@click.option("--p99", metavar="TIME", help="At most this latency for 99 of 100 messages: 100us.")
@click.option("--rate", metavar="RATE", help="At least so many messages a second: 100k.")
@click.option("--lossless", is_flag=True, help="Only what never loses a message that it took.")
@click.option("--ordered", is_flag=True, help="Only what keeps the order.")
@click.option("--across-hosts", is_flag=True, help="Only what reaches another machine.")
@click.option(
    "--session",
    "sessions",
    metavar="SESSION",
    multiple=True,
    help=f"What to look at; may be given again.  [default: the newest {_SESSIONS_HIGH} of this machine]",
)
@click.option("--measure", is_flag=True, help="Measures it now: the preset front at this size, or at the rate.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="How to print.")
def command(
    size: str,
    consumers: str,
    p99: str | None,
    rate: str | None,
    lossless: bool,
    ordered: bool,
    across_hosts: bool,
    sessions: tuple[str, ...],
    measure: bool,
    form: str,
) -> None:
    """Which mechanism, policy and parameters meet a wish best, the runner-up and why, by what was measured here."""
    wish = Wish(
        size_bytes=parse_bytes(size),
        consumers=parse_count(consumers, "consumers"),
        p99_ns=round(parse_duration_s(p99, "p99") * 1e9) if p99 is not None else None,
        rate_per_s=float(parse_count(rate, "rate")) if rate is not None else None,
        lossless=lossless,
        ordered=ordered,
        across_hosts=across_hosts,
    )
    if measure and sessions:
        raise UsageError("--measure looks at what it measures; leave --session out")
    known = Servers().surveyed(survey()).transports()
    documents = [_measured(wish, known)] if measure else _stored(sessions)
    facts = {name: transport.facts for name, transport in known.items()}
    table = advice_table(advise(wish, documents, facts))
    click.echo(rendered([table], form, terminal_width()), nl=False)


def _stored(names: Sequence[str]) -> list[SessionDocument]:
    from queuemark.analysis.estimates import with_estimates
    from queuemark.store import load

    if names:
        return [with_estimates(load(name)) for name in names]
    documents = _newest()
    here = documents[0].session.machine if documents else None
    return [with_estimates(document) for document in documents if here and _alike(document.session.machine, here)]


def _newest() -> list[SessionDocument]:
    """Raises: UsageError when nothing is stored."""
    from queuemark.store import Store, data_directory
    from queuemark.store.directory import existing_database

    if existing_database() is None:
        raise UsageError(
            f"no session is stored in {data_directory()} yet; measure now with: queuemark advise ... --measure"
        )
    with Store.open_to_read() as store:
        return [store.document(summary.id) for summary in store.sessions()[:_SESSIONS_HIGH]]


def _alike(one: Machine, other: Machine) -> bool:
    return all(getattr(one, fact) == getattr(other, fact) for fact in _SAME)


def _measured(wish: Wish, known: dict[str, Transport]) -> SessionDocument:
    """A session of the preset front, narrowed to what could meet the wish."""
    from queuemark.cli.measured import measured

    names = [name for name, transport in known.items() if transport.available and _could(wish, transport)]
    if not names:
        raise UsageError("no transport that is available here promises all that; see: queuemark list")
    rates = f"{wish.rate_per_s:.0f}" if wish.rate_per_s is not None else None
    asked = Asked(transports=",".join(names), sizes=str(wish.size_bytes), consumers=str(wish.consumers), rates=rates)
    words = ["front", "-t", ",".join(names), "-s", str(wish.size_bytes), "-c", str(wish.consumers)]
    words += ["--rate", rates] if rates is not None else []
    return measured(Request(name="front", asked=asked), words, Console(stderr=True))


def _could(wish: Wish, transport: Transport) -> bool:
    facts = transport.facts
    return (
        (facts.lossless or not wish.lossless)
        and (facts.ordered or not wish.ordered)
        and (facts.crosses_hosts or not wish.across_hosts)
    )
