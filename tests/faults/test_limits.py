"""Limits at their minimum, and no privileges: one clear line and a result, never a hang and nothing left."""

from __future__ import annotations

import os
import resource
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from queuemark.model.events import Result, decode_event
from queuemark.model.transport import Listing
from queuemark.model.trial import Trial
from queuemark.runners.registry import Offer, ask
from queuemark.store import Store
from tests.conformance.runs import OFFERS
from tests.faults.leftovers import processes_of, queue_names
from tests.serving_brokers import server_words

RLIMIT_MSGQUEUE = 12
"""resource(3) of Python has no name for it; include/uapi/asm-generic/resource.h."""

MEBIBYTE = 1024 * 1024
NOBODY = 65534
NATIVE = [offer for offer in OFFERS if offer.transport.runtime == "native" and offer.transport.available]

pytestmark = pytest.mark.skipif(not NATIVE, reason="no native transport is available here")


@dataclass(frozen=True)
class Place:
    """A directory that an unprivileged user may use, with a runner that it may start."""

    directory: Path
    runner: Path

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in ("HOME", "QUEUEMARK_DATA_DIR")}
        return {**kept, "QUEUEMARK_DATA_DIR": str(self.directory / "data"), "QUEUEMARK_RUNNER": str(self.runner)}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    # pytest's own directory and a checkout may be closed to other users.
    with tempfile.TemporaryDirectory(prefix="queuemark-test-") as name:
        directory = Path(name)
        directory.chmod(0o777)
        runner = directory / "queuemark-runner"
        shutil.copy(NATIVE[0].command[0], runner)
        runner.chmod(0o755)
        yield Place(directory, runner)
        assert processes_of(name) == []
        assert queue_names(tmp_path) == []


@pytest.fixture(params=NATIVE, ids=[offer.transport.name for offer in NATIVE])
def offer(request: pytest.FixtureRequest) -> Offer:
    found: Offer = request.param
    return found


def limited(place: Place, words: list[str], limits: dict[int, int]) -> subprocess.CompletedProcess[str]:
    """Runs the runner without privileges and within limits."""

    def set_limits() -> None:
        for limit, value in limits.items():
            resource.setrlimit(limit, (value, value))

    unprivileged = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
    return subprocess.run(
        [str(place.runner), *words],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env=place.environment(),
        cwd=place.directory,
        preexec_fn=set_limits,
        **unprivileged,  # type: ignore[call-overload]
    )


def trial(place: Place, offer: Offer, limits: dict[int, int], *words: str) -> Result:
    """One trial within limits; whatever becomes of it is said in one result, and in one line when it is not ok."""
    named = [offer.transport.name, *server_words(offer.transport)]
    ended = limited(place, ["trial", *named, "--stall", "2", "--warmup", "0", *words], limits)
    result = decode_event(ended.stdout.splitlines()[-1])
    assert isinstance(result, Result)
    assert ended.returncode in {"ok": (0,), "failed": (1, 4), "unavailable": (3,)}[result.state]
    assert len(ended.stderr.splitlines()) == (ended.returncode in (1, 3)), ended.stderr
    if result.state == "ok":
        assert result.sent == result.delivered + result.lost > 0
        assert result.lost == 0 or not offer.transport.facts.lossless
    return result


def test_nothing_special_is_needed(place: Place, offer: Offer) -> None:
    for consumers in (1, 4):
        result = trial(place, offer, {}, "--items", "1000", "--consumers", str(consumers))
        assert (result.state, result.reason) == ("ok", None)


def test_16_descriptors(place: Place, offer: Offer) -> None:
    limits = {resource.RLIMIT_NOFILE: 16}
    assert trial(place, offer, limits, "--items", "100").state == "ok"
    for consumers in (4, 5, 6, 7, 8, 32):
        result = trial(place, offer, limits, "--items", "100", "--consumers", str(consumers))
        if result.state != "ok":
            assert "Too many open files" in (result.reason or "")
            assert result.remedy
    assert result.state != "ok"


def test_one_process(place: Place, offer: Offer) -> None:
    if os.getuid() != 0:
        pytest.skip("the processes that this user has already would count")
    result = trial(place, offer, {resource.RLIMIT_NPROC: 1}, "--items", "100", "--consumers", "4")
    assert result.state == "failed"
    assert "start worker" in (result.reason or "")
    assert "ulimit -u" in (result.remedy or "")


# With less the loader cannot map the runner itself, which has some 6 MiB: nothing of ours runs then.
@pytest.mark.parametrize("mebibytes", [9, 10, 12, 20, 40])
def test_little_address_space(place: Place, offer: Offer, mebibytes: int) -> None:
    limits = {resource.RLIMIT_AS: mebibytes * MEBIBYTE}
    for words in (["--items", "100", "--size", "4096"], ["--duration", "0.05", "--size", "64"]):
        result = trial(place, offer, limits, "--consumers", "4", *words)
        if result.state != "ok":
            assert "emory" in (result.reason or ""), result
            assert result.remedy or "consumer" in (result.reason or "") or "producer" in (result.reason or "")


def test_large_messages_in_little_memory(place: Place, offer: Offer) -> None:
    size = str(min(offer.transport.facts.max_size_bytes, 16 * MEBIBYTE))
    result = trial(place, offer, {resource.RLIMIT_AS: 24 * MEBIBYTE}, "--items", "3", "--size", size)
    assert result.state == "ok" or "emory" in (result.reason or ""), result


def test_no_locked_memory_is_needed(place: Place, offer: Offer) -> None:
    assert trial(place, offer, {resource.RLIMIT_MEMLOCK: 0}, "--items", "100").state == "ok"


def test_no_bytes_for_queues(place: Place, offer: Offer) -> None:
    limits = {RLIMIT_MSGQUEUE: 0}
    result = trial(place, offer, limits, "--items", "100")
    if offer.transport.name != "mq-posix":
        assert result.state == "ok"
        return
    assert result.state == "unavailable"
    assert "ulimit -q" in (result.remedy or "")
    listed = limited(place, ["list"], limits)
    assert listed.returncode == 0
    assert '"available":false' in listed.stdout


def test_a_full_disk_has_nothing_to_do_with_a_trial(place: Place, offer: Offer) -> None:
    result = trial(place, offer, {resource.RLIMIT_FSIZE: 0}, "--items", "100")
    if offer.transport.name != "shm-ring":
        assert result.state == "ok"
        return
    # Memory without a name is a file as well, for this limit.
    assert result.state == "unavailable"
    assert "ulimit -f" in (result.remedy or "")


def test_the_listing_is_made_whatever_the_limits(place: Place) -> None:
    for limits in ({resource.RLIMIT_NOFILE: 8}, {resource.RLIMIT_NPROC: 1}, {resource.RLIMIT_AS: 12 * MEBIBYTE}):
        listed = limited(place, ["list"], limits)
        assert (listed.returncode, listed.stderr) == (0, "")
    listing = ask((str(place.runner),))
    assert isinstance(listing, Listing)


def readable_by_all(path: Path) -> bool:
    """Whether another user may come to this file at all."""
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in path.resolve().parents)


def test_the_whole_command_works_without_privileges(place: Place) -> None:
    if os.getuid() != 0:
        pytest.skip("this is the case already: the tests themselves run without privileges")
    import queuemark

    if not (readable_by_all(Path(sys.executable)) and readable_by_all(Path(queuemark.__file__))):
        pytest.skip("this Python or this checkout is closed to other users")
    names = ",".join(offer.transport.name for offer in NATIVE)
    command = [sys.executable, "-m", "queuemark", "run", "-t", names, "-s", "64", "--items", "500", "--repeats", "1"]
    ended = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        env=place.environment(),
        cwd=place.directory,
    )
    assert ended.returncode == 0, ended.stderr
    with Store.open(place.directory / "data") as store:
        trials: list[Trial] = [trial for case in store.document(store.find().id).cases for trial in case.trials]
    assert [trial.state for trial in trials] == ["ok"] * len(NATIVE)


def test_a_data_directory_that_may_not_be_written(place: Place) -> None:
    if os.getuid() == 0:
        pytest.skip("root may write anywhere; the command's own tests have this for a file in the way")
    closed = place.directory / "closed"
    closed.mkdir(mode=0o500)
    ended = subprocess.run(
        [sys.executable, "-m", "queuemark", "run", "-t", NATIVE[0].transport.name, "--items", "10"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**place.environment(), "QUEUEMARK_DATA_DIR": str(closed / "data")},
        cwd=place.directory,
    )
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert str(closed) in ended.stderr.replace("\n", "")
