"""SIGKILL at random moments: nothing of ours is left, and what was acknowledged is kept.

The command, the runner and the workers are killed in turn; the seed of the moments is fixed.
"""

from __future__ import annotations

import os
import random
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from queuemark.model.events import Ready, Result, decode_event
from queuemark.model.session import SessionDocument
from queuemark.runners.registry import Offer
from queuemark.store import Store
from tests.conformance.runs import OFFERS, offer_of, trial_command
from tests.faults.leftovers import (
    GONE_WITHIN_S,
    gone,
    none_left_of,
    opened,
    processes_of,
    queue_names,
    shared_names,
    socket_names,
)

NAMES = [offer.transport.name for offer in OFFERS if offer.transport.runtime == "native" and offer.transport.available]
REPEATS = 6
CONSUMERS = (1, 3)

pytestmark = pytest.mark.skipif(not NAMES, reason="no native transport is available here")


@pytest.fixture(autouse=True)
def _nothing_is_left_behind(tmp_path: Path) -> Iterator[None]:
    """After the next start of a runner there is no name of ours that was not there before the test."""
    shared, mount_point = shared_names(), tmp_path / "mqueue"
    mount_point.mkdir()
    yield
    subprocess.run([*OFFERS[0].command, "list"], capture_output=True, check=True)
    assert none_left_of(str(tmp_path))
    assert queue_names(mount_point) == []
    assert shared_names() - shared == set()
    assert socket_names() == set()
    if (tmp_path / "tmp").exists():
        assert list((tmp_path / "tmp").iterdir()) == []
    if (tmp_path / "data").exists():
        # SQLite's own companions, which belong to the database, may stand beside it.
        kept = {"queuemark.sqlite3", "queuemark.sqlite3-wal", "queuemark.sqlite3-shm", "run.lock"}
        assert {path.name for path in (tmp_path / "data").iterdir()} <= kept


def environment(tmp_path: Path) -> dict[str, str]:
    """All processes of a test carry its directory in their environment, whoever their parent is later."""
    (tmp_path / "tmp").mkdir(exist_ok=True)
    return {**os.environ, "QUEUEMARK_DATA_DIR": str(tmp_path / "data"), "TMPDIR": str(tmp_path / "tmp")}


def sleep_until(moment: float) -> None:
    """A random moment is what is waited for here; there is no event to wait for."""
    time.sleep(max(0.0, moment - time.monotonic()))


# ---- the runner and its workers


def started_trial(offer: Offer, tmp_path: Path, *words: str) -> subprocess.Popen[bytes]:
    command = [*trial_command(offer), "--duration", "30", *words]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(tmp_path), stdin=subprocess.DEVNULL
    )


def loads(offer: Offer, *consumers: int) -> list[tuple[str, ...]]:
    """So many consumers; then requests that they reply to, of one where they compete."""
    facts = offer.transport.facts
    replying = ("--pattern", "pingpong", "--in-flight", "3", "--consumers", "4" if "deal" in facts.dispatches else "1")
    return [("--consumers", str(count)) for count in consumers] + [replying] * ("pingpong" in facts.patterns)


def readied(runner: subprocess.Popen[bytes]) -> Ready:
    assert runner.stdout is not None
    event = decode_event(runner.stdout.readline())
    assert isinstance(event, Ready)
    return event


def available(name: str) -> Offer:
    offer = offer_of(name)
    assert offer is not None
    return offer


@pytest.mark.parametrize("name", NAMES)
def test_a_killed_runner_takes_its_workers_along(name: str, tmp_path: Path) -> None:
    moments = random.Random(f"runner {name}")
    for words in loads(available(name), 1, 4, 1, 4, 32):
        with started_trial(available(name), tmp_path, *words) as runner:
            sleep_until(time.monotonic() + moments.random() * 0.06)
            with opened(processes_of(str(tmp_path))) as descriptors:
                runner.kill()
                assert gone(descriptors)
            assert runner.wait(GONE_WITHIN_S) == -signal.SIGKILL
        assert none_left_of(str(tmp_path))


@pytest.mark.parametrize("name", NAMES)
def test_a_killed_worker_ends_the_trial_as_not_proved(name: str, tmp_path: Path) -> None:
    moments = random.Random(f"worker {name}")
    for words in loads(available(name), 1, 4, 1, 4, 8):
        with started_trial(available(name), tmp_path, *words) as runner:
            ready = readied(runner)
            roles = {ready.producer_pid: "the producer"}
            roles |= {pid: f"consumer {index}" for index, pid in enumerate(ready.consumer_pids)}
            victim = moments.choice(list(roles))
            sleep_until(time.monotonic() + moments.random() * 0.05)
            with opened(roles) as descriptors:
                os.kill(victim, signal.SIGKILL)
                rest, _ = runner.communicate(timeout=10)
                assert gone(descriptors, 0.1)
        result = decode_event(rest.splitlines()[-1])
        assert isinstance(result, Result)
        assert (result.state, runner.returncode) == ("failed", 4)
        assert f"{roles[victim]} was killed by signal 9" in (result.reason or ""), result


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("name", NAMES)
def test_a_signal_ends_the_tree_within_a_second(name: str, number: signal.Signals, tmp_path: Path) -> None:
    for words in loads(available(name), 1, 8):
        with started_trial(available(name), tmp_path, *words) as runner:
            ready = readied(runner)
            with opened([runner.pid, ready.producer_pid, *ready.consumer_pids]) as descriptors:
                runner.send_signal(number)
                assert gone(descriptors, 1.0)
            rest, _ = runner.communicate(timeout=5)
        assert runner.returncode == 130
        result = decode_event(rest.splitlines()[-1])
        assert isinstance(result, Result)
        assert (result.state, result.reason) == ("failed", "interrupted")


@pytest.mark.parametrize("name", NAMES)
def test_a_signal_to_the_whole_group_is_an_interruption_too(name: str, tmp_path: Path) -> None:
    """As Ctrl-C in a terminal does it."""
    command = [*trial_command(available(name)), "--duration", "30", "--consumers", "4"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(tmp_path), process_group=0
    ) as runner:
        readied(runner)
        os.killpg(runner.pid, signal.SIGINT)
        runner.communicate(timeout=5)
    assert runner.returncode == 130


def test_a_reader_that_is_gone_ends_the_trial_as_an_error(tmp_path: Path) -> None:
    """What nobody can be told is not proved; it ends at once, with its whole tree."""
    command = [*trial_command(available(NAMES[0])), "--duration", "30"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment(tmp_path)) as runner:
        assert runner.stdout is not None
        runner.stdout.close()
        assert runner.wait(5) == 1


def test_a_queue_name_that_was_left_is_removed_by_the_next_start(tmp_path: Path) -> None:
    if "mq-posix" not in NAMES or shutil.which("strace") is None:
        pytest.skip("takes POSIX message queues and strace")
    mount_point = tmp_path / "names"
    mount_point.mkdir()
    killed = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=mq_unlink:signal=SIGKILL:when=1"]
    ended = subprocess.run([*killed, *OFFERS[0].command, "list"], capture_output=True, check=False)
    if ended.returncode >= 0 and ended.returncode != 128 + signal.SIGKILL:
        pytest.skip(f"ptrace is not permitted here: {ended.stderr.decode().strip()}")
    left = queue_names(mount_point)
    subprocess.run([*OFFERS[0].command, "list"], capture_output=True, check=True)
    assert len(left) <= 1
    assert queue_names(mount_point) == []


# ---- the command

COMMAND = [sys.executable, "-m", "queuemark", "run"]
PLAN = [
    *("-t", ",".join(NAMES), "-s", "64", "-c", ",".join(map(str, CONSUMERS))),
    *("--duration", "20ms", "--repeats", str(REPEATS), "--seed", "7", "--stall", "2s"),
]
Key = tuple[str, int, int]


def started_command(tmp_path: Path, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*COMMAND, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment(tmp_path),
    )


def stored(tmp_path: Path) -> SessionDocument | None:
    """The one session as the store has it at this moment, or None while there is none."""
    if not (tmp_path / "data" / "queuemark.sqlite3").exists():
        return None
    with Store.open(tmp_path / "data") as store:
        sessions = store.sessions()
        return store.document(sessions[0].id) if sessions else None


def acknowledged(document: SessionDocument | None) -> dict[Key, str]:
    """The run of each stored trial, by transport, consumers and repeat; each may be there once only."""
    runs: dict[Key, str] = {}
    for result in document.cases if document else []:
        for trial in result.trials:
            key = (result.case.transport, result.case.workload.consumers, trial.repeat)
            assert key not in runs
            runs[key] = trial.run_id
    return runs


def assert_complete(tmp_path: Path) -> SessionDocument:
    document = stored(tmp_path)
    assert document is not None
    wanted = {(name, consumers, repeat) for name in NAMES for consumers in CONSUMERS for repeat in range(REPEATS)}
    assert set(acknowledged(document)) == wanted
    return document


def kill_command(tmp_path: Path, moments: random.Random, resuming: bool) -> bool:
    """Kills the command at a moment; True when it had not ended by itself before."""
    words = ["--resume"] if resuming else PLAN
    with started_command(tmp_path, *words) as command:
        sleep_until(time.monotonic() + 0.3 + moments.random() * 1.5)
        before = acknowledged(stored(tmp_path)) if (tmp_path / "data").exists() else {}
        with opened(processes_of(str(tmp_path))) as descriptors:
            command.kill()
            assert gone(descriptors)
        assert command.stderr is not None
        command.stderr.close()
        ended = command.wait()
    assert none_left_of(str(tmp_path))
    after = acknowledged(stored(tmp_path))
    assert before.items() <= after.items()
    return ended == -signal.SIGKILL


def kill_commands(tmp_path: Path, count: int, moments: random.Random) -> None:
    killed = 0
    for _ in range(count):
        killed += kill_command(tmp_path, moments, resuming=stored(tmp_path) is not None)
    assert killed
    with started_command(tmp_path, *(["--resume"] if stored(tmp_path) is not None else PLAN)) as last:
        _, said = last.communicate(timeout=100)
        assert last.returncode == 0, said
    document = assert_complete(tmp_path)
    assert {trial.state for result in document.cases for trial in result.trials} == {"ok"}


@pytest.mark.timeout(200)
def test_a_killed_command_loses_no_acknowledged_trial_and_goes_on(tmp_path: Path) -> None:
    kill_commands(tmp_path, 6, random.Random("command"))


def wait_for_session(command: subprocess.Popen[bytes]) -> None:
    """Returns when the command has said which session it measures."""
    assert command.stderr is not None
    assert any(line.startswith(b"session ") for line in command.stderr), "it ended before its session began"


def child_of(command: subprocess.Popen[bytes], worker: bool) -> int | None:
    """The runner, or one of its workers, as it is at this moment."""
    try:
        family = psutil.Process(command.pid).children(recursive=True)
        runners = [process.pid for process in family if process.ppid() == command.pid]
        workers = [process.pid for process in family if process.ppid() in runners]
    except psutil.Error:
        return None
    return next(iter((workers if worker else runners)[-1:]), None)


def kill_children(
    tmp_path: Path, count: int, moments: random.Random, choose: Callable[[int], bool]
) -> tuple[int, SessionDocument]:
    """Kills runners and workers under one command that goes on; how many, and the session."""
    killed = 0
    with started_command(tmp_path, *PLAN) as command:
        wait_for_session(command)
        while killed < count and command.poll() is None:
            sleep_until(time.monotonic() + 0.05 + moments.random() * 0.15)
            victim = child_of(command, worker=choose(killed))
            if victim is None:
                continue
            with opened([victim]) as descriptors:
                if descriptors:
                    signal.pidfd_send_signal(descriptors[0], signal.SIGKILL)
                    killed += 1
                    assert gone(descriptors)
        drain(command)
    return killed, assert_complete(tmp_path)


def drain(command: subprocess.Popen[bytes], within_s: float = 100) -> None:
    """Reads what is said until the end, so that nobody waits for a full pipe."""
    assert command.stderr is not None
    os.set_blocking(command.stderr.fileno(), False)
    deadline = time.monotonic() + within_s
    while True:
        ready, _, _ = select.select([command.stderr], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, "the command did not end"
        if not command.stderr.read():
            break
    command.wait(10)


def kill_and_count(tmp_path: Path, count: int, moments: random.Random) -> None:
    killed, document = kill_children(tmp_path, count, moments, choose=lambda number: number % 2 == 1)
    trials = [trial for result in document.cases for trial in result.trials]
    failed = [trial for trial in trials if trial.state != "ok"]
    reasons = [trial.reason or "" for trial in failed]
    # A server may be the victim, too: its clients cannot know what became of it, who started it does.
    assert [reason for reason in reasons if "killed" not in reason] == []
    assert 0 < len(failed) <= killed, reasons


@pytest.mark.timeout(200)
def test_killed_runners_and_workers_fail_their_own_trial_only(tmp_path: Path) -> None:
    kill_and_count(tmp_path, 14, random.Random("children"))


def test_an_interrupted_command_saves_and_ends(tmp_path: Path) -> None:
    with started_command(tmp_path, *PLAN) as command:
        wait_for_session(command)
        sleep_until(time.monotonic() + 0.5)
        with opened(processes_of(str(tmp_path))) as descriptors:
            command.send_signal(signal.SIGINT)
            assert gone(descriptors, 3.0)
        command.communicate(timeout=5)
    assert command.returncode == 130
    before = acknowledged(stored(tmp_path))
    with started_command(tmp_path, "--resume") as command:
        command.communicate(timeout=100)
    assert before.items() <= acknowledged(assert_complete(tmp_path)).items()


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("round", range(10))
def test_200_moments(tmp_path: Path, round: int) -> None:
    moments = random.Random(f"soak {round}")
    first, second = tmp_path / "command", tmp_path / "children"
    for path in (first, second):
        path.mkdir()
    kill_commands(first, 10, moments)
    kill_and_count(second, 10, moments)
