"""Trials through a broker: a server each, which is told of and ended, and whose word counts."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec
import pytest

from queuemark.brokers import nats
from queuemark.brokers.broker import Server
from queuemark.brokers.registry import Servers
from queuemark.measure.execute import execute
from queuemark.model.broker import BrokerUse
from queuemark.model.plan import Case, Plan
from queuemark.model.transport import ParamValue
from queuemark.model.trial import Trial
from queuemark.model.workload import Workload
from queuemark.runners.registry import VARIABLE, Offer, survey
from queuemark.runners.stop import Stop


class FakeServer:
    """Remembers what became of it."""

    def __init__(
        self, url: str, log: list[str], slow_consumers: int | None, fate: str | None, *, started: bool
    ) -> None:
        self.url = url
        self._log, self._slow, self._fate, self._started = log, slow_consumers, fate, started

    def fate(self) -> str | None:
        return self._fate

    def used(self, granted: Mapping[str, ParamValue]) -> BrokerUse:
        self._log.append(f"asked {self.url}")
        return BrokerUse(name="nats", version="1", started=self._started, cpu_ns=5, slow_consumers=self._slow)

    def __enter__(self) -> Server:
        self._log.append(f"begun {self.url}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._log.append(f"ended {self.url}")


class FakeServers(Servers):
    """A fresh server each time it is asked for one."""

    def __init__(self, slow_consumers: int | None = 0, fate: str | None = None, *, started: bool = True) -> None:
        super().__init__()
        self.log: list[str] = []
        self.params: list[Mapping[str, ParamValue] | None] = []
        self._slow, self._fate, self._started = slow_consumers, fate, started

    def serve(self, kind: str, params: Mapping[str, ParamValue] | None = None) -> Server:
        self.params.append(params)
        number = sum(line.startswith("begun") for line in self.log) + 1
        return FakeServer(f"{kind}://127.0.0.1:{number}", self.log, self._slow, self._fate, started=self._started)


@pytest.fixture
def offers(fake_runner: Path) -> dict[tuple[str, str], Offer]:
    """The fake runner's transports; ``tcp`` says that it needs a server."""
    found = survey({VARIABLE: str(fake_runner)}).by_runtime()
    offer = found["tcp", "fake"]
    facts = msgspec.structs.replace(offer.transport.facts, broker="nats")
    transport = msgspec.structs.replace(offer.transport, facts=facts)
    return {**found, ("tcp", "fake"): msgspec.structs.replace(offer, transport=transport)}


@pytest.fixture
def ran(offers: dict[tuple[str, str], Offer]) -> Callable[..., list[Trial]]:
    def run(servers: Servers, transport: str = "tcp", behave: str = "ok", repeats: int = 1) -> list[Trial]:
        load: dict[str, Any] = {"size_bytes": 64, "consumers": 1, "dispatch": "deal", "items": 100}
        case = Case(transport=transport, runtime="fake", params={"behave": behave}, workload=Workload(**load))
        trials: list[Trial] = []
        with Stop() as stop:
            execute(
                Plan(repeats=repeats, seed=3, cases=[case]),
                offers,
                session_id="0" * 32,
                done=frozenset(),
                on_trial=lambda _, trial: trials.append(trial),
                stop=stop,
                servers=servers,
            )
        return trials

    return run


def test_m13_every_repeat_has_a_server_of_its_own_which_ends_with_it(
    ran: Callable[..., list[Trial]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_LOG", str(tmp_path / "log"))
    servers = FakeServers()
    trials = ran(servers, repeats=2)
    assert [trial.state for trial in trials] == ["ok", "ok"]
    addresses = ["nats://127.0.0.1:1", "nats://127.0.0.1:2"]
    assert servers.log == [f"{what} {url}" for url in addresses for what in ("begun", "asked", "ended")]
    told = [json.loads(line)[1]["--server"] for line in (tmp_path / "log").read_text().splitlines()]
    assert told == addresses


def test_what_the_server_says_stands_beside_the_trial(ran: Callable[..., list[Trial]]) -> None:
    (trial,) = ran(FakeServers())
    assert trial.broker == BrokerUse(name="nats", version="1", started=True, cpu_ns=5, slow_consumers=0)


def test_m03_the_server_is_told_of_the_parameters_of_the_case(ran: Callable[..., list[Trial]]) -> None:
    servers = FakeServers()
    ran(servers)
    assert servers.params == [{"behave": "ok"}]


@pytest.mark.parametrize(("cpus", "crowded"), [(2, True), (3, False)])
def test_m20_a_server_needs_a_cpu_too(
    ran: Callable[..., list[Trial]], monkeypatch: pytest.MonkeyPatch, cpus: int, crowded: bool
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cpus)))
    (trial,) = ran(FakeServers())
    assert (len(trial.consumers), trial.oversubscribed) == (1, crowded)
    (elsewhere,) = ran(FakeServers(started=False))
    (without,) = ran(FakeServers(), transport="unix-stream")
    assert (elsewhere.oversubscribed, without.oversubscribed) == (False, False)


def test_who_needs_no_server_gets_none(ran: Callable[..., list[Trial]]) -> None:
    servers = FakeServers()
    (trial,) = ran(servers, transport="unix-stream")
    assert (trial.broker, servers.log) == (None, [])


def test_m01_a_consumer_that_the_server_cut_off_fails_the_trial(ran: Callable[..., list[Trial]]) -> None:
    (trial,) = ran(FakeServers(slow_consumers=2))
    assert (trial.state, trial.reason) == ("failed", "the server cut off what was too slow, 2 by its count")


def test_m01_a_server_that_ended_fails_the_trial(ran: Callable[..., list[Trial]]) -> None:
    (trial,) = ran(FakeServers(fate="was killed by SIGKILL"))
    assert (trial.state, trial.reason) == ("failed", "the server was killed by SIGKILL")


def test_a_server_that_ended_before_a_trial_could_begin_fails_it(
    ran: Callable[..., list[Trial]], monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = Trial(state="unavailable", repeat=1, position=0, started_at="", seed=1, reason="log in: closed")
    monkeypatch.setattr("queuemark.measure.execute.perform", lambda *words, **more: refused)
    (trial,) = ran(FakeServers(fate="was killed by SIGKILL"))
    assert (trial.state, trial.reason) == ("failed", "log in: closed; the server was killed by SIGKILL")


def test_what_failed_already_says_both(ran: Callable[..., list[Trial]]) -> None:
    (trial,) = ran(FakeServers(slow_consumers=1), behave="crash")
    assert trial.state == "failed"
    assert (trial.reason or "").endswith("; the server cut off what was too slow, 1 by its count")
    assert not (trial.reason or "").startswith(";")


def test_where_somebody_elses_server_is_is_not_kept(
    ran: Callable[..., list[Trial]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def says(*words: object, **more: object) -> Trial:
        said = {"reason": "connect to 127.0.0.1:1: refused", "remedy": "see whether one runs at 127.0.0.1:1"}
        return Trial(state="unavailable", repeat=1, position=0, started_at="", seed=1, **said)

    monkeypatch.setattr("queuemark.measure.execute.perform", says)
    for started, place in ((True, "127.0.0.1:1"), (False, "HOST")):
        (trial,) = ran(FakeServers(started=started))
        assert (trial.reason, trial.remedy) == (f"connect to {place}: refused", f"see whether one runs at {place}")


def test_a_server_that_cannot_be_asked_changes_nothing(ran: Callable[..., list[Trial]]) -> None:
    (trial,) = ran(FakeServers(slow_consumers=None))
    assert trial.state == "ok"


def test_without_a_server_the_case_is_unavailable(
    ran: Callable[..., list[Trial]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nats, "PROGRAM", "no-such-server")
    (trial,) = ran(Servers())
    assert (trial.state, trial.sent, trial.producer) == ("unavailable", 0, None)
    assert "no-such-server" in (trial.reason or "")
    assert "pip install 'queuemark[nats]'" in (trial.remedy or "")
