"""Each mechanism for SOAK_S seconds, 60 unless set: loads of all kinds, one trial in three killed, nothing left of any.

A seed names what is drawn: SOAK_SEED repeats a run, as far as moments repeat.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from queuemark.runners.registry import Offer
from tests.conformance.runs import OFFERS, Load, assert_proved, fits, policies, run_load, trial_command
from tests.faults.leftovers import GONE_WITHIN_S, gone, none_left_of, opened, queue_names, shared_names, socket_names

SOAK_S = float(os.environ.get("SOAK_S", "60"))
SEED = os.environ.get("SOAK_SEED", "1")
SIZES = (1, 7, 8, 16, 64, 1024, 4096)
CONSUMERS = {"native": (1, 2, 4, 32), "python": (1, 2, 4)}
"""By runtime: an interpreter for each takes a while."""

LEFT_HIGH_BYTES = 32 << 20
"""Of shared memory that the rest of the machine may take or free meanwhile."""

AVAILABLE = [offer for offer in OFFERS if offer.transport.available]


@dataclass(frozen=True)
class Kept:
    """What the kernel keeps until somebody removes it."""

    shared: frozenset[str]
    sockets: frozenset[str]
    queues: tuple[str, ...]
    system_v: int
    links: frozenset[str]

    @classmethod
    def now(cls, mount_point: Path) -> Kept:
        return cls(
            shared=frozenset(shared_names()),
            sockets=frozenset(socket_names()),
            queues=tuple(queue_names(mount_point)),
            system_v=sum(len(Path(f"/proc/sysvipc/{kind}").read_text().splitlines()) for kind in ("msg", "sem", "shm")),
            links=frozenset(path.name for path in Path("/sys/class/net").iterdir()),
        )


def shared_bytes() -> int:
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Shmem:"))


def drawn(offer: Offer, draw: random.Random) -> Load:
    """A load that the mechanism's facts allow."""
    facts = offer.transport.facts
    consumers = draw.choice(CONSUMERS[offer.transport.runtime])
    size = draw.choice([size for size in SIZES if fits(facts, size, consumers)])
    pattern = draw.choice(facts.patterns)
    if pattern != "share" and "deal" not in facts.dispatches:
        consumers = 1
    # More that spin than there are cpus only keep each other from what they wait for.
    wait = draw.choice(facts.waits) if consumers < 32 else "block"
    load = Load(size=size, consumers=consumers, pattern=pattern, wait=wait, seed=draw.getrandbits(30))
    if pattern == "pingpong":
        return replace(load, more={"in-flight": draw.choice((1, 3, 16))}, items=200)
    return replace(load, policy=draw.choice(policies(facts, consumers, size)), items=draw.choice((1, 1000, 3000)))


@contextmanager
def trial_that_goes_on(offer: Offer, load: Load, directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Its processes are known by the directory in their environment."""
    command = [*trial_command(offer), *replace(load, items=None, more={**load.more, "duration": 60}).words()]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": str(directory)},
    ) as runner:
        try:
            yield runner
        finally:
            if runner.poll() is None:
                runner.kill()


def killed_at_once(offer: Offer, load: Load, directory: Path, draw: random.Random) -> None:
    """The runner, whatever it is doing."""
    with trial_that_goes_on(offer, load, directory) as runner:
        time.sleep(draw.random() * 0.2)  # a random moment is what is waited for
        runner.kill()


def killed_worker(offer: Offer, load: Load, directory: Path, draw: random.Random) -> None:
    """One that has said where it is; the runner notices, and tells."""
    with trial_that_goes_on(offer, load, directory) as runner:
        assert runner.stdout is not None
        ready = json.loads(runner.stdout.readline())
        assert ready["event"] == "ready", ready
        victims = {ready["producer_pid"], *ready["consumer_pids"]} - {runner.pid}
        time.sleep(draw.random() * 0.2)
        with opened([draw.choice(sorted(victims))]) as descriptors:
            signal.pidfd_send_signal(descriptors[0], signal.SIGKILL)
            assert gone(descriptors)
        rest, _ = runner.communicate(timeout=30)
        assert runner.returncode == 4, (load, rest)
        assert "killed" in json.loads(rest.splitlines()[-1])["reason"]


def one_more(offer: Offer, directory: Path, draw: random.Random) -> None:
    load = drawn(offer, draw)
    if draw.random() < 2 / 3:
        assert_proved(offer, load, run_load(offer, load))
        return
    kill = killed_at_once if offer.transport.runtime == "python" or draw.random() < 0.5 else killed_worker
    kill(offer, load, directory, draw)
    assert none_left_of(str(directory), GONE_WITHIN_S), load


@pytest.mark.soak
@pytest.mark.timeout(SOAK_S + 120)
@pytest.mark.parametrize("offer", AVAILABLE, ids=lambda offer: f"{offer.transport.runtime}:{offer.transport.name}")
def test_a_mechanism_endures_random_kills_and_leaves_nothing(offer: Offer, tmp_path: Path) -> None:
    draw = random.Random(f"{SEED} {offer.transport.runtime} {offer.transport.name}")
    mount_point, directory = tmp_path / "mqueue", tmp_path / "tmp"
    mount_point.mkdir()
    directory.mkdir()
    trial_command(offer)  # where it needs a server, that is started before what there is is looked at
    before, before_bytes = Kept.now(mount_point), shared_bytes()
    until = time.monotonic() + SOAK_S
    while time.monotonic() < until:
        one_more(offer, directory, draw)
    # What is left under a name goes with the next start.
    subprocess.run([*offer.command, "list"], capture_output=True, check=True)
    assert Kept.now(mount_point) == before
    assert list(directory.iterdir()) == []
    assert shared_bytes() - before_bytes < LEFT_HIGH_BYTES
