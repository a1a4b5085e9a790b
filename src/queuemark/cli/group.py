"""The group of commands, and what every one of them shares.

1. A command's module is imported when the command is called; help of the whole needs none of them.
2. An error is one line on stderr, ``queuemark: what, where, what to do``, and an exit code (model/errors.py).
3. QUEUEMARK_DEBUG=1 shows where an error came from.
"""

from __future__ import annotations

__all__ = ["COMMANDS", "FIRST_STEPS", "queuemark", "run"]

import errno
import os
import sys
from importlib import import_module

import rich_click as click

from queuemark import __version__
from queuemark.cli.output import discard, discard_stdout, unwritten_text
from queuemark.model.errors import QueuemarkError, UsageError, nearest

_OF_STREAMS = (errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)
"""What writing to a standard stream is answered; every file of ours that refuses is named where it is written."""

COMMANDS = {
    "run": "Measure: push messages through transports, prove delivery, keep every trial.",
    "list": "Transports and runners: available, or why not.",
    "claims": "The old argument about two million messages a second, claim by claim, measured here.",
    "show": "Results of a stored session.",
    "compare": "Is one session faster than another, case by case, and how sure is that.",
    "advise": "What to choose for a size, consumers, a latency and a rate, by what was measured here.",
    "report": "Sessions as a document to read: HTML, Markdown, pictures or CSV.",
    "export": "A stored session as JSON or CSV.",
    "serve": "The record as a web site: sessions stored here, or what everyone submits.",
    "submit": "A session to a site, where everybody can see and compare it.",
    "withdraw": "A session out of a record, for good, by whoever runs the site.",
    "doctor": "What makes results noisy or limited on this machine, and the remedy.",
    "conform": "Does a runner keep the contract; if not, what it breaks.",
    "limits": "What a wire allows: frames and messages per second, and the time for each.",
}

FIRST_STEPS = """\
queuemark measures how fast messages move between processes on this machine, and proves that they arrived.

  queuemark run                                     the quick session, about a minute
  queuemark run -t tcp,pipe -s 1..4096 -c 1,4       your own sweep
  queuemark run --messages FILE                     your own messages
  queuemark claims                                  who was right in an old argument, in two minutes
  queuemark show | report | serve                   the last results again: here, on paper, in a browser
  queuemark compare A B                             whether B is faster than A
  queuemark doctor                                  what makes results noisy here, and the remedy
Every command explains itself: queuemark COMMAND --help"""


class LazyGroup(click.RichGroup):
    """Knows names and one-line helps; imports a command only to run it or to show its own help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        return click.RichCommand(name=cmd_name, help=COMMANDS[cmd_name])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS:
            raise UsageError(f"unknown command {name!r}; {nearest(name, COMMANDS)}")
        command: click.Command = import_module(f"queuemark.cli.{name}").command
        return name, command, args[1:]


@click.group(cls=LazyGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", message="queuemark %(version)s")
@click.pass_context
def queuemark(ctx: click.Context) -> None:
    """A laboratory for message passing: which mechanism moves the most messages, and what bound it."""
    if ctx.invoked_subcommand is None:
        click.echo(FIRST_STEPS)


def run(arguments: list[str] | None = None) -> int:
    """Runs a command; its exit code. Nothing is left in stdout's buffer for the interpreter to trip over."""
    if sys.stdout is None:
        return _say("standard output is closed: there is nowhere to write; > /dev/null drops it", 1)
    code = _run(arguments)
    try:
        sys.stdout.flush()
    except OSError as error:
        code = _unwritten(error)
    return code


def _run(arguments: list[str] | None) -> int:
    try:
        answer = queuemark.main(arguments, prog_name="queuemark", standalone_mode=False)
    except QueuemarkError as error:
        return _say(str(error), error.exit_code, error)
    except click.UsageError as error:
        return _say(_usage(error), UsageError.exit_code, error)
    except click.ClickException as error:
        return _say(error.format_message(), 1, error)
    except (KeyboardInterrupt, click.Abort) as error:
        return _say("interrupted", 130, error)
    except OSError as error:
        if error.filename is None and error.errno in _OF_STREAMS:
            return _unwritten(error)
        where = f" {error.filename}:" if error.filename else ""
        return _say(f"the system refused:{where} {error.strerror or error}", 1, error)
    except Exception as error:  # noqa: BLE001 - the last resort: nobody is helped by a traceback they did not ask for
        kind = type(error).__name__
        return _say(f"internal error: {kind}: {error}; please report it with QUEUEMARK_DEBUG=1 set", 1, error)
    return answer if isinstance(answer, int) else 0


def _usage(error: click.UsageError) -> str:
    """Click's own words, and where to read on."""
    path = error.ctx.command_path if error.ctx else "queuemark"
    return f"{error.format_message().rstrip('.')}; see: {path} --help"


def _unwritten(error: OSError) -> int:
    """What was printed did not get through; a reader that has gone needs no word about it."""
    discard_stdout()
    if isinstance(error, BrokenPipeError):
        return 1
    return _say(f"{unwritten_text(error)}; what is stored is kept, see: queuemark show", 1, error)


def _say(message: str, code: int, error: BaseException | None = None) -> int:
    from queuemark.views.render import printable

    try:
        if error is not None and os.environ.get("QUEUEMARK_DEBUG"):
            sys.excepthook(type(error), error, error.__traceback__)
        print(f"queuemark: {printable(' '.join(message.split()))}", file=sys.stderr, flush=True)
    except OSError:
        # Where complaints go nothing can be written: the code alone is left to tell.
        discard(sys.stderr)
    return code
