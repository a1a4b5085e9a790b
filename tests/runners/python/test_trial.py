"""One trial of Python's runner as its caller sees it, where the suite that all runners pass does not look."""

from __future__ import annotations

import json
import multiprocessing
import os
import selectors
import subprocess
from pathlib import Path
from typing import Any

import pytest

from queuemark.runners.python.catalogue import VARIABLE
from queuemark.runners.python.setup import Running
from queuemark.runners.python.transport import Unavailable
from queuemark.runners.python.trial import Parent, perform
from queuemark.runners.registry import PYTHON_RUNNER
from tests.faults.leftovers import none_left_of
from tests.runners.python.setups import CATALOGUE, read, setup

BROKEN = """
import os, threading
from queuemark.runners.python.transport import Case, Transport, Unavailable
from queuemark.runners.python.transports.os_pipe import OsPipe
from queuemark.runners.python.transports.simple_queue import SimpleQueue

class Refused(OsPipe):
    name = "refused"
    def __init__(self, case):
        raise OSError(24, "Too many open files", "/a/pipe")

class Absent(OsPipe):
    name = "absent"
    def __init__(self, case):
        raise Unavailable("this machine has no such pipes", "lay some")

class Raises(OsPipe):
    name = "raises"
    def open_consumer(self, index):
        raise ValueError(f"consumer {index} has\\nno end")

class Dies(OsPipe):
    name = "dies"
    def open_producer(self):
        os._exit(7)

class Tears(OsPipe):
    name = "tears"
    def open_producer(self):
        return [lambda message, send=send: send(message[:32]) or send(message[32:]) for send in super().open_producer()]

class Forgets(SimpleQueue):
    name = "forgets"
    def open_producer(self):
        put, self.count = self.queue.put, 0
        def send(message):
            self.count += 1
            if self.count != 100 or not message:
                put(message)
        return [send]

class Gathers(SimpleQueue):
    name = "gathers"
    policies = ("each", "vector")
    def open_producer_of_many(self):
        return [lambda messages: [self.queue.put(message) for message in messages]]
    def open_consumer_of_many(self, index):
        def receive(most):
            messages = [self.queue.get()]
            while len(messages) < most and not self.queue.empty():
                messages.append(self.queue.get_nowait())
            return messages
        return receive

class Waits(SimpleQueue):
    name = "waits"
    def open_consumer(self, index):
        return lambda: threading.Event().wait()
"""

PRINTS = """
import os
from queuemark.runners.python.transports.os_pipe import OsPipe

print("imported")

class Prints(OsPipe):
    name = "prints"
    def __init__(self, case):
        super().__init__(case)
        print("made")
    def open_consumer(self, index):
        os.write(1, b"opened")
        return super().open_consumer(index)
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """All of a test's processes have its directory in their environment."""
    path = tmp_path / "broken_transports.py"
    path.write_text(BROKEN)
    names = ("Refused", "Absent", "Raises", "Dies", "Tears", "Forgets", "Gathers", "Waits")
    return {**os.environ, VARIABLE: ",".join(f"{path}:{name}" for name in names)}


def performed(environment: dict[str, str], *words: str) -> tuple[int, dict[str, Any], str]:
    command = [*PYTHON_RUNNER, "trial", *words]
    ended = subprocess.run(command, capture_output=True, env=environment, text=True, timeout=60, check=False)
    events = [json.loads(line) for line in ended.stdout.splitlines()]
    return ended.returncode, events[-1] if events else {}, ended.stderr


@pytest.mark.parametrize(
    ("name", "code", "state", "reason"),
    [
        ("refused", 1, "failed", "/a/pipe: Too many open files"),
        ("absent", 3, "unavailable", "this machine has no such pipes"),
        ("raises", 4, "failed", "consumer 0 failed after 0 messages: ValueError: consumer 0 has no end"),
        ("dies", 4, "failed", "the producer ended with exit code 7 after 0 messages and left no reason"),
        ("forgets", 4, "failed", "1 lost of 300 messages"),
        ("waits", 4, "failed", "stalled: nothing moved for 0.6 s during the warm-up"),
    ],
)
def test_what_goes_wrong_is_said_in_a_line(
    environment: dict[str, str], tmp_path: Path, name: str, code: int, state: str, reason: str
) -> None:
    ended, result, said = performed(environment, name, "--items", "300", "--warmup", "0", "--stall", "0.6")
    assert (ended, result["state"]) == (code, state), result
    assert reason in result["reason"]
    assert len(said.splitlines()) <= 1
    assert none_left_of(str(tmp_path))


def test_torn_messages_prove_nothing(environment: dict[str, str]) -> None:
    ended, result, _ = performed(environment, "tears", "--items", "50", "--warmup", "0", "--stall", "0.6")
    assert (ended, result["state"]) == (4, "failed")


def test_what_a_transport_prints_is_no_event(tmp_path: Path) -> None:
    (tmp_path / "prints.py").write_text(PRINTS)
    environment = {**os.environ, VARIABLE: f"{tmp_path / 'prints.py'}:Prints"}
    ended, result, said = performed(environment, "prints", "--items", "50", "--warmup", "0")
    assert (ended, result["state"]) == (0, "ok")
    assert all(word in said for word in ("imported", "made", "opened"))
    listed = subprocess.run([*PYTHON_RUNNER, "list"], capture_output=True, env=environment, check=True, timeout=60)
    assert "prints" in {transport["name"] for transport in json.loads(listed.stdout)["transports"]}


def test_a_remedy_is_told_with_what_is_unavailable(environment: dict[str, str]) -> None:
    _, result, said = performed(environment, "absent")
    assert result["remedy"] == "lay some"
    assert "lay some" in said


@pytest.mark.parametrize("words", [("mp-queu",), (), ("frobnicate", "--size", "4")])
def test_an_unknown_transport_is_refused_by_name(environment: dict[str, str], words: tuple[str, ...]) -> None:
    ended, result, said = performed(environment, *words)
    assert (ended, result) == (2, {})
    assert len(said.splitlines()) == 1


def test_other_verbs_are_refused() -> None:
    for words in (("probe",), ("list", "more"), ("--frobnicate",)):
        ended = subprocess.run([*PYTHON_RUNNER, *words], capture_output=True, timeout=60, check=False)
        assert (ended.returncode, ended.stdout) == (2, b"")
        assert len(ended.stderr.splitlines()) == 1
    helped = subprocess.run([*PYTHON_RUNNER, "--help"], capture_output=True, timeout=60, check=True)
    assert b"trial TRANSPORT" in helped.stdout


@pytest.mark.parametrize("consumers", [1, 3])
def test_a_call_that_takes_many_takes_no_other_consumers_end(environment: dict[str, str], consumers: int) -> None:
    shape = ("--consumers", str(consumers), "--policy", "vector:50", "--items", "2000", "--warmup", "0.01")
    ended, result, _ = performed(environment, "gathers", *shape, "--placement", "same")
    assert (ended, result["state"]) == (0, "ok"), result
    assert result["sent"] == result["delivered"] == 2000


@pytest.mark.parametrize(
    ("name", "payload"),
    [("mp-queue", "pickle:dict"), ("mp-pipe", "pickle:numpy"), ("queue", "numpy"), ("asyncio-queue", "pickle:dict")],
)
def test_objects_are_opened_and_what_is_in_them_is_compared(name: str, payload: str) -> None:
    words = (name, "--items", "200", "-P", f"payload={payload}", "--warmup", "0")
    ended, result, _ = performed(dict(os.environ), *words)
    assert (ended, result["granted"]["payload"], result["checked"]) == (0, payload, 200), result
    ended, result, _ = performed(dict(os.environ), *words, "--inject", "flip")
    assert (ended, result["corrupted"]) == (4, 1), result


@pytest.mark.parametrize(("name", "payload"), [("mp-queue", "dict"), ("os-pipe", "pickle:dict")])
def test_an_object_that_is_not_taken_is_refused(name: str, payload: str) -> None:
    ended, result, said = performed(dict(os.environ), name, "-P", f"payload={payload}")
    assert (ended, result) == (2, {})
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("name", ["os-pipe", "socketpair"])
def test_a_buffer_makes_few_calls_of_many_messages(name: str) -> None:
    words = (name, "--items", "1000", "--size", "60", "--warmup", "0", "--consumers", "2")
    ended, result, _ = performed(dict(os.environ), *words, "--policy", "buffer:6400")
    assert (ended, result["producer"]["calls"]) == (0, 10), result
    assert result["bytes_on_wire"] == 1000 * 64
    ended, result, _ = performed(dict(os.environ), *words, "-P", "read_buffer_bytes=0")
    assert (ended, result["granted"]["read_buffer_bytes"]) == (0, 0), result


def test_the_ids_of_threads_are_theirs() -> None:
    _, result, _ = performed(dict(os.environ), "queue", "--items", "50", "--consumers", "2")
    assert result["state"] == "ok"
    command = [*PYTHON_RUNNER, "trial", "queue", "--items", "50", "--consumers", "2"]
    ready = json.loads(subprocess.run(command, capture_output=True, timeout=60, check=True).stdout.splitlines()[0])
    assert len({ready["producer_pid"], *ready["consumer_pids"]}) == 3


@pytest.mark.parametrize("name", ["asyncio-queue", "asyncio-streams"])
def test_uvloop_is_unavailable_where_it_is_not_there(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("queuemark.runners.python.transports.event_loops.find_spec", lambda name: None)
    with pytest.raises(Unavailable, match="the module uvloop is not installed") as absent:
        perform(read(name, "-P", "loop=uvloop"), CATALOGUE.load(name), say=lambda event: None)
    assert "pip install 'queuemark[python-queues]'" in absent.value.remedy


def test_uvloop_is_measured_where_it_is_there() -> None:
    pytest.importorskip("uvloop", reason="uvloop is not installed")
    for name in ("asyncio-queue", "asyncio-streams"):
        ended, result, _ = performed(dict(os.environ), name, "--items", "200", "-P", "loop=uvloop")
        assert (ended, result["granted"]["loop"]) == (0, "uvloop"), result


@pytest.mark.timeout(20)
def test_a_report_that_was_taken_behind_another_roles_end_is_not_waited_for() -> None:
    with Parent(setup("mp-queue"), lambda event: None, 0) as parent:
        ours, theirs = multiprocessing.Pipe(duplex=False)
        parent._reports.append(ours)
        parent._selector.register(ours, selectors.EVENT_READ)
        theirs.send(Running({0: 7}, {}))
        for _ in range(2):
            parent._take_report(ours)
        theirs.close()
        for _ in range(2):
            parent._take_report(ours)
        assert parent._ids == {0: 7}
