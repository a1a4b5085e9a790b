"""The verb ``probe``: what it prints is of the contract, what it cannot read is refused, and it leaves nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sysconfig
from pathlib import Path

import msgspec
import pytest

from queuemark.model.probe import Probe, ProbeEvent, Probes
from tests.faults.leftovers import none_left_of

RUNNER = Path(sysconfig.get_path("scripts")) / "queuemark-runner"
CPUS = len(os.sched_getaffinity(0))

pytestmark = pytest.mark.skipif(not RUNNER.exists(), reason="the native runner is not installed")


def asked(*words: str) -> list[Probe]:
    ended = subprocess.run([RUNNER, "probe", *words], capture_output=True, timeout=90, check=True)
    assert ended.stderr == b""
    return [msgspec.json.decode(line, type=ProbeEvent).figure() for line in ended.stdout.splitlines()]


def test_m22_every_figure_has_quartiles_around_it_or_a_reason() -> None:
    figures = asked("--quick")
    assert {"clock", "syscall", "write-null", "copy", "message", "cache-line", "futex", "path"} <= {
        figure.name for figure in figures
    }
    for figure in figures:
        if figure.reason is None:
            assert figure.value is not None and figure.low is not None and figure.high is not None
            assert 0 < figure.low <= figure.value <= figure.high, figure
            assert figure.samples >= 5, figure
        else:
            assert (figure.value, figure.samples) == (None, 0), figure
    known = {(figure.name, *sorted(figure.params.items())) for figure in figures}
    assert len(known) == len(figures)


def test_m12_the_clocks_cost_and_step_are_measured() -> None:
    clock = Probes(asked("--only", "clock"))
    assert clock.value("clock", of="cost") and clock.value("clock", of="resolution")


def test_a_longer_message_takes_longer() -> None:
    figures = Probes(asked("--only", "message"))
    on_one_core = figures.by("bytes", "message", side="write", cores="one")
    assert on_one_core[-1][0] == 4096
    assert on_one_core[-1][1] > on_one_core[0][1]


def test_a_session_probes_what_a_streams_full_buffer_and_its_elements_cost() -> None:
    figures = Probes(asked("--quick", "--only", "path"))
    for mechanism in ("tcp", "tcp-nodelay", "unix-stream", "pipe"):
        for side, calls in (("send", "each"), ("receive", "many"), ("send", "whole")):
            known = {"mechanism": mechanism, "side": side, "calls": calls, "cores": "one"}
            assert [size for size, _ in figures.by("bytes", "path", **known)] == [16, 4096, 16_384]
    for mechanism, calls in (("unix-dgram", "whole"), ("pipe-packet", "whole"), ("pipe", "queued")):
        assert not figures.by("bytes", "path", mechanism=mechanism, side="send", calls=calls, cores="one")
    for mechanism in ("tcp", "tcp-nodelay"):
        queued = figures.by("bytes", "path", mechanism=mechanism, side="send", calls="queued", cores="one")
        assert [size for size, _ in queued] == [16, 4096, 16_384]


@pytest.mark.skipif(CPUS < 2, reason="needs two cpus")
def test_the_cpus_can_be_named() -> None:
    first, second = sorted(os.sched_getaffinity(0))[:2]
    assert [figure.name for figure in asked("--only", "cache-line", "--cpus", f"{second},{first}")] == ["cache-line"]


def test_with_one_cpu_what_needs_two_says_so() -> None:
    cpu = min(os.sched_getaffinity(0))
    words = ["taskset", "-c", str(cpu), RUNNER, "probe", "--only", "cache-line,syscall"]
    try:
        said = subprocess.run(words, capture_output=True, timeout=60, check=True).stdout.splitlines()
    except FileNotFoundError:
        pytest.skip("taskset is not installed")
    call, line = (msgspec.json.decode(each, type=ProbeEvent) for each in said)
    assert call.value
    assert (line.value, line.reason) == (None, "it takes two cpus, and this process may use only one")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--only", "sycall"], "--only names the probe 'sycall', which is none of clock, syscall"),
        (["--only"], "--only needs a value"),
        (["--cpus", "0"], "--cpus takes two different cpus, A,B, got '0'"),
        (["--cpus", "0,x"], "--cpus takes whole numbers, got 'x'"),
        (["--cpus", "0,99999"], "--cpus names cpu 99999, which this process may not use"),
        (["--fast"], "unknown option '--fast'"),
    ],
)
def test_what_cannot_be_read_is_refused(words: list[str], told: str) -> None:
    ended = subprocess.run([RUNNER, "probe", *words], capture_output=True, timeout=60, check=False, text=True)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert told in ended.stderr


@pytest.mark.skipif(CPUS < 2, reason="needs two cpus")
@pytest.mark.parametrize(("ending", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGKILL, -9)])
def test_whatever_ends_it_leaves_no_process(ending: signal.Signals, code: int) -> None:
    mark = f"QUEUEMARK_TEST_PROBES=of-{os.getpid()}-{ending.name}"
    name, _, value = mark.partition("=")
    words = [RUNNER, "probe", "--only", "stream"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, env={**os.environ, name: value}) as process:
        assert process.stdout is not None and process.stdout.readline()
        process.send_signal(ending)
        process.wait(30)
    assert process.returncode == code
    assert none_left_of(mark)
