"""What a case is called among the others of its session.

What all cases have in common is said once; what most have in common is left out of the name of those
that have it, and stands in the name of the others. Nothing of a case's meaning is left unsaid.
"""

from __future__ import annotations

__all__ = ["Naming", "case_number", "policy_text", "rate_text", "server_text", "size_text", "workload_text"]

from collections import Counter
from collections.abc import Sequence

import msgspec

from queuemark.model.broker import BrokerUse
from queuemark.model.errors import UsageError
from queuemark.model.link import link_text
from queuemark.model.mix import mix_text
from queuemark.model.plan import Case, case_key
from queuemark.model.session import CaseResult, SessionDocument
from queuemark.model.units import format_bytes, format_count, format_duration_s
from queuemark.model.workload import Workload, policy_name, policy_value
from queuemark.views.numbers import counted

_OFFERED = ("rate_per_s", "stamp_every")
_USUAL = (
    "pattern",
    "in_flight",
    "wait",
    "placement",
    "ack",
    "verify",
    "linger_us",
    "warmup_s",
    "amount",
    "messages",
    "link",
    *_OFFERED,
)


class Naming(msgspec.Struct, frozen=True, kw_only=True):
    """usual: for each of the workload's settings, what most cases of the session have, as text.

    params: by transport, what most of its cases have; the dispatch is among them. twofold: transports that several
    runtimes measured.
    """

    usual: dict[str, str]
    params: dict[str, dict[str, int | str]]
    twofold: frozenset[str] = frozenset()

    @classmethod
    def of(cls, cases: Sequence[Case]) -> Naming:
        usual = {name: _most([_setting(case.workload, name) for case in cases]) for name in _USUAL}
        params: dict[str, dict[str, int | str]] = {}
        for transport in dict.fromkeys(case.transport for case in cases):
            held = [_parts(case) for case in cases if case.transport == transport]
            params[transport] = {name: _lowest_most([h[name] for h in held if name in h]) for name in held[0]}
        runners = Counter(transport for transport, _ in {(case.transport, case.runtime) for case in cases})
        return cls(
            usual=usual, params=params, twofold=frozenset(name for name, runtimes in runners.items() if runtimes > 1)
        )

    def mechanism(self, case: Case) -> str:
        """``tcp``, or, where several runtimes measured it, ``tcp (python)``"""
        return f"{case.transport} ({case.runtime})" if case.transport in self.twofold else case.transport

    def name(self, case: Case) -> str:
        """The mechanism, and whatever is not usual: ``tcp nodelay=1 wait=spin``."""
        usual = self.params.get(case.transport, {})
        parts = [f"{name}={value}" for name, value in _parts(case).items() if usual.get(name) != value]
        parts += [
            _named_setting(case.workload, name)
            for name, held in self.usual.items()
            if _setting(case.workload, name) != held
        ]
        return " ".join([self.mechanism(case), *parts])

    def params_text(self) -> str:
        """What each transport has where no name says otherwise: ``tcp nodelay=0, ...; pipe ...``"""
        told = {name: ", ".join(f"{key}={value}" for key, value in held.items()) for name, held in self.params.items()}
        return "; ".join(f"{name} {held}" for name, held in told.items())

    def usual_text(self) -> str:
        """One line: ``share; wait block; placement spread; ...``"""
        told = {name: value for name, value in self.usual.items() if value not in ("", "0")}
        parts = [told.pop("pattern", ""), *(f"{_WORDS.get(name, name)} {value}" for name, value in told.items())]
        return "; ".join(part for part in parts if part)


def _parts(case: Case) -> dict[str, int | str]:
    return {**case.params, "dispatch": case.workload.dispatch}


_WORDS = {
    "in_flight": "in flight",
    "warmup_s": "warm-up",
    "linger_us": "linger",
    "amount": "each trial",
    "messages": "messages of",
    "link": "over a link of",
    "rate_per_s": "offered",
    "stamp_every": "one stamped in",
}


def _named_setting(load: Workload, name: str) -> str:
    """One setting in a case's name; as many messages as are taken are no rate."""
    told = _setting(load, name)
    if name == "link":
        return f"over {told}" if told else "on one host"
    if name == "rate_per_s":
        return f"rate={told}" if told else "saturated"
    return told if name == "amount" else f"{name}={told}"


def _setting(load: Workload, name: str) -> str:
    if name in _OFFERED and getattr(load, name) is None:
        return ""
    if name == "in_flight" and load.pattern != "pingpong":
        return ""
    if name == "rate_per_s":
        return rate_text(load.rate_per_s or 0)
    if name == "amount":
        return f"{format_count(load.items)} items" if load.items else format_duration_s(load.duration_s or 0)
    if name == "link":
        return link_text(load.link) if load.link else ""
    if name == "messages":
        return load.messages.name if load.messages else ""
    if name == "warmup_s":
        return format_duration_s(load.warmup_s) if load.warmup_s else "none"
    return str(getattr(load, name))


def _most(values: Sequence[str]) -> str:
    return Counter(values).most_common(1)[0][0] if values else ""


def _lowest_most(values: Sequence[int | str]) -> int | str:
    """Of the most frequent values the lowest: a switch is named where it is on."""
    counts = Counter(values)
    most = max(counts.values())
    return min((value for value, count in counts.items() if count == most), key=lambda value: (str(type(value)), value))


def rate_text(rate_per_s: float) -> str:
    """An offered rate as it is typed, exactly: ``10k/s``, ``2.5M/s``."""
    scale, unit = next((held for held in ((1e6, "M"), (1e3, "k")) if rate_per_s >= held[0]), (1.0, ""))
    return f"{rate_per_s / scale:.12g}{unit}/s"


def policy_text(policy: str) -> str:
    """``buffer:16k`` for ``buffer:16384``; ``vector:64``, which holds messages and no bytes, stays as it is."""
    size_bytes = policy_value(policy) if policy_name(policy) == "buffer" else 0
    return f"buffer:{size_bytes // 1024}k" if size_bytes and size_bytes % 1024 == 0 else policy


def size_text(load: Workload) -> str:
    """``64 B``; of a mix its sizes and shares, of own messages the largest."""
    return mix_text(load.mix) or format_bytes(load.size_bytes)


def workload_text(load: Workload) -> str:
    """The whole workload in one line."""
    own = f" of {load.messages.name}" if load.messages else ""
    in_flight = f", {load.in_flight} in flight" if load.pattern == "pingpong" else ""
    linked = f" over a link of {link_text(load.link)}" if load.link else ""
    offered = f"; offered {_setting(load, 'rate_per_s')}" if load.rate_per_s is not None else ""
    stamped = f"; one stamped in {load.stamp_every}" if load.stamp_every is not None else ""
    return (
        f"{'up to ' if own else ''}{size_text(load)} messages{own} to "
        f"{counted(load.consumers, 'consumer')}{linked}; {load.pattern}{in_flight}, {load.dispatch}; policy "
        f"{policy_text(load.policy)}{f', linger {load.linger_us} us' if load.linger_us else ''}; ack {load.ack}; "
        f"wait {load.wait}; placement {load.placement}; verify {load.verify}; each trial {_setting(load, 'amount')} "
        f"after a warm-up of {_setting(load, 'warmup_s')}{offered}{stamped}"
    )


def case_number(document: SessionDocument, name: str) -> tuple[int, CaseResult]:
    """A case by its number in the session (from 1) or the beginning of its key; digits alone are a number.

    Raises: UsageError when none or several fit.
    """
    numbered = list(enumerate(document.cases, 1))
    fitting = [(number, result) for number, result in numbered if _named(name.lower(), number, result)]
    if len(fitting) == 1:
        return fitting[0]
    said = "fits several cases" if fitting else "is no case of this session"
    raise UsageError(f"{name!r} {said}; name one by its number, 1 to {len(numbered)}, or by its key")


def _named(name: str, number: int, result: CaseResult) -> bool:
    key = case_key(result.case)
    if name.isdecimal() and len(name) < len(key):
        return int(name) == number
    return bool(name) and key.startswith(name)


def server_text(used: BrokerUse) -> str:
    """``nats 2.15.1, started for each trial``"""
    version = f" {used.version}" if used.version else ""
    return f"{used.name}{version}, {'started for each trial' if used.started else 'one that ran already'}"
