"""Checks of what a runner notices: one fault is made on purpose, and is found, called by its name, and nothing else."""

from __future__ import annotations

__all__ = ["CHECKS"]

from collections.abc import Callable

from queuemark.conform.bench import Bench
from queuemark.conform.check import Check, NotHere, expect
from queuemark.model.trial import Trial

_COUNTED = {"flip": "corrupted", "drop": "lost", "duplicate": "duplicated", "reorder": "reordered"}
"""The faults on the way, and the one count that names each."""

_STALL_S = 0.6


def _on_the_way(fault: str) -> Callable[[Bench], None]:
    def tried(bench: Bench) -> None:
        for size, consumers in ((64, 1), (64, 3), (1, 1)):
            if not (fault == "reorder" and _competing(bench, consumers)):
                _found(bench, fault, bench.trial(size_bytes=size, consumers=consumers, items=100, inject=fault))

    return tried


def _at_the_end(bench: Bench) -> None:
    _found(bench, "drop", bench.trial(items=1, inject="drop"))


def _in_a_fan_out(bench: Bench) -> None:
    if "fanout" not in bench.facts.patterns:
        raise NotHere("it offers no fan-out")
    trial = bench.trial(pattern="fanout", dispatch="deal", consumers=3, items=50, inject="drop")
    _found(bench, "drop", trial, copies=3)


def _found(bench: Bench, fault: str, trial: Trial, copies: int = 1) -> None:
    made = trial.injected
    expect(made is not None and made.fault == fault, f"it does not say that it made the fault; {_told(bench, trial)}")
    # The laboratory notices by itself what contradicts the facts, and says so of the runner.
    believed = not (trial.reason or "").startswith("the runner")
    expect(believed, f"the laboratory noticed the fault, and not the runner; {_told(bench, trial)}")
    counted = {name: getattr(trial, name) for name in _COUNTED.values()}
    due = dict.fromkeys(counted, 0) | {_COUNTED[fault]: copies}
    named = ", ".join(f"{count} {name}" for name, count in counted.items() if count) or "nothing"
    expect(counted == due, f"{copies} {_COUNTED[fault]} was to be found, found was {named}; {_told(bench, trial)}")
    fails = bench.facts.lossless or fault == "flip"
    expect(trial.state == ("failed" if fails else "ok"), f"the trial is called {trial.state}; {_told(bench, trial)}")
    whole = trial.sent * copies == trial.delivered + trial.lost
    expect(whole, f"sent {trial.sent} is not delivered {trial.delivered} + lost {trial.lost}; {_told(bench, trial)}")


def _killed(bench: Bench) -> None:
    _ended_by(bench, bench.trial(consumers=1, items=2000, inject="kill-consumer"), "kill-consumer", "killed")


def _stalled(bench: Bench) -> None:
    trial = bench.trial(consumers=1, items=2000, inject="stall-consumer", stall_s=_STALL_S)
    _ended_by(bench, trial, "stall-consumer", "stalled")


def _ended_by(bench: Bench, trial: Trial, fault: str, word: str) -> None:
    made, reason = trial.injected, trial.reason or ""
    expect(made is not None and made.fault == fault, f"it does not say that it made the fault; {_told(bench, trial)}")
    expect(trial.state == "failed", f"the trial is called {trial.state}; {_told(bench, trial)}")
    expect("consumer 0" in reason and word in reason, f"its reason names no consumer that was {word}: {reason}")


def _competing(bench: Bench, consumers: int) -> bool:
    """Where several consumers compete nobody can see an order."""
    return consumers > 1 and bench.facts.dispatches[0] == "compete"


def _told(bench: Bench, trial: Trial) -> str:
    return f"its reason is {trial.reason}; {bench.again()}"


CHECKS = (
    *(
        Check(promise=f"a message that is {done} on its way is found and named", try_it=_on_the_way(fault))
        for fault, done in (("flip", "damaged"), ("duplicate", "repeated"), ("reorder", "late"))
    ),
    Check(promise="a message that is dropped on its way is found and named", try_it=_on_the_way("drop"), brief=True),
    Check(promise="the last message, when it is lost, is missed", try_it=_at_the_end),
    Check(promise="a message that a fan-out loses is missed by every consumer", try_it=_in_a_fan_out),
    Check(promise="a consumer that is killed ends the trial, and is named", try_it=_killed),
    Check(promise="a consumer that stands still ends the trial, and is named", try_it=_stalled),
)
