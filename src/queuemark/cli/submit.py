"""``queuemark submit``: a session to a site, after showing what will be sent; what cannot be sent now waits."""

from __future__ import annotations

__all__ = ["command"]

import sys
from typing import TYPE_CHECKING

import msgspec
import rich_click as click

from queuemark.cli.output import STDOUT, write_json
from queuemark.model.details import Details
from queuemark.model.errors import QueuemarkError, UsageError
from queuemark.model.session import SessionDocument, encode_session
from queuemark.views.numbers import counted
from queuemark.views.render import printable

if TYPE_CHECKING:
    from queuemark.outbox.parcel import Outbox, Parcel, Receipt

_ADDED = "What you add; nothing of it is sent otherwise"
_WAITING = "What waits, and what was sent"


@click.command("submit")
@click.argument("session", required=False)
@click.option("--to", "site", metavar="URL", help="The site: https://example.org.")
@click.option("--yes", is_flag=True, help="Sends without asking; needed where nobody can be asked.")
@click.option("--show", is_flag=True, help="Prints the whole JSON that would be sent; sends nothing.")
@click.option("--host-label", metavar="TEXT", default="", panel=_ADDED, help="What the machine shall be called.")
@click.option("--processor", metavar="TEXT", default="", panel=_ADDED, help="Where what was measured does not tell.")
@click.option("--cores", metavar="N", type=int, panel=_ADDED, help="Where what was measured does not tell.")
@click.option("--notes", metavar="TEXT", default="", panel=_ADDED, help="Whatever readers should know.")
@click.option("--spooled", is_flag=True, panel=_WAITING, help="Sends all sessions that wait, each with several tries.")
@click.option("--receipts", is_flag=True, panel=_WAITING, help="What was sent where, with the private links.")
def command(
    session: str | None,
    site: str | None,
    yes: bool,
    show: bool,
    host_label: str,
    processor: str,
    cores: int | None,
    notes: str,
    spooled: bool,
    receipts: bool,
) -> None:
    """Send a session to a site, where everybody can see it: by id, by the first digits of it, by `last`, or a file.

    No host name, user name or path is sent. The site answers with a link to the session and a private one, by which
    you can add to it or withdraw it. When the site is away, the session waits: queuemark submit --spooled.
    """
    from queuemark.outbox.parcel import Outbox
    from queuemark.store import data_directory

    said = {"host_label": host_label, "processor": processor, "cores": cores, "notes": notes}
    asked = {"--to": site, "SESSION": session, "--show": show, **{f"--{name}": each for name, each in said.items()}}
    if spooled or receipts:
        _alone("--spooled" if spooled else "--receipts", {**asked, "--receipts": spooled and receipts})
    outbox = Outbox(data_directory())
    if receipts:
        _print_receipts(outbox)
    elif spooled:
        _send_waiting(outbox)
    else:
        _submit(outbox, session or "last", site, _details(said), yes=yes, show=show)


def _alone(option: str, others: dict[str, object]) -> None:
    """Raises: UsageError when something is asked for that the option has no use for."""
    given = [name for name, value in others.items() if value not in (None, "", False)]
    if given:
        raise UsageError(f"{option} is about all that was submitted; leave {', '.join(given)} out")


def _details(said: dict[str, str | int | None]) -> Details:
    try:
        return msgspec.convert(said, Details)
    except msgspec.ValidationError as error:
        raise UsageError(f"what you add cannot be sent: {error}") from error


def _submit(outbox: Outbox, name: str, site: str | None, details: Details, *, yes: bool, show: bool) -> None:
    from queuemark.outbox.anonymous import anonymous, names_here
    from queuemark.outbox.post import site_address
    from queuemark.store import load

    address = site_address(site) if site is not None else None
    held = anonymous(load(name), names_here())
    if show:
        write_json(STDOUT, encode_session(held.document))
        return
    if address is None:
        raise UsageError("submit needs a site: --to https://example.org; --show prints what would be sent")
    if held.document.session.state == "running":
        raise UsageError(f"session {held.document.session.id[:8]} is still being measured; submit it when it has ended")
    _print_summary(held.document, held.removed, details, address)
    _agree(yes, address)
    _hand_over(outbox, outbox.add(held.document, address, details))


def _print_summary(document: SessionDocument, removed: dict[str, int], details: Details, address: str) -> None:
    from queuemark.views.submission import submission_lines

    for line in submission_lines(document, removed, details, address):
        click.echo(printable(line))


def _agree(yes: bool, address: str) -> None:
    """Raises: UsageError when nobody can be asked; click.Abort when the person would rather not."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("nothing was sent: nobody can be asked here; --yes sends without asking")
    click.confirm(f"Send this to {address}, where everybody can see it?", abort=True)


def _hand_over(outbox: Outbox, parcel: Parcel) -> None:
    """Raises: Unreachable, the session waits; Refused, it does not."""
    from queuemark.outbox.post import Unreachable
    from queuemark.outbox.send import send

    try:
        _print_receipt(send(outbox, parcel))
    except Unreachable as error:
        raise Unreachable(f"{error}; the session waits, send it with: queuemark submit --spooled") from error


def _send_waiting(outbox: Outbox) -> None:
    """Every session that waits is tried, whatever becomes of the others.

    Raises: QueuemarkError, after a line for each that was not sent.
    """
    from queuemark.outbox.send import TRIES, send

    waiting = outbox.waiting()
    failed = 0
    for parcel in waiting:
        try:
            _print_receipt(send(outbox, parcel, TRIES))
        except QueuemarkError as error:
            failed += 1
            click.echo(f"queuemark: session {parcel.label.session[:8]}: {error}", err=True)
    if failed:
        were = "was" if failed == 1 else "were"
        raise QueuemarkError(f"{failed} of {counted(len(waiting), 'session')} {were} not sent, see above")
    if not waiting:
        click.echo("no session waits to be sent")


def _print_receipts(outbox: Outbox) -> None:
    held = outbox.receipts()
    for receipt in held:
        click.echo(f"{receipt.sent_at[:16].replace('T', ' ')}  session {receipt.session[:8]} to {receipt.site}")
        _print_links(receipt)
    if not held:
        click.echo("nothing was submitted from here yet; send the last session: queuemark submit --to https://...")


def _print_receipt(receipt: Receipt) -> None:
    click.echo(f"session {receipt.session[:8]} is at {receipt.site}")
    _print_links(receipt)


def _print_links(receipt: Receipt) -> None:
    click.echo(f"  for everybody: {printable(receipt.view)}")
    if receipt.edit is not None:
        click.echo(f"  for you alone, to add to it or to withdraw it: {printable(receipt.edit)}")
