"""Trials of one transport, asked for as the laboratory asks for them, and judged as it judges them.

Whatever the laboratory would not believe breaks a promise here, too, in the same words (runners.verdict).
"""

from __future__ import annotations

__all__ = ["NO_FILE", "Bench", "Raw"]

import os
import secrets
import shlex
import subprocess
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from queuemark.brokers.kept import Kept
from queuemark.conform.check import Broken, expect
from queuemark.model.events import Event
from queuemark.model.mix import Mix
from queuemark.model.plan import Case, preferred_ack
from queuemark.model.transport import Facts, ParamValue, Transport
from queuemark.model.trial import Trial
from queuemark.model.workload import Workload
from queuemark.runners.contract import TrialRequest, trial_arguments
from queuemark.runners.registry import Offer
from queuemark.runners.stop import Stop
from queuemark.runners.trial import perform

TRIAL_TIMEOUT_S = 60.0
SEED = 20

NO_FILE = Path(f"/proc/{os.getpid()}/fd/none")
"""What nobody can open."""


class Raw(msgspec.Struct, frozen=True, kw_only=True):
    """How a runner answered words that it may not have understood."""

    command: str
    exit_code: int
    stdout: bytes
    stderr: str


class Bench:
    """One transport of one runner. servers: for whoever needs one."""

    def __init__(self, offer: Offer, stop: Stop, servers: Kept) -> None:
        self.offer, self._stop, self._servers = offer, stop, servers
        self._files: list[int] = []
        self._numbers = count(1)
        self.events: list[Event] = []
        """Of the trial that was performed last."""

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        for descriptor in self._files:
            os.close(descriptor)

    @property
    def transport(self) -> Transport:
        return self.offer.transport

    @property
    def facts(self) -> Facts:
        return self.offer.transport.facts

    def fits(self, size_bytes: int, consumers: int = 1) -> bool:
        """Whether there can be such a message at all."""
        torn = consumers > 1 and self.facts.whole_bytes is not None and size_bytes > self.facts.whole_bytes
        return size_bytes <= self.facts.max_size_bytes and not torn

    def largest(self, high_bytes: int, consumers: int) -> int:
        whole = self.facts.whole_bytes if consumers > 1 else None
        return min(high_bytes, whole or high_bytes, self.facts.max_size_bytes)

    def request(
        self,
        *,
        inject: str | None = None,
        params: dict[str, ParamValue] | None = None,
        messages_path: Path | None = None,
        stall_s: float = 5.0,
        deadline_s: float = TRIAL_TIMEOUT_S,
        parent_pid: int | None = None,
        **load: Any,
    ) -> TrialRequest:
        """One trial; load: what differs from 200 messages of 64 bytes to one consumer, as model.workload names it."""
        usual: dict[str, Any] = {
            "size_bytes": 64,
            "consumers": 1,
            "dispatch": self.facts.dispatches[0],
            "ack": preferred_ack(self.facts),
            "items": None if "duration_s" in load else 200,
            "warmup_s": 0.0,
        }
        mix: Mix = load.get("mix", ())
        if mix:
            usual["size_bytes"] = mix[-1].size_bytes
        case = Case(
            transport=self.transport.name,
            runtime=self.transport.runtime,
            params={**self.transport.defaults(), **(params or {})},
            workload=Workload(**{**usual, **load}),
        )
        return TrialRequest(
            case=case,
            # Drawn anew each time: what a killed trial left on a server that is kept never meets its successor's.
            run_id=f"conform-{next(self._numbers)}-{secrets.token_hex(3)}",
            seed=SEED,
            inject=inject,
            messages_path=None if messages_path is None else str(messages_path),
            stall_s=stall_s,
            deadline_s=deadline_s,
            parent_pid=os.getpid() if parent_pid is None else parent_pid,
            server=self._server(case.params),
        )

    def _server(self, params: Mapping[str, ParamValue]) -> str | None:
        """Raises: BrokerUnavailable."""
        kind = self.facts.broker
        return None if kind is None else self._servers.serve(kind, params).url

    def trial(self, **asked: Any) -> Trial:
        """Performs it, whatever becomes of it.

        Raises: KeyboardInterrupt when it was stopped.
        """
        request = self.request(**asked)
        self.events = []
        trial = perform(self.offer.command, request, self.facts, stop=self._stop, on_event=self.events.append)
        if trial is None:
            raise KeyboardInterrupt
        self._asked = request
        return trial

    def proved(self, **asked: Any) -> Trial:
        """A trial that must end well.

        Raises: Broken with the laboratory's reason for not believing it, and the command that shows it again.
        """
        trial = self.trial(**asked)
        expect(trial.state == "ok", f"{trial.state}: {trial.reason}; {self.again()}")
        return trial

    def again(self) -> str:
        """How the trial that was performed last is performed in a shell."""
        return f"try: {shlex.join([*self.offer.command, *_shown(self._asked)])}"

    def raw(self, *words: str) -> Raw:
        """The verb trial with these words behind the transport's name.

        Raises: Broken when it does not end.
        """
        server = self._server(self.transport.defaults())
        placed = [] if server is None else ["--server", server]
        command = [*self.offer.command, "trial", self.transport.name, *placed, *words]
        shown = shlex.join(command)
        try:
            ended = subprocess.run(
                command, capture_output=True, stdin=subprocess.DEVNULL, timeout=TRIAL_TIMEOUT_S, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise Broken(f"it did not end within {TRIAL_TIMEOUT_S:g} s: {shown}") from error
        stderr = ended.stderr.decode("utf-8", "replace").strip()
        return Raw(command=shown, exit_code=ended.returncode, stdout=ended.stdout, stderr=stderr)

    def refused(self, why: str, *words: str) -> Raw:
        """Words that must be refused before anything is done.

        Raises: Broken.
        """
        raw = self.raw(*words)
        told = f"{why}: it ended with exit code {raw.exit_code}"
        expect(raw.exit_code == 2, f"{told} where 2 says that it cannot be understood; try: {raw.command}")
        expect(not raw.stdout, f"{why}: there were events although nothing was begun; try: {raw.command}")
        lines = len(raw.stderr.splitlines())
        expect(lines == 1, f"{why}: {lines} lines on stderr where one says what to do; try: {raw.command}")
        return raw

    def words(self, **asked: Any) -> list[str]:
        """The whole command of a trial, to be started by other means."""
        return [*self.offer.command, *trial_arguments(self.request(**asked))]

    def file(self, content: bytes) -> Path:
        """A file of the trials' own, in memory: however this process ends, it is gone."""
        descriptor = os.memfd_create("queuemark-conform")
        self._files.append(descriptor)
        with open(descriptor, "wb", closefd=False) as file:
            file.write(content)
        return NO_FILE.with_name(str(descriptor))


def _shown(request: TrialRequest) -> list[str]:
    """Without what concerns this process alone."""
    return trial_arguments(msgspec.structs.replace(request, parent_pid=None))
