"""One trial of runners that keep the contract and of runners that break it, each in its own way."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from queuemark.model.events import Event, Ready, Tick
from queuemark.model.mix import parse_sizes
from queuemark.model.plan import Case
from queuemark.model.transport import Facts, Listing
from queuemark.model.trial import Trial
from queuemark.model.workload import MessagesSource, Workload
from queuemark.runners.contract import TrialRequest
from queuemark.runners.registry import ask
from queuemark.runners.stop import Stop
from queuemark.runners.trial import perform


@pytest.fixture(scope="module")
def facts(fake_runner: Path) -> dict[str, Facts]:
    listing = ask((str(fake_runner),))
    assert isinstance(listing, Listing)
    return {transport.name: transport.facts for transport in listing.transports}


def request(behave: str, transport: str = "tcp", **changed: Any) -> TrialRequest:
    load: dict[str, Any] = {"size_bytes": 64, "consumers": 2, "dispatch": "deal", "items": 1000}
    asked = {name: changed.pop(name) for name in ("inject", "deadline_s", "seed") if name in changed}
    case = Case(
        transport=transport, runtime="fake", params={"behave": behave}, workload=Workload(**{**load, **changed})
    )
    return TrialRequest(**{"case": case, "run_id": "run-1", "seed": 5, **asked})


def tried(runner: Path, facts: dict[str, Facts], asked: TrialRequest, **more: Any) -> Trial:
    others = psutil.Process().children()
    with Stop() as stop:
        trial = perform((str(runner),), asked, facts[asked.case.transport], stop=stop, **more)
    assert trial is not None
    assert psutil.Process().children() == others
    return trial


def test_an_honest_runner_is_believed(fake_runner: Path, facts: dict[str, Facts]) -> None:
    events: list[Event] = []
    trial = tried(fake_runner, facts, request("ok"), on_event=events.append)
    assert (trial.state, trial.reason) == ("ok", None)
    assert (trial.sent, trial.delivered, trial.seed, trial.run_id) == (1000, 1000, 5, "run-1")
    assert [consumer.delivered for consumer in trial.consumers] == [500, 500]
    assert trial.outside_ns > 0
    assert trial.started_at.endswith("Z")
    assert trial.granted == {"sndbuf": 16384}
    assert isinstance(events[0], Ready)
    assert isinstance(events[1], Tick)


def test_what_is_said_on_stderr_breaks_nothing(fake_runner: Path, facts: dict[str, Facts]) -> None:
    assert tried(fake_runner, facts, request("shouting")).state == "ok"


def test_competing_consumers_are_not_dealt(fake_runner: Path, facts: dict[str, Facts]) -> None:
    trial = tried(fake_runner, facts, request("ok", "mq-posix", dispatch="compete"))
    assert trial.state == "ok"
    assert trial.consumers[0].dealt is None


def test_an_unavailable_result_is_a_result(fake_runner: Path, facts: dict[str, Facts]) -> None:
    trial = tried(fake_runner, facts, request("unavailable"))
    assert (trial.state, trial.reason, trial.remedy) == ("unavailable", "no buffers left", "wait a little")


def test_a_case_that_the_runner_refuses_is_unavailable(fake_runner: Path, facts: dict[str, Facts]) -> None:
    trial = tried(fake_runner, facts, request("refuse"))
    assert trial.state == "unavailable"
    assert "refused this case; it said: a pipe of packets cannot do policy buffer" in (trial.reason or "")


BROKEN = {
    "garbage": "not JSON",
    "binary": "not JSON",
    "half-line": "middle of a line",
    "flood": "a line of more than",
    "silent": "without a result, with exit code 0",
    "no-result": "without a result",
    "two-results": "more after its result",
    "after-result": "more after its result",
    "no-ready": "tick before ready",
    "two-ready": "ready twice",
    "early-tick": "tick before ready",
    "other-run": "answered for run",
    "contract-9": "contract 9",
    "unknown-field": "surprise",
    "bad-exit": "result is ok but its exit code is 4",
    "failed-exit-0": "result is failed but its exit code is 0",
    "failed": "3 messages were lost on consumer 0",
    "killed": "killed by SIGKILL",
    "crash": "killed by SIGABRT",
    "chatter": "the last word",
    "orphan": "left processes behind",
}

CONTRADICTIONS = {
    "wrong-sum": "its consumers' sum is",
    "unconserved": "is not delivered",
    "lossy": "a lossless transport calls this ok: 1 lost",
    "duplicates": "2 duplicated",
    "short": "1000 items were asked for, 999 were sent",
    "negative": "Expected `int` >= 0 - at `$.calls`",
    "missing-consumer": "2 consumers were asked for",
    "unchecked": "every message was to be checked",
    "long-window": "does not fit into the trial",
    "wrong-seed": "the seed was 5",
    "wrong-bytes": "1000 messages are 64001 bytes and should be 64000",
    "made-fault": "asked was none",
    "undealt": "consumer 0 does not say how many messages it was dealt",
}


@pytest.mark.parametrize(("behave", "named"), [*BROKEN.items(), *CONTRADICTIONS.items()])
def test_a_breach_is_a_failed_trial_that_names_it(
    fake_runner: Path, facts: dict[str, Facts], behave: str, named: str
) -> None:
    trial = tried(fake_runner, facts, request(behave))
    assert trial.state == "failed"
    assert trial.reason is not None
    assert named in trial.reason
    assert len(trial.reason.splitlines()) == 1


@pytest.mark.parametrize("behave", ["lossy", "duplicates", "wrong-sum", "unconserved"])
def test_m01_conservation_is_checked_again_by_the_caller(
    fake_runner: Path, facts: dict[str, Facts], behave: str
) -> None:
    trial = tried(fake_runner, facts, request(behave))
    assert trial.state == "failed"
    assert trial.consumers, "what was counted is kept"


@pytest.mark.parametrize(
    ("behave", "named"),
    [
        ("unconserved", "sent 1001 to each of 2 consumers is not delivered 2000 + lost 0"),
        ("uneven", "consumer 0 was dealt 999 of the 1000 messages sent to every one"),
        ("wrong-sum", "delivered is 2000, its consumers' sum is 1999"),
        ("lossy", "a lossless transport calls this ok: 1 lost"),
    ],
)
def test_m01_a_fan_out_is_conserved_for_every_consumer(
    fake_runner: Path, facts: dict[str, Facts], behave: str, named: str
) -> None:
    """Each of two consumers was to get all of 1000 messages; as many in sum are not enough."""
    trial = tried(fake_runner, facts, request("ok", pattern="fanout"))
    assert (trial.state, trial.reason, trial.sent, trial.delivered) == ("ok", None, 1000, 2000)
    trial = tried(fake_runner, facts, request(behave, pattern="fanout"))
    assert trial.state == "failed"
    assert named in (trial.reason or "")


def test_a_deal_may_be_uneven(fake_runner: Path, facts: dict[str, Facts]) -> None:
    trial = tried(fake_runner, facts, request("uneven"))
    assert (trial.state, [consumer.dealt for consumer in trial.consumers]) == ("ok", [499, 501])


@pytest.mark.parametrize(("largest_bytes", "state"), [(64, "ok"), (20, "failed")])
def test_own_messages_have_the_sizes_that_the_caller_read(
    fake_runner: Path, facts: dict[str, Facts], largest_bytes: int, state: str
) -> None:
    """The pretended runner says 64 bytes a message; 7 messages of 56 bytes and their sequence numbers would be that."""
    total_bytes = 7 * (largest_bytes - 8)
    own = MessagesSource(
        name="own", format="lines", sha256="0", count=7, total_bytes=total_bytes, largest_bytes=largest_bytes
    )
    trial = tried(fake_runner, facts, request("ok", messages=own))
    assert trial.state == state
    assert state == "ok" or "1000 messages are 64000 bytes and should be between" in (trial.reason or "")


def test_own_messages_of_a_fan_out_are_the_same_for_every_consumer(fake_runner: Path, facts: dict[str, Facts]) -> None:
    """Twenty are two loops of ten only where they are twenty of one sequence, not five of four."""
    own = MessagesSource(name="own", format="lines", sha256="0", count=10, total_bytes=128, largest_bytes=64)
    trial = tried(fake_runner, facts, request("ok", messages=own, items=5, consumers=4, pattern="fanout"))
    assert (trial.state, trial.message_bytes) == ("ok", 20 * 64)
    trial = tried(fake_runner, facts, request("ok", messages=own, items=20, consumers=4))
    assert trial.state == "failed"
    assert "20 messages are 1280 bytes and should be 416" in (trial.reason or "")


@pytest.mark.parametrize(("items", "state"), [(1000, "ok"), (20_000, "failed"), (20_500, "failed")])
def test_mixed_messages_have_the_shares_asked_for(
    fake_runner: Path, facts: dict[str, Facts], items: int, state: str
) -> None:
    """The pretended runner says that all have the largest size: of a few that may be so, of 10,000 a stream not."""
    mix = parse_sizes("16:50%,64:50%")[0]
    trial = tried(fake_runner, facts, request("ok", mix=mix, items=items))
    assert trial.state == state
    expected = {20_000: "should be 800000", 20_500: "should be between 808000 and 832000"}
    assert expected.get(items, "") in (trial.reason or "")


def test_a_lossy_transport_may_lose(fake_runner: Path, facts: dict[str, Facts]) -> None:
    lossy = {"tcp": msgspec.structs.replace(facts["tcp"], lossless=False)}
    trial = tried(fake_runner, lossy, request("lossy"))
    assert (trial.state, trial.lost) == ("ok", 1)


def test_a_window_far_below_the_duration_is_not_believed(fake_runner: Path, facts: dict[str, Facts]) -> None:
    trial = tried(fake_runner, facts, request("early-end", items=None, duration_s=0.05))
    assert trial.state == "failed"
    assert "0.05 s were asked for" in (trial.reason or "")


def test_an_injected_fault_that_is_caught_says_so(fake_runner: Path, facts: dict[str, Facts]) -> None:
    trial = tried(fake_runner, facts, request("ok", inject="flip"))
    assert (trial.state, trial.reason) == ("failed", "1 message was corrupted")
    assert trial.injected is not None


@pytest.mark.parametrize(
    ("behave", "named"), [("quiet-fault", "asked for and not made"), ("slow", "nothing was noticed")]
)
def test_an_injected_fault_that_is_not_caught_fails(
    fake_runner: Path, facts: dict[str, Facts], behave: str, named: str
) -> None:
    trial = tried(fake_runner, facts, request(behave, inject="flip"))
    assert trial.state == "failed"
    assert named in (trial.reason or "")


def test_a_missing_runner_is_a_failed_trial(tmp_path: Path, facts: dict[str, Facts]) -> None:
    trial = tried(tmp_path / "gone", facts, request("ok"))
    assert trial.state == "failed"
    assert "could not be started: No such file or directory" in (trial.reason or "")


@pytest.mark.parametrize("behave", ["hang", "hang-hard"])
def test_the_deadline_ends_a_hanging_runner(
    fake_runner: Path, facts: dict[str, Facts], behave: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("queuemark.runners.trial._OWN_DEADLINE_S", 0.0)
    monkeypatch.setattr("queuemark.runners.process.GRACE_S", 0.1)
    trial = tried(fake_runner, facts, request(behave, deadline_s=0.2))
    assert trial.state == "failed"
    assert "did not end within 0.2 s" in (trial.reason or "")


@pytest.mark.parametrize("behave", ["hang", "hang-hard", "orphan"])
def test_a_stop_ends_the_whole_group(
    fake_runner: Path, facts: dict[str, Facts], behave: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    monkeypatch.setenv("FAKE_LOG", str(log))
    with Stop() as stop:
        stopper = threading.Thread(target=_stop_when, args=(stop, log))
        stopper.start()
        asked = request(behave, items=None, duration_s=30.0)
        trial = perform((str(fake_runner),), asked, facts["tcp"], stop=stop)
        stopper.join()
    assert trial is None
    group = json.loads(log.read_text())[2]
    # What was killed and is not ours to reap ends in its own time.
    _wait_for(lambda: not any(_group_of(process.pid) == group for process in psutil.process_iter()))


def _stop_when(stop: Stop, log: Path) -> None:
    _wait_for(lambda: log.exists() and log.read_text().endswith("\n"))
    stop.ask()


def _wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _group_of(pid: int) -> int | None:
    """A zombie that its new parent has not reaped yet is no process that was left."""
    try:
        return None if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE else os.getpgid(pid)
    except (ProcessLookupError, psutil.NoSuchProcess):
        return None


def test_an_exception_of_the_caller_leaves_nothing_behind(fake_runner: Path, facts: dict[str, Facts]) -> None:
    def refuse(event: Event) -> None:
        raise KeyboardInterrupt

    others = psutil.Process().children(recursive=True)
    with Stop() as stop, pytest.raises(KeyboardInterrupt):
        perform((str(fake_runner),), request("ok"), facts["tcp"], stop=stop, on_event=refuse)
    assert psutil.Process().children(recursive=True) == others


def test_the_runner_has_a_process_group_of_its_own(
    fake_runner: Path, facts: dict[str, Facts], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A SIGINT to this group, as Ctrl-C in a terminal makes it, is not seen by the runner."""
    log = tmp_path / "log"
    monkeypatch.setenv("FAKE_LOG", str(log))
    seen: list[int] = []

    def look(event: Event) -> None:
        pid = json.loads(log.read_text())[2]
        seen.append(os.getpgid(pid))

    tried(fake_runner, facts, request("ok"), on_event=look)
    assert seen
    assert os.getpgid(0) not in seen


def test_no_descriptor_is_left_open(fake_runner: Path, facts: dict[str, Facts]) -> None:
    before = psutil.Process().num_fds()
    for behave in ("ok", "garbage", "killed", "silent"):
        tried(fake_runner, facts, request(behave))
    assert psutil.Process().num_fds() == before


def test_a_stop_wakes_whoever_waits_for_it() -> None:
    with Stop() as stop:
        assert not stop.asked
        previous = signal.signal(signal.SIGUSR1, lambda *_: stop.ask())
        try:
            os.kill(os.getpid(), signal.SIGUSR1)
            assert stop.asked
            stop.ask()
        finally:
            signal.signal(signal.SIGUSR1, previous)
        assert os.eventfd_read(stop.fileno()) == 2
