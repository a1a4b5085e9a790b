"""Which runners there are, and what each can do.

1. QUEUEMARK_RUNNER, one or several paths joined as in PATH, replaces the search; else the native runner is looked
   for beside this Python's executables, then on PATH, and that of Python's own mechanisms is run by this interpreter.
2. A runner that is missing or broken is a Trouble with a remedy, never an exception and never silence.
3. Two runners may offer a transport of the same name under two runtimes.
"""

from __future__ import annotations

__all__ = ["NATIVE_NAME", "PYTHON_RUNNER", "VARIABLE", "Offer", "Survey", "Trouble", "ask", "survey"]

import os
import selectors
import shlex
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from queuemark.model.events import CONTRACT
from queuemark.model.transport import Listing, Transport
from queuemark.runners.process import remedy_of_limit

NATIVE_NAME = "queuemark-runner"
VARIABLE = "QUEUEMARK_RUNNER"
LIST_TIMEOUT_S = 10.0

_LISTING_HIGH_BYTES = 4 << 20
"""A transport takes about two thousand."""

_PART_BYTES = 1 << 16

PYTHON_RUNNER = (sys.executable, "-P", "-m", "queuemark.runners.python")
"""-P: what lies in the present directory is not imported."""

_BUILD_REMEDY = f"build it with 'make run' or 'pip install .', or name a runner in {VARIABLE}"


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """A runner that offers nothing: which, why, and what to do."""

    runner: str
    reason: str
    remedy: str

    def __str__(self) -> str:
        return f"runner {self.runner}: {self.reason}; {self.remedy}"


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A transport and the command that performs its trials."""

    transport: Transport
    command: tuple[str, ...]


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was found, in the order in which runners were asked."""

    offers: list[Offer]
    troubles: list[Trouble]

    def transports(self, runtimes: Collection[str] | None = None) -> dict[str, Transport]:
        """By name; of one name with several runtimes, the first available one, else the first.

        The others of that name are there as ``RUNTIME:NAME``. runtimes: only what these offer.
        """
        wanted = [offer.transport for offer in self.offers if runtimes is None or offer.transport.runtime in runtimes]
        found: dict[str, Transport] = {}
        for transport in wanted:
            if transport.name not in found or (transport.available and not found[transport.name].available):
                found[transport.name] = transport
        for transport in wanted:
            if transport.runtime != found[transport.name].runtime:
                found.setdefault(f"{transport.runtime}:{transport.name}", transport)
        return found

    def by_runtime(self) -> dict[tuple[str, str], Offer]:
        """By (transport, runtime), as a case names them; the first runner asked wins."""
        found: dict[tuple[str, str], Offer] = {}
        for offer in self.offers:
            found.setdefault((offer.transport.name, offer.transport.runtime), offer)
        return found


def survey(environment: Mapping[str, str] = os.environ) -> Survey:
    """Asks every runner once, all at the same time."""
    offers: list[Offer] = []
    troubles: list[Trouble] = []
    commands = _commands(environment)
    with ThreadPoolExecutor(max_workers=len(commands)) as asking:
        answers = list(asking.map(ask, commands))
    for command, answer in zip(commands, answers, strict=True):
        if isinstance(answer, Trouble):
            troubles.append(answer)
        else:
            offers += [Offer(transport=transport, command=command) for transport in answer.transports]
    return Survey(offers=offers, troubles=troubles)


def ask(command: tuple[str, ...], timeout_s: float = LIST_TIMEOUT_S) -> Listing | Trouble:
    """What a runner says of itself with ``list``."""
    name = shlex.join(command)
    try:
        exit_code, stdout, stderr = _output((*command, "list"), timeout_s)
    except FileNotFoundError:
        return Trouble(runner=name, reason="there is no such executable", remedy=_remedy(name))
    except OSError as error:
        remedy = remedy_of_limit(error) or _remedy(name)
        return Trouble(runner=name, reason=f"it cannot be started: {error.strerror or error}", remedy=remedy)
    except subprocess.TimeoutExpired:
        reason = f"'{name} list' did not end within {timeout_s:g} s and was killed"
        return Trouble(runner=name, reason=reason, remedy=f"try it in a shell, or name another in {VARIABLE}")
    except _EndlessError:
        reason = f"'{name} list' wrote more than {_LISTING_HIGH_BYTES} bytes and was killed"
        return Trouble(runner=name, reason=reason, remedy=f"try it in a shell, or name another in {VARIABLE}")
    if exit_code != 0:
        said = f": {stderr.splitlines()[-1][:200]}" if stderr else ""
        return Trouble(runner=name, reason=f"'{name} list' ended with {exit_code}{said}", remedy=_remedy(name))
    return _listing(name, stdout)


def _commands(environment: Mapping[str, str]) -> list[tuple[str, ...]]:
    named = [path for path in environment.get(VARIABLE, "").split(os.pathsep) if path]
    if named:
        # A bare name is looked up; a path is made absolute, since a runner may be asked from elsewhere later.
        return [(shutil.which(path) or str(Path(path).absolute()),) for path in named]
    beside = Path(sysconfig.get_path("scripts")) / NATIVE_NAME
    native = beside if beside.exists() else shutil.which(NATIVE_NAME, path=environment.get("PATH")) or beside
    return [(str(native),), PYTHON_RUNNER]


class _EndlessError(Exception):
    """It said more than any listing."""


def _output(command: tuple[str, ...], timeout_s: float) -> tuple[int, bytes, str]:
    """Raises: OSError; subprocess.TimeoutExpired, _EndlessError after its whole group was killed."""
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        close_fds=False,
        process_group=0,
    ) as process:
        try:
            stdout, stderr = _said(process, time.monotonic() + timeout_s)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return process.returncode, stdout, stderr.decode("utf-8", "replace").strip()


def _said(process: subprocess.Popen[bytes], deadline: float) -> list[bytes]:
    """What it writes to stdout and to stderr until it ends, which is at the deadline of time.monotonic at the latest.

    Raises: subprocess.TimeoutExpired, _EndlessError.
    """
    kept = {stream.fileno(): bytearray() for stream in (process.stdout, process.stderr) if stream is not None}
    with selectors.DefaultSelector() as selector:
        for descriptor in kept:
            selector.register(descriptor, selectors.EVENT_READ)
        while selector.get_map():
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise subprocess.TimeoutExpired(process.args, LIST_TIMEOUT_S)
            for key, _ in selector.select(left_s):
                part = os.read(key.fd, _PART_BYTES)
                if not part:
                    selector.unregister(key.fd)
                kept[key.fd] += part
                if len(kept[key.fd]) > _LISTING_HIGH_BYTES:
                    raise _EndlessError
    process.wait(max(0.0, deadline - time.monotonic()))
    return [bytes(said) for said in kept.values()]


def _listing(name: str, stdout: bytes) -> Listing | Trouble:
    try:
        return msgspec.json.decode(stdout, type=Listing)
    except msgspec.MsgspecError as error:
        spoken = _contract_spoken(stdout)
        if spoken not in (None, CONTRACT):
            reason = f"it speaks runner contract {spoken}; this version of queuemark speaks {CONTRACT}"
        else:
            reason = f"'{name} list' did not print a listing of runner contract {CONTRACT} ({error})"
        return Trouble(runner=name, reason=reason, remedy=_remedy(name))


def _contract_spoken(stdout: bytes) -> object:
    try:
        spoken = msgspec.json.decode(stdout)
    except msgspec.MsgspecError:
        return None
    return spoken.get("contract") if isinstance(spoken, dict) else None


def _remedy(name: str) -> str:
    if Path(name).name == NATIVE_NAME:
        return _BUILD_REMEDY
    return f"mend it or take it out of {VARIABLE}"
