"""``queuemark conform``: does a runner, or a transport of one, keep the contract; if not, what it breaks, in words."""

from __future__ import annotations

__all__ = ["command"]

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec
import rich_click as click

from queuemark.brokers.kept import Kept
from queuemark.brokers.registry import Servers, read_servers
from queuemark.cli.interrupts import asking_to_stop
from queuemark.cli.output import STDOUT, check_writable, write_json
from queuemark.conform.check import Finding
from queuemark.model.errors import Interrupted, NothingAvailable, NotProved, UsageError, nearest
from queuemark.model.transport import Listing
from queuemark.runners.registry import Offer, Survey, Trouble, ask, survey
from queuemark.runners.stop import Stop

_SERVER = "A broker that runs: nats://USER:PASSWORD@HOST:4222.  [default: one is started]"


@click.command("conform")
@click.argument("what", nargs=-1, required=True, metavar="RUNNER|NAME...")
@click.option("-t", "--transports", "chosen", metavar="NAMES", help="Of the runner only these; else all.")
@click.option("--brief", is_flag=True, help="Only the few checks that say most, in seconds.")
@click.option("--server", "servers", multiple=True, metavar="ADDRESS", help=_SERVER)
@click.option("--json", "json_target", metavar="FILE|-", help="Write what was found as JSON; - is stdout.")
def command(
    what: tuple[str, ...], chosen: str | None, brief: bool, servers: tuple[str, ...], json_target: str | None
) -> None:
    """Try every promise of the runner contract, and say in words what is broken.

    RUNNER is the path of an executable, NAME a transport that queuemark list shows. Each promise is tried with a few
    trials, faults are made on purpose, and processes are killed. Exit code 4 when a promise is broken.
    """
    if json_target is not None:
        check_writable(json_target)
    named = Servers(read_servers(servers))
    found = Survey(offers=[offer for word in what for offer in _offers(word)], troubles=[])
    offers = named.surveyed(found).offers
    if chosen is not None:
        offers = _among(offers, chosen)
    findings = _tried(offers, named, brief, told=json_target != STDOUT)
    if json_target is not None:
        write_json(json_target, msgspec.json.encode(findings) + b"\n")
    broken = [finding for finding in findings if finding.state == "broken"]
    if broken:
        names = ", ".join(dict.fromkeys(finding.transport for finding in broken))
        raise NotProved(f"{len(broken)} of {len(findings)} promises are broken: {names}; the lines above say how")


def _offers(word: str) -> list[Offer]:
    """Those of an executable, or those of that name.

    Raises: UsageError, NothingAvailable.
    """
    if "/" in word or Path(word).is_file():
        _check_runner(Path(word))
        runner = (str(Path(word).absolute()),)
        listing = ask(runner)
        if isinstance(listing, Trouble):
            raise NothingAvailable(f"runner {word}: {listing.reason}; it has to print a listing on 'list'")
        return _of_listing(listing, runner)
    offers = survey().offers
    named = [offer for offer in offers if offer.transport.name == word]
    if not named:
        known = [offer.transport.name for offer in offers]
        raise UsageError(f"{word!r} is neither the path of a runner nor a transport; {nearest(word, known)}")
    return named


def _check_runner(path: Path) -> None:
    """Raises: UsageError for what cannot be an executable."""
    if not path.exists():
        raise UsageError(f"there is no runner {path}; name an executable, or a transport that queuemark list shows")
    if path.is_dir():
        raise UsageError(f"{path} is a directory; name the executable in it")
    if not os.access(path, os.X_OK):
        raise UsageError(f"{path} is not executable; try: chmod +x {path}")


def _of_listing(listing: Listing, runner: tuple[str, ...]) -> list[Offer]:
    if not listing.transports:
        raise NothingAvailable(f"runner {runner[0]} lists no transport; there is nothing to try")
    return [Offer(transport=transport, command=runner) for transport in listing.transports]


def _among(offers: list[Offer], chosen: str) -> list[Offer]:
    names = [offer.transport.name for offer in offers]
    wanted = [name.strip() for name in chosen.split(",")]
    for name in wanted:
        if name not in names:
            raise UsageError(f"the runner has no transport {name!r}; {nearest(name, names)}")
    return [offer for offer in offers if offer.transport.name in wanted]


def _tried(offers: Iterable[Offer], servers: Servers, brief: bool, *, told: bool) -> list[Finding]:
    """Told of while they are found; a transport that is unavailable is no broken promise."""
    from queuemark.conform import suite

    found: list[Finding] = []
    with Stop() as stop, asking_to_stop(stop), Kept(servers) as kept:
        for offer in offers:
            transport = offer.transport
            _say(f"{transport.name} ({transport.runtime})", told)
            if not transport.available:
                _say(f"  not available: {transport.reason}; {transport.remedy}", told)
                continue
            try:
                for finding in suite.findings(offer, stop, kept, brief=brief):
                    found.append(finding)
                    _say(_line(finding), told)
            except KeyboardInterrupt as error:
                raise Interrupted("interrupted: not every promise was tried") from error
    if not found:
        raise NothingAvailable("nothing of it is available here, so nothing was tried; the lines above say why")
    held = sum(finding.state == "kept" for finding in found)
    _say(f"{held} of {len(found)} promises kept, {_of_no_concern(found)} of no concern here", told)
    return found


def _of_no_concern(found: list[Finding]) -> int:
    return sum(finding.state == "not here" for finding in found)


def _line(finding: Finding) -> str:
    words = f"\n           {finding.words}" if finding.words else ""
    return f"  {finding.state:<8} {finding.promise}{words}"


def _say(line: str, told: bool) -> None:
    from queuemark.views.render import printable

    if told:
        click.echo("\n".join(map(printable, line.split("\n"))))
