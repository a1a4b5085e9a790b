"""In which order trials run (M14).

1. Round by round: every case has had its repeat r before any case has its repeat r + 1, so that a drift of the
   machine falls on all cases alike.
2. A plan in stages has the trials of one stage before those of the next; what a stage finds done it does not repeat.
3. Within a round the order is shuffled by the session's seed; the same plan and seed give the same order on every
   machine and in every version of Python.
"""

from __future__ import annotations

__all__ = ["Slot", "pending", "schedule", "staged"]

import hashlib
from collections.abc import Sequence, Set

import msgspec

from queuemark.model.plan import Case, Plan, case_key


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """One trial to be: of which case (key: its case_key), its 0-based repeat, its 0-based position in the session."""

    case: Case
    key: str
    repeat: int
    position: int


def schedule(cases: Sequence[Case], repeats: int, seed: int) -> list[Slot]:
    """Every (case, repeat) exactly once."""
    keyed = [(case_key(case), case) for case in cases]
    slots: list[Slot] = []
    for repeat in range(repeats):
        # Sorted by a hash and not by random.shuffle, whose order Python does not promise between versions.
        for key, case in sorted(keyed, key=lambda each: _draw(seed, repeat, each[0])):
            slots.append(Slot(case=case, key=key, repeat=repeat, position=len(slots)))
    return slots


def staged(plan: Plan) -> list[Slot]:
    """Every trial of a plan, stage by stage."""
    if not plan.stages:
        return schedule(plan.cases, plan.repeats, plan.seed)
    slots: dict[tuple[str, int], Slot] = {}
    for stage in plan.stages:
        for slot in schedule([plan.cases[place] for place in stage.cases], stage.repeats, plan.seed):
            slots.setdefault((slot.key, slot.repeat), msgspec.structs.replace(slot, position=len(slots)))
    return list(slots.values())


def pending(plan: Plan, done: Set[tuple[str, int]]) -> list[Slot]:
    """What a plan still lacks, in its order; done: (case_key, repeat)."""
    return [slot for slot in staged(plan) if (slot.key, slot.repeat) not in done]


def _draw(seed: int, repeat: int, key: str) -> bytes:
    return hashlib.sha256(f"order/{seed}/{repeat}/{key}".encode()).digest()
