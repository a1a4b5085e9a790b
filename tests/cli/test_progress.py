"""The display: what it says, and how seldom."""

from __future__ import annotations

import io
import re
import threading

import msgspec
from rich.console import Console

from queuemark.cli.progress import CaseLabels, Progress
from queuemark.measure.execute import Step
from queuemark.measure.schedule import schedule
from queuemark.model.events import Tick
from queuemark.model.plan import Case
from queuemark.model.trial import Trial
from queuemark.model.workload import Workload
from tests.examples import trial


def case(size_bytes: int, nodelay: int = 0) -> Case:
    load = Workload(size_bytes=size_bytes, consumers=4, dispatch="deal", items=1000, policy="buffer:16384")
    return Case(transport="tcp", runtime="fake", params={"nodelay": nodelay, "batch": 1000}, workload=load)


CASES = [case(16), case(16, 1), case(1024)]
OK = trial(case(16))


class Shown:
    """A progress with a clock of its own."""

    def __init__(self, terminal: bool = False, kind: str = "xterm") -> None:
        self.now_s = 0.0
        self.file = io.StringIO()
        console = Console(file=self.file, force_terminal=terminal, width=200, _environ={"TERM": kind})
        self.slots = schedule(CASES, 10, 1)
        self.progress = Progress(console, self.slots, clock=lambda: self.now_s)

    def step(self, number: int, tick: Tick | None = None, trial: Trial | None = None) -> None:
        total = len(self.slots)
        self.progress(Step(slot=self.slots[number - 1], number=number, total=total, tick=tick, trial=trial))

    @property
    def lines(self) -> list[str]:
        return self.file.getvalue().splitlines()


def test_labels_leave_out_what_does_not_vary() -> None:
    label = CaseLabels(CASES)
    assert label(case(16)) == "tcp 16 B to 4, buffer:16384, nodelay=0"
    assert CaseLabels(CASES[:1])(case(16)) == "tcp 16 B to 4, buffer:16384"


def test_labels_name_what_is_not_as_usual() -> None:
    load = msgspec.structs.replace(CASES[0].workload, pattern="fanout", wait="spin-then-block")
    unusual = msgspec.structs.replace(CASES[0], workload=load)
    assert CaseLabels([unusual])(unusual) == "tcp 16 B to 4, buffer:16384, fanout, spin-then-block"


def test_labels_name_what_is_in_flight() -> None:
    asking = msgspec.structs.replace(CASES[0].workload, pattern="pingpong", policy="each", in_flight=8)
    unusual = msgspec.structs.replace(CASES[0], workload=asking)
    assert CaseLabels([unusual])(unusual) == "tcp 16 B to 4, each, pingpong, 8 in flight"


def test_a_plain_line_names_the_case_its_rate_and_the_time_left() -> None:
    shown = Shown()
    shown.now_s = 2.0
    shown.step(1, trial=OK)
    (line,) = shown.lines
    assert line.startswith("trial  1 of 30  tcp ")
    assert "ok 600 k/s" in line
    # One size takes a little longer than another.
    left_s = int(line.removesuffix(" s left").rpartition("about ")[2])
    assert 56 <= left_s <= 60


def test_time_left_is_there_before_anything_is_through() -> None:
    shown = Shown(terminal=True)
    with shown.progress:
        shown.step(1)
        shown.now_s = 1.0
        shown.step(1, tick=Tick(elapsed_ns=10**9, sent=5_000_000, delivered=5_000_000))
    assert re.search(r"about \d+ s left.*5 M/s  about \d+ s left", shown.file.getvalue(), re.DOTALL)


def test_m19_off_a_terminal_lines_are_rare_and_the_last_is_there() -> None:
    shown = Shown()
    for number in range(1, 31):
        shown.now_s += 0.1
        shown.step(number)
        shown.step(number, tick=Tick(elapsed_ns=1, sent=1, delivered=1))
        shown.step(number, trial=OK)
    assert len(shown.lines) <= 4
    assert shown.lines[-1].startswith("trial 30 of 30")
    assert "left" not in shown.lines[-1]


def test_m19_on_a_terminal_at_most_four_updates_a_second_and_no_thread() -> None:
    shown = Shown(terminal=True)
    threads = threading.active_count()
    with shown.progress:
        for _ in range(1000):
            shown.now_s += 0.001
            shown.step(1, tick=Tick(elapsed_ns=10**9, sent=5_000_000, delivered=5_000_000))
        assert threading.active_count() == threads
    assert 1 <= shown.file.getvalue().count("5 M/s") <= 5


def test_a_terminal_that_cannot_rewrite_a_line_gets_plain_ones() -> None:
    shown = Shown(terminal=True, kind="dumb")
    with shown.progress:
        shown.step(1, tick=Tick(elapsed_ns=10**9, sent=1000, delivered=1000))
        shown.step(1, trial=OK)
    assert len(shown.lines) == 1
    assert "\r" not in shown.file.getvalue() and "\x1b[" not in shown.file.getvalue().replace("\x1b[0m", "")


def test_a_failed_trial_says_why() -> None:
    shown = Shown()
    shown.step(30, trial=Trial(state="failed", reason="the runner was killed by SIGKILL"))
    assert "failed: the runner was killed by SIGKILL" in shown.lines[0]


def test_a_rate_that_is_withheld_is_not_shown_as_a_number() -> None:
    shown = Shown()
    shown.step(1, trial=Trial(state="ok", sent=10, delivered=10, window_ns=100))
    assert "ok, rate withheld" in shown.lines[0]


def test_what_is_passed_over_is_no_time_to_wait_and_says_nothing() -> None:
    shown = Shown()
    shown.now_s = 60
    shown.step(1, trial=OK)
    for number in range(2, len(shown.slots)):
        shown.progress(Step(slot=shown.slots[number - 1], number=number, total=len(shown.slots), passed_over=True))
    shown.now_s = 61
    shown.step(len(shown.slots) - 1, trial=OK)
    assert len(shown.lines) == 2
    assert re.search(r"about (\d+ min|\d{3} s)", shown.lines[0])
    assert "about 1 s left" in shown.lines[1]
