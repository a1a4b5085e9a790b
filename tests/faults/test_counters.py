"""Hardware counters of machines that have all, some or none: a library answers for the kernel (counters.c).

So what is done with them is proved on every machine, also on a virtual one that has none.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from queuemark.model.counters import Counters
from queuemark.model.trial import TrialFigures, figures
from tests.conformance.runs import Load, assert_kept_contract, assert_proved, offer_of, run_load
from tests.examples import case, trial

SOURCE = Path(__file__).parent / "counters.c"
TRANSPORT = "unix-stream"
CONSUMERS = 2
WORKERS = CONSUMERS + 1
LOAD = Load(size=16, consumers=CONSUMERS, items=500, params={"deal_items": 10})


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no C compiler (apt-get install gcc)")
    made = tmp_path_factory.mktemp("counters") / "counters.so"
    flags = ["-std=c17", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    subprocess.run([compiler, *flags, str(SOURCE), "-o", str(made), "-ldl"], check=True)
    return made


def counted(library: Path, machine: str, load: Load = LOAD) -> Counters:
    """What a proved trial says of its counters on such a machine."""
    offer = offer_of(TRANSPORT)
    if offer is None or not offer.transport.available:
        pytest.skip(f"{TRANSPORT} is unavailable here")
    run = run_load(offer, load, before=("env", f"LD_PRELOAD={library}", f"COUNTERS={machine}"))
    if "ERROR: AddressSanitizer" in run.stderr:
        pytest.skip("the sanitizer's own library must come first")
    assert_proved(offer, load, run)
    found = assert_kept_contract(run).counters
    assert found is not None
    return found


def test_m21_events_are_summed_over_the_workers(library: Path) -> None:
    found = counted(library, "counted")
    assert (found.cycles, found.instructions) == (1000 * WORKERS, 2000 * WORKERS)
    assert (found.cache_references, found.cache_misses) == (300 * WORKERS, 40 * WORKERS)
    assert (found.user_only, found.reason, found.counted_share) == (False, None, 1)


def test_requests_and_replies_are_counted_as_well(library: Path) -> None:
    found = counted(library, "counted", Load(size=16, consumers=CONSUMERS, items=200, pattern="pingpong"))
    assert (found.cycles, found.reason) == (1000 * WORKERS, None)


def test_m21_what_the_kernel_did_is_left_out_where_it_must_be_and_that_is_said(library: Path) -> None:
    found = counted(library, "user-only")
    assert found.cycles == 1000 * WORKERS
    assert found.user_only
    assert found.reason is not None
    assert found.reason.startswith("in user mode alone: ")
    assert "sysctl -w kernel.perf_event_paranoid" in found.reason


def test_m21_shared_counters_are_reckoned_up_and_that_is_said(library: Path) -> None:
    found = counted(library, "shared")
    assert (found.cycles, found.cache_misses) == (4000 * WORKERS, 160 * WORKERS)
    assert found.counted_share == 0.25


def test_events_that_are_missing_leave_the_others(library: Path) -> None:
    found = counted(library, "no-cache")
    assert (found.cycles, found.instructions) == (1000 * WORKERS, 2000 * WORKERS)
    assert (found.cache_references, found.cache_misses) == (None, None)
    assert (found.reason or "").startswith("not available here: ")


@pytest.mark.parametrize(
    ("machine", "word"),
    [
        ("missing", "virtual machine"),
        ("forbidden", "sysctl -w kernel.perf_event_paranoid"),
        ("no-call", "seccomp"),
        ("starved", "others use the counters"),
    ],
)
def test_m21_without_counters_nothing_is_counted_and_it_says_why(library: Path, machine: str, word: str) -> None:
    found = counted(library, machine)
    assert (found.cycles, found.instructions, found.cache_references, found.cache_misses) == (None,) * 4
    assert (found.reason or "").startswith("not available here: ")
    assert word in (found.reason or "")


def test_m21_counters_are_told_by_the_message() -> None:
    of = case("tcp")
    held = Counters(cycles=5000, instructions=10_000, cache_misses=50, enabled_ns=1, running_ns=1)

    def shown(counters: Counters | None) -> TrialFigures:
        return figures(trial(of, delivered=100, counters=counters), of.workload)

    told = shown(held)
    assert (told.cycles_per_message, told.instructions_per_message, told.cache_misses_per_message) == (50, 100, 0.5)
    assert told.instructions_per_cycle == 2
    assert shown(Counters(reason="not available here: none")).cycles_per_message is None
    assert shown(None).instructions_per_cycle is None
