"""What an old benchmark got wrong, made here on purpose: each mistake is found, or can do no harm.

A library that is loaded into the runner (mistakes.c) makes the mistake in its workers. docs/classic.md tells of each
one, and of the tests elsewhere that would have caught it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from queuemark.model.events import Ready, Result, Tick, decode_event
from queuemark.runners.registry import Offer
from tests.conformance.runs import (
    OFFERS,
    Load,
    Run,
    assert_kept_contract,
    assert_proved,
    dealt,
    offer_of,
    run_load,
    trial_command,
)
from tests.faults.test_pretended_calls import CALLS, SIZE

SOURCE = Path(__file__).parent / "mistakes.c"
SENT_BY = ("sendto", "write", "mq_timedsend")
FRAMES_BYTES = {name: calls.frame_bytes for name, calls in CALLS.items() if calls.send in SENT_BY}
NATIVE = [offer.transport.name for offer in OFFERS if offer.transport.runtime == "native"]
DEALT = [
    offer.transport.name
    for offer in OFFERS
    if offer.transport.runtime == "native" and "deal" in offer.transport.facts.dispatches
]
ITEMS = 205
BATCH = 10
DELAY_NS = 700_000_000


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no C compiler (apt-get install gcc)")
    made = tmp_path_factory.mktemp("mistakes") / "mistakes.so"
    flags = ["-std=c17", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    subprocess.run([compiler, *flags, str(SOURCE), "-o", str(made), "-ldl", "-lrt"], check=True)
    return made


def available(name: str) -> Offer:
    offer = offer_of(name)
    if offer is None or not offer.transport.available:
        pytest.skip(f"{name} is unavailable here")
    return offer


def run_mistaken(library: Path, name: str, mistake: str, load: Load, **variables: object) -> Run:
    """A trial whose workers make the mistake."""
    told: dict[str, object] = {"LD_PRELOAD": library, "MISTAKE": mistake, "MISTAKE_BYTES": FRAMES_BYTES.get(name, 0)}
    if name in CALLS:
        told["MISTAKE_BEHIND"] = CALLS[name].behind
    told |= variables
    return run_load(available(name), load, before=("env", *(f"{key}={value}" for key, value in told.items())))


def assert_not_proved(run: Run) -> Result:
    result = assert_kept_contract(run)
    assert (result.state, run.exit_code) == ("failed", 4), run
    return result


@pytest.mark.parametrize("name", FRAMES_BYTES)
def test_nothing_is_found_where_no_mistake_is_made(library: Path, name: str) -> None:
    load = Load(size=SIZE, consumers=3, items=ITEMS)
    assert_proved(available(name), load, run_mistaken(library, name, "none", load))


@pytest.mark.parametrize("consumers", [1, 3])
@pytest.mark.parametrize("name", [name for name in FRAMES_BYTES if CALLS[name].boundaries and name != "udp"])
def test_a_last_batch_that_a_consumer_forgets_is_missed(library: Path, name: str, consumers: int) -> None:
    """The total is what was sent, not what somebody has counted in whole batches."""
    load = Load(size=SIZE, consumers=consumers, items=ITEMS)
    result = assert_not_proved(run_mistaken(library, name, "partial-batch", load))
    assert result.sent == ITEMS == result.delivered + result.lost
    assert 0 < result.lost < consumers * BATCH
    assert f"{result.lost} lost" in (result.reason or "")


@pytest.mark.parametrize("name", FRAMES_BYTES)
def test_a_left_over_message_does_not_stand_for_a_lost_one(library: Path, name: str) -> None:
    """As many come as were sent, and yet one of them is of the warm-up."""
    run = run_mistaken(library, name, "stray", Load(size=SIZE, items=ITEMS))
    result = assert_kept_contract(run)
    assert result.delivered + result.lost == result.sent == ITEMS
    if available(name).transport.facts.lossless:
        assert assert_not_proved(run).corrupted == 1
    else:
        # Where a message may be lost and another one late, the left-over one is neither: it does not count.
        assert (result.state, result.lost) == ("ok", 1)


@pytest.mark.parametrize("name", ["unix-dgram", "unix-seqpacket"])
def test_a_hello_does_not_stand_for_a_lost_message(library: Path, name: str) -> None:
    result = assert_not_proved(run_mistaken(library, name, "hello", Load(size=SIZE, items=ITEMS)))
    assert (result.delivered, result.lost, result.corrupted) == (ITEMS, 0, 1)


@pytest.mark.parametrize("name", FRAMES_BYTES)
def test_m02_payload_that_nobody_wrote_is_found(library: Path, name: str) -> None:
    """Numbers alone are right: in order, complete, with their tags."""
    result = assert_not_proved(run_mistaken(library, name, "unwritten", Load(size=SIZE, items=ITEMS)))
    assert result.corrupted == result.delivered > 0


@pytest.mark.parametrize("name", FRAMES_BYTES)
def test_m02_no_two_messages_on_the_way_are_alike(library: Path, name: str, tmp_path: Path) -> None:
    """Not within a trial, nor in one of another seed: bodies without their numbers, as they went into the calls."""
    frame_bytes = FRAMES_BYTES[name]
    bodies = []
    for seed in (1, 2):
        log = tmp_path / f"seed-{seed}"
        load = Load(size=SIZE, consumers=3, items=ITEMS, seed=seed)
        assert_proved(available(name), load, run_mistaken(library, name, "none", load, MISTAKE_LOG=log))
        logged = log.read_bytes()
        bodies += [logged[end - SIZE + 8 : end] for end in range(frame_bytes, len(logged) + 1, frame_bytes)]
    assert len(bodies) >= 2 * ITEMS
    assert len(set(bodies)) == len(bodies)
    assert all(any(body) for body in bodies)


@pytest.mark.parametrize("mistake", ["slow-start", "slow-end"])
@pytest.mark.parametrize("name", NATIVE)
def test_m06_workers_that_begin_or_end_slowly_are_outside_the_window(library: Path, name: str, mistake: str) -> None:
    load = Load(size=SIZE, consumers=2, items=ITEMS)
    result = assert_proved(available(name), load, run_mistaken(library, name, mistake, load))
    assert result.outside_ns >= DELAY_NS


@pytest.mark.parametrize("mistake", ["none", "flushing-end"])
def test_every_event_is_printed_once_whatever_reads_it(library: Path, mistake: str, tmp_path: Path) -> None:
    """Standard output is a file, which is where what is buffered at a fork is written once more by each child."""
    offer = available("unix-stream")
    load = Load(consumers=32, items=None, more={"duration": "0.6", "run-id": "test-once"})
    command = [*trial_command(offer), *load.words()]
    environment = {**os.environ, "LD_PRELOAD": str(library), "MISTAKE": mistake}
    with (tmp_path / "events").open("wb") as events:
        ended = subprocess.run(command, stdout=events, env=environment, timeout=60, check=False)
    lines = (tmp_path / "events").read_bytes().splitlines()
    first, *between, last = [decode_event(line) for line in lines]
    assert ended.returncode == 0
    assert (type(first), type(last)) == (Ready, Result)
    assert {type(event) for event in between} == {Tick}
    assert len(set(lines)) == len(lines)


@pytest.mark.parametrize("name", DEALT)
def test_no_trial_deals_over_connections_of_another(name: str, tmp_path: Path) -> None:
    """One session, in whose order few consumers come after many: each has its own, and its turns to the message."""
    words = ("-t", available(name).transport.name, "-s", "16", "-c", "5,1,4,2,3", "--dispatch", "deal")
    length = ("-P", "deal_items=7", "--items", "1001", "--repeats", "2")
    command = [sys.executable, "-m", "queuemark", "run", *words, *length, "--json", "-"]
    environment = {**os.environ, "QUEUEMARK_DATA_DIR": str(tmp_path)}
    ended = subprocess.run(command, capture_output=True, env=environment, timeout=100, check=False)
    assert ended.returncode == 0, ended.stderr
    trials = [trial for case in json.loads(ended.stdout)["cases"] for trial in case["trials"]]
    assert len(trials) == 10
    for trial in trials:
        given = [consumer["dealt"] for consumer in trial["consumers"]]
        assert given == dealt(1001, len(given), 7)
