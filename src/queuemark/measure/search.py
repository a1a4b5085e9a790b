"""Which cases a plan that searches needs next: one stage after the other, until there is nothing left to try.

1. The first stage sends every case as fast as it goes; what it delivers then is its ceiling.
2. All cases search at once: a stage holds one rate of each, so that a drift of the machine falls on all alike (M14).
3. The verdict on a rate is the caller's: nothing here knows how trials are kept or judged.
4. The plan and the verdicts alone say what comes next, so that a session which was interrupted goes on.
"""

from __future__ import annotations

__all__ = ["Judge", "begun", "extended"]

from collections.abc import Callable

import msgspec

from queuemark.model.plan import Case, Plan, Stage, at_rate, case_key, unpaced
from queuemark.model.search import Outcome, Search, Tried, bracket, next_rate_per_s, rounded_per_s

Judge = Callable[[Case], Outcome]
"""What the trials of a case came to so far."""


def begun(plan: Plan, search: Search) -> Plan:
    """The plan with its first stage: its cases, as fast as they go, once; for a walk as often as the others."""
    repeats = plan.repeats if search.goal == "sweep" else 1
    first = Stage(cases=list(range(len(plan.cases))), repeats=repeats)
    return msgspec.structs.replace(plan, search=search, stages=[first])


def extended(plan: Plan, judge: Judge) -> Plan | None:
    """The plan with one stage more, or None when nothing is left to try. judge: of cases of the plan."""
    if plan.search is None:
        return None
    if plan.search.goal == "sweep":
        return _walked(plan, plan.search, judge) if len(plan.stages) == 1 else None
    return _searched(plan, plan.search, judge)


def _walked(plan: Plan, search: Search, judge: Judge) -> Plan | None:
    ceilings = [(case, judge(case).rate_per_s) for case in plan.cases]
    wanted = [
        at_rate(case, rounded_per_s(ceiling_per_s * percent / 100))
        for case, ceiling_per_s in ceilings
        if ceiling_per_s
        for percent in search.percents
    ]
    return _with_stages(plan, {plan.repeats: wanted})


def _searched(plan: Plan, search: Search, judge: Judge) -> Plan | None:
    wanted: dict[int, list[Case]] = {}
    for place in plan.stages[0].cases:
        step = _step(plan, plan.cases[place], search, judge)
        if step is not None:
            case, repeats = step
            wanted.setdefault(repeats, []).append(case)
    return _with_stages(plan, wanted)


def _step(plan: Plan, base: Case, search: Search, judge: Judge) -> tuple[Case, int] | None:
    """The next rate of a case and how many trials it is to have; None when its search is over."""
    ceiling_per_s = judge(base).rate_per_s
    if not ceiling_per_s:
        return None
    paced = [case for case in plan.cases if case != base and unpaced(case) == base]
    tried = [Tried(rate_per_s=case.workload.rate_per_s or 0.0, outcome=judge(case)) for case in paced]
    rate_per_s = next_rate_per_s(ceiling_per_s, tried, search.resolution_percent)
    if rate_per_s is not None and len(tried) < search.rates_high:
        return at_rate(base, rate_per_s), 1
    kept = bracket(tried).kept
    if kept is None or kept.outcome.trials >= plan.repeats:
        return None
    return at_rate(base, kept.rate_per_s), plan.repeats


def _with_stages(plan: Plan, wanted: dict[int, list[Case]]) -> Plan | None:
    """wanted: cases, new or known, by the trials that each is to have."""
    places = {case_key(case): place for place, case in enumerate(plan.cases)}
    cases, stages = list(plan.cases), list(plan.stages)
    for repeats, chosen in wanted.items():
        for case in chosen:
            if places.setdefault(case_key(case), len(cases)) == len(cases):
                cases.append(case)
        held = dict.fromkeys(places[case_key(case)] for case in chosen)
        stages += [Stage(cases=list(held), repeats=repeats)] if held else []
    return msgspec.structs.replace(plan, cases=cases, stages=stages) if len(stages) > len(plan.stages) else None
