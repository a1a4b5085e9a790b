"""``python -m queuemark.runners.python list | trial TRANSPORT [OPTION...]``: see docs/reference/runner-contract.md.

Standard output is for the listing and the events alone: what somebody else's transport prints, here or in its roles,
goes to standard error.
"""

from __future__ import annotations

__all__ = ["main"]

import os
import sys
from collections.abc import Callable, Sequence
from functools import partial

import msgspec

from queuemark import __version__
from queuemark.model.errors import UsageError
from queuemark.model.events import CONTRACT, Event, Result
from queuemark.model.transport import Listing
from queuemark.runners.python.catalogue import Catalogue
from queuemark.runners.python.options import Options, read_options
from queuemark.runners.python.transport import RUNTIME, Unavailable

_HELP = """\
queuemark.runners.python: performs one trial of one of Python's mechanisms

  python -m queuemark.runners.python list                         what there is, as one line of JSON
  python -m queuemark.runners.python trial TRANSPORT [OPTION...]  one trial; JSON events, one a line

Options and exit codes are those of the runner contract."""

Say = Callable[[Event | Listing], None]

_OK, _INTERNAL, _USAGE, _UNAVAILABLE, _INTERRUPTED = 0, 1, 2, 3, 130
_STDOUT, _STDERR = 1, 2


def main(words: Sequence[str]) -> int:
    """Runs a verb; its exit code."""
    verb = words[0] if words else "--help"
    try:
        if verb in ("--help", "-h", "help"):
            print(_HELP)
        elif verb == "--version":
            print(f"queuemark.runners.python {__version__}")
        elif verb == "list" and len(words) == 1:
            _list(_own_output())
        elif verb == "trial":
            return _trial(words[1:], _own_output())
        else:
            raise UsageError(f"unknown verb {' '.join(words)!r}; see --help")
    except UsageError as error:
        return _complain(str(error), _USAGE)
    return _OK


def _own_output() -> Say:
    """Writes to what was standard output until now."""
    own = os.dup(_STDOUT)
    os.dup2(_STDERR, _STDOUT)
    return partial(_write, own)


def _list(say: Say) -> None:
    described = Catalogue().describe_all()
    say(Listing(contract=CONTRACT, runtime=RUNTIME, version=__version__, transports=described))


def _trial(words: Sequence[str], say: Say) -> int:
    catalogue = Catalogue()
    named = [name for name in words[:1] if name in catalogue] or catalogue.names()
    transports = {name: catalogue.describe(name) for name in named}
    options = read_options(words, transports)
    transport = transports[options.transport]
    if options.parent_pid is not None:
        _follow(options.parent_pid)
    if not transport.available:
        return _unperformed(options, say, "unavailable", transport.reason or "", transport.remedy)
    return _performed(options, catalogue, say)


def _performed(options: Options, catalogue: Catalogue, say: Say) -> int:
    # What performs a trial takes its time to import, and a list has no use for it.
    from queuemark.runners.python.trial import EXIT_CODES, Interrupted, perform

    try:
        result = perform(options, catalogue.load(options.transport), say)
    except Interrupted as interrupted:
        say(interrupted.result)
        return _INTERRUPTED
    except Unavailable as error:
        return _unperformed(options, say, "unavailable", str(error), error.remedy)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _unperformed(options, say, "failed", f"{where}{error.strerror or error}", None)
    say(result)
    return EXIT_CODES[result.state]


def _follow(parent_pid: int) -> None:
    """Dies with the caller, who may have died before the call."""
    import ctypes
    import signal

    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
    if os.getppid() != parent_pid:
        os._exit(_INTERRUPTED)


def _unperformed(options: Options, say: Say, state: str, reason: str, remedy: str | None) -> int:
    text = reason.encode("utf-8", "replace").decode()
    result = Result(contract=CONTRACT, run_id=options.run_id, state=state, reason=text, remedy=remedy)  # type: ignore[arg-type]
    result.seed = options.seed
    say(result)
    return _complain(text + (f"; {remedy}" if remedy else ""), _UNAVAILABLE if state == "unavailable" else _INTERNAL)


def _write(descriptor: int, said: Event | Listing) -> None:
    """One line, at once: an event that waits in a buffer is none."""
    line = msgspec.json.encode(said) + b"\n"
    while line:
        line = line[os.write(descriptor, line) :]


def _complain(text: str, code: int) -> int:
    print(f"queuemark.runners.python: {' '.join(text.split())}".encode("utf-8", "replace").decode(), file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
