"""The execution of a plan: what runs, in which order, what is handed over, what a stop does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psutil
import pytest

from queuemark.measure.execute import Step, execute
from queuemark.measure.link import Links, LinkUnavailable, ShapedLink
from queuemark.measure.schedule import schedule
from queuemark.model.link import Link, parse_link
from queuemark.model.plan import Case, Plan, case_key, trial_seed
from queuemark.model.trial import Trial
from queuemark.model.workload import Workload
from queuemark.runners.registry import VARIABLE, Offer, survey
from queuemark.runners.stop import Stop

SESSION_ID = "0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def offers(fake_runner: Path) -> dict[tuple[str, str], Offer]:
    return survey({VARIABLE: str(fake_runner)}).by_runtime()


def case(transport: str = "tcp", behave: str = "ok", **changed: Any) -> Case:
    load: dict[str, Any] = {"size_bytes": 64, "consumers": 1, "dispatch": "deal", "items": 100, **changed}
    return Case(transport=transport, runtime="fake", params={"behave": behave}, workload=Workload(**load))


class Ran:
    """Executes a plan and keeps what it hands over."""

    def __init__(self, plan: Plan, offers: dict[tuple[str, str], Offer], stop: Stop | None = None, **more: Any) -> None:
        self.trials: list[tuple[Case, Trial]] = []
        self.steps: list[Step] = []
        more = {"done": frozenset(), "on_progress": self.steps.append, **more}
        with stop or Stop() as heard:
            self.through = execute(plan, offers, session_id=SESSION_ID, on_trial=self.keep, stop=heard, **more)

    def keep(self, case: Case, trial: Trial) -> None:
        self.trials.append((case, trial))


def test_m13_every_repeat_is_a_process_tree_of_its_own(
    offers: dict[tuple[str, str], Offer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_LOG", str(tmp_path / "log"))
    plan = Plan(repeats=3, seed=7, cases=[case(), case("pipe", dispatch="compete")])
    ran = Ran(plan, offers)
    assert ran.through
    pids = [line.rpartition(", ")[2] for line in (tmp_path / "log").read_text().splitlines()]
    assert len(set(pids)) == len(pids) == 6


def test_m14_trials_come_in_the_order_of_the_schedule(offers: dict[tuple[str, str], Offer]) -> None:
    plan = Plan(repeats=2, seed=11, cases=[case(size_bytes=size) for size in (1, 2, 4)])
    ran = Ran(plan, offers)
    slots = schedule(plan.cases, plan.repeats, plan.seed)
    assert [case_key(ran_case) for ran_case, _ in ran.trials] == [slot.key for slot in slots]
    assert [trial.position for _, trial in ran.trials] == list(range(6))
    assert [trial.repeat for _, trial in ran.trials] == [0, 0, 0, 1, 1, 1]


def test_a_trial_is_complete_when_it_is_handed_over(offers: dict[tuple[str, str], Offer]) -> None:
    plan = Plan(repeats=1, seed=3, cases=[case()])
    ((ran_case, trial),) = Ran(plan, offers).trials
    assert trial.state == "ok"
    assert trial.seed == trial_seed(3, ran_case, 0)
    assert trial.run_id.startswith(f"{SESSION_ID[:16]}-0-")
    assert trial.outside_ns > 0
    assert trial.steal_ns >= 0
    assert trial.started_at


def test_what_is_done_is_not_done_again(offers: dict[tuple[str, str], Offer]) -> None:
    plan = Plan(repeats=2, seed=3, cases=[case(), case(size_bytes=8)])
    slots = schedule(plan.cases, plan.repeats, plan.seed)
    ran = Ran(plan, offers, done={(slot.key, slot.repeat) for slot in slots[:3]})
    assert [trial.position for _, trial in ran.trials] == [3]
    assert (ran.steps[0].number, ran.steps[0].total) == (1, 1)


def test_a_trial_is_kept_before_the_next_begins(offers: dict[tuple[str, str], Offer]) -> None:
    events: list[str] = []
    plan = Plan(repeats=1, seed=3, cases=[case(size_bytes=size) for size in (1, 2, 3)])
    with Stop() as stop:
        execute(
            plan,
            offers,
            session_id=SESSION_ID,
            done=frozenset(),
            on_trial=lambda case, trial: events.append("kept"),
            on_progress=lambda step: events.append("tick" if step.tick else "ended" if step.trial else "began"),
            stop=stop,
        )
    assert events == ["began", "tick", "kept", "ended"] * 3


@pytest.mark.parametrize("runtime", ["fake", "another"])
def test_what_is_unavailable_is_listed_and_not_run(
    offers: dict[tuple[str, str], Offer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runtime: str
) -> None:
    monkeypatch.setenv("FAKE_LOG", str(tmp_path / "log"))
    absent = Case(transport="absent", runtime=runtime, params={}, workload=case().workload)
    ran = Ran(Plan(repeats=2, seed=3, cases=[absent]), offers)
    assert ran.through
    assert [trial.state for _, trial in ran.trials] == ["unavailable"] * 2
    assert all(trial.reason and trial.remedy for _, trial in ran.trials)
    assert not (tmp_path / "log").exists()


def test_a_failed_trial_does_not_end_the_session(offers: dict[tuple[str, str], Offer]) -> None:
    plan = Plan(repeats=1, seed=3, cases=[case(behave="killed"), case(behave="ok"), case(behave="garbage")])
    states = {ran_case.params["behave"]: trial.state for ran_case, trial in Ran(plan, offers).trials}
    assert states == {"killed": "failed", "ok": "ok", "garbage": "failed"}


def test_a_stop_ends_the_current_trial_which_is_not_kept(offers: dict[tuple[str, str], Offer]) -> None:
    stop = Stop()
    long: dict[str, Any] = {"items": None, "duration_s": 30.0}
    plan = Plan(repeats=1, seed=3, cases=[case(**long), case(size_bytes=8, **long)])
    ran = Ran(plan, offers, stop, on_progress=lambda step: stop.ask() if step.tick else None)
    assert not ran.through
    assert ran.trials == []
    assert psutil.Process().children() == []


def test_a_stop_between_trials_begins_no_other(offers: dict[tuple[str, str], Offer]) -> None:
    stop = Stop()
    plan = Plan(repeats=1, seed=3, cases=[case(), case(size_bytes=8)])
    ran = Ran(plan, offers, stop, on_progress=lambda step: stop.ask() if step.trial else None)
    assert not ran.through
    assert len(ran.trials) == 1


def test_m16_a_case_that_has_enough_gets_no_further_repeat(offers: dict[tuple[str, str], Offer]) -> None:
    plan = Plan(repeats=5, seed=3, cases=[case(), case(size_bytes=8)])
    counts: dict[int, int] = {8: 0, 64: 0}

    def enough(asked: Case) -> bool:
        counts[asked.workload.size_bytes] += 1
        return asked.workload.size_bytes == 8 and counts[8] > 2

    ran = Ran(plan, offers, enough=enough)
    sizes = [ran_case.workload.size_bytes for ran_case, _ in ran.trials]
    assert ran.through
    assert (sizes.count(8), sizes.count(64)) == (2, 5)


def test_the_fault_is_passed_on(offers: dict[tuple[str, str], Offer]) -> None:
    ((_, trial),) = Ran(Plan(repeats=1, seed=3, inject="flip", cases=[case()]), offers).trials
    assert trial.injected is not None
    assert trial.injected.fault == "flip"
    assert trial.state == "failed"


def test_a_stop_while_a_link_is_made_records_nothing(
    offers: dict[tuple[str, str], Offer], monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = Stop()

    def interrupted(links: Links, link: Link) -> ShapedLink:
        stop.ask()
        raise LinkUnavailable(f"no link of {link.bits_per_s} b/s", "become root")

    monkeypatch.setattr(Links, "opened", interrupted)
    ran = Ran(Plan(repeats=1, seed=3, cases=[case(link=parse_link("10M"))]), offers, stop)
    assert (ran.through, ran.trials) == (False, [])


def test_a_link_that_cannot_be_made_makes_its_cases_unavailable(
    offers: dict[tuple[str, str], Offer], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(links: Links, link: Link) -> ShapedLink:
        raise LinkUnavailable(f"no link of {link.bits_per_s} b/s", "become root")

    monkeypatch.setattr(Links, "opened", refuse)
    plan = Plan(repeats=1, seed=3, cases=[case(link=parse_link("10M")), case()])
    trials = {of.workload.link is None: trial for of, trial in Ran(plan, offers).trials}
    assert (trials[True].state, trials[False].state) == ("ok", "unavailable")
    assert (trials[False].reason, trials[False].remedy) == ("no link of 10000000 b/s", "become root")
