"""The stages of a search: every case begins unpaced, all search at once, and plan and verdicts say what is next."""

from __future__ import annotations

import msgspec

from queuemark.measure.schedule import pending, staged
from queuemark.measure.search import Judge, begun, extended
from queuemark.model.plan import Case, Plan, case_key, planned_trials, unpaced
from queuemark.model.search import Outcome, Search
from tests.examples import case

TCP, UNIX = case("tcp"), case("unix-stream")
HIGHEST_PER_S = {"tcp": 130_000.0, "unix-stream": 80_000.0}


class Simulated:
    """Trials of cases that keep their promise up to a rate; it counts those that were asked for."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.trials: dict[str, int] = {}

    def run(self) -> None:
        slots = staged(self.plan)
        self.trials = {}
        for slot in slots:
            self.trials[slot.key] = self.trials.get(slot.key, 0) + 1

    def __call__(self, of: Case) -> Outcome:
        rate_per_s = of.workload.rate_per_s or 200_000.0
        return Outcome(
            rate_per_s=rate_per_s,
            kept=rate_per_s <= HIGHEST_PER_S[of.transport],
            trials=self.trials.get(case_key(of), 0),
        )


def through(plan: Plan) -> tuple[Plan, Simulated]:
    judge = Simulated(plan)
    judge.run()
    while (more := extended(judge.plan, judge)) is not None:
        assert more.cases[: len(judge.plan.cases)] == judge.plan.cases
        assert more.stages[: len(judge.plan.stages)] == judge.plan.stages
        judge.plan = more
        judge.run()
        assert len(judge.plan.stages) < 60
    return judge.plan, judge


def plan(*cases: Case, repeats: int = 3) -> Plan:
    return Plan(repeats=repeats, seed=1, cases=list(cases))


def test_a_walk_offers_shares_of_what_each_case_delivers_unpaced() -> None:
    walked, judge = through(begun(plan(TCP, UNIX), Search(goal="sweep", percents=[10, 110])))
    assert [each.workload.rate_per_s for each in walked.cases] == [None, None, 20_000, 220_000, 20_000, 220_000]
    assert set(judge.trials.values()) == {3}
    assert planned_trials(walked) == len(staged(walked)) == 18


def test_m26_the_highest_rate_has_as_many_trials_as_any_case_and_the_others_one() -> None:
    found, judge = through(begun(plan(TCP, UNIX), Search(goal="lossless", resolution_percent=5.0)))
    for base in (TCP, UNIX):
        paced = [each for each in found.cases if each != base and unpaced(each) == base]
        confirmed = [each for each in paced if judge.trials[case_key(each)] == 3]
        kept = [each for each in paced if judge(each).kept]
        assert confirmed == [max(kept, key=lambda each: each.workload.rate_per_s or 0)]
        assert {judge.trials[case_key(each)] for each in paced} == {1, 3}


def test_m26_a_rate_that_fails_its_confirmation_is_searched_below() -> None:
    class Moody(Simulated):
        def __call__(self, of: Case) -> Outcome:
            said = super().__call__(of)
            confirmed = said.trials > 1 and (of.workload.rate_per_s or 0) > 100_000
            return msgspec.structs.replace(said, kept=False) if confirmed else said

    judge = Moody(begun(plan(TCP), Search(goal="lossless")))
    judge.run()
    while (more := extended(judge.plan, judge)) is not None:
        judge.plan = more
        judge.run()
    confirmed = [each for each in judge.plan.cases[1:] if judge.trials[case_key(each)] == 3 and judge(each).kept]
    assert [each for each in confirmed if (each.workload.rate_per_s or 0) <= 100_000] == confirmed != []


def test_all_cases_search_at_once() -> None:
    begun_plan = begun(plan(TCP, UNIX), Search(goal="lossless"))
    judge = Simulated(begun_plan)
    judge.run()
    more = extended(begun_plan, judge)
    assert more is not None
    assert [more.cases[place].transport for place in more.stages[1].cases] == ["tcp", "unix-stream"]


def test_a_search_is_bounded_in_its_rates() -> None:
    found, judge = through(begun(plan(TCP), Search(goal="lossless", resolution_percent=1.0, rates_high=4)))
    assert len(found.cases) == 1 + 4
    assert 3 in judge.trials.values()


def test_a_case_that_could_not_run_is_not_searched() -> None:
    def nothing(of: Case) -> Outcome:
        return Outcome(rate_per_s=None, kept=False, trials=1)

    judge: Judge = nothing
    assert extended(begun(plan(TCP), Search(goal="lossless")), judge) is None
    assert extended(begun(plan(TCP), Search(goal="sweep", percents=[50])), judge) is None


def test_a_plan_without_a_search_has_nothing_to_add() -> None:
    assert extended(plan(TCP), Simulated(plan(TCP))) is None


def test_m14_stages_are_run_one_after_the_other_and_repeat_nothing() -> None:
    found, _ = through(begun(plan(TCP, UNIX), Search(goal="lossless")))
    slots = staged(found)
    assert [slot.position for slot in slots] == list(range(len(slots)))
    assert len({(slot.key, slot.repeat) for slot in slots}) == len(slots)
    assert {slot.case.transport for slot in slots[:2]} == {"tcp", "unix-stream"}
    done = {(slot.key, slot.repeat) for slot in slots[:5]}
    assert pending(found, done) == slots[5:]
