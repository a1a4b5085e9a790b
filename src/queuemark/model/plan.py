"""From what was asked for to the list of cases.

1. Every axis of a sweep takes a list; the sweep is their product, less what a transport's facts exclude.
2. What is excluded is said once with its reason; it is not an error unless nothing is left.
3. What is unavailable stays in the plan: it becomes a listed result with reason and remedy.
"""

from __future__ import annotations

__all__ = [
    "Case",
    "Exclusion",
    "Expansion",
    "NothingLeft",
    "Plan",
    "Stage",
    "Sweep",
    "at_rate",
    "case_key",
    "expand",
    "planned_trials",
    "preferred_ack",
    "trial_seed",
    "unpaced",
]

import hashlib
from collections import Counter
from functools import cache
from itertools import product
from typing import Annotated, Any, Literal

import msgspec

from queuemark.model.errors import UsageError, nearest
from queuemark.model.link import Link
from queuemark.model.mix import Mix
from queuemark.model.search import Search
from queuemark.model.transport import PAYLOAD, Facts, ParamValue, Transport
from queuemark.model.units import Count, Positive
from queuemark.model.workload import (
    ACK_WINDOW_DEFAULT,
    VECTOR_HIGH_BYTES,
    MessagesSource,
    Workload,
    ack_name,
    policy_name,
    policy_value,
)


class Case(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A transport with its parameters and a workload: one cell of a sweep."""

    transport: str
    runtime: str
    params: dict[str, ParamValue]
    workload: Workload


class Stage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Trials that are run before those of the next stage, interleaved with each other.

    cases: their places in the plan. repeats: each is run until it has had so many trials, earlier stages included.
    """

    cases: list[Count]
    repeats: Positive


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a session does: cases, fresh process trees for each, and the seed that orders and fills them.

    command: what makes it again.
    until_percent: a case needs no further trial once half of the 95 % interval of its median rate is within so many
        percent of it; repeats is then the most. null: every case has all repeats.
    inject: the fault that every trial is asked to make, or null.
    messages_path: kept so that a session can be resumed; it never leaves the local store.
    search: what rates the session looks for by itself; null: its cases are all there is.
    stages: what a search has come to so far; empty: one, of all cases. Both cases and stages only ever grow.
    """

    preset: str | None = None
    command: str = ""
    repeats: Positive = 5
    until_percent: Annotated[float, msgspec.Meta(gt=0, lt=100)] | None = None
    seed: Count = 1
    inject: str | None = None
    order: Literal["interleaved"] = "interleaved"
    messages_path: str | None = None
    search: Search | None = None
    stages: list[Stage] = []
    cases: list[Case]


class Sweep(msgspec.Struct, kw_only=True):
    """The axes as they were asked for, already read and checked one by one.

    sizes_bytes: a mix of sizes is one value of this axis.
    dispatches: empty: what each transport prefers, the first that its facts name; where that is not
        to share, ``deal``.
    acks: empty: what each transport prefers, ``fence`` where it can do that.
    links: None: no wire in between.
    payloads: None: what each transport's parameters say.
    params: the values to sweep, by name; a transport without a parameter of that name ignores it if
        another transport of the sweep has it.
    """

    transports: tuple[str, ...]
    sizes_bytes: tuple[int | Mix, ...]
    consumers: tuple[int, ...]
    patterns: tuple[str, ...] = ("share",)
    dispatches: tuple[str, ...] = ()
    policies: tuple[str, ...] = ("each",)
    lingers_us: tuple[int, ...] = (0,)
    acks: tuple[str, ...] = ()
    waits: tuple[str, ...] = ("block",)
    placements: tuple[str, ...] = ("spread",)
    rates_per_s: tuple[float | None, ...] = (None,)
    in_flights: tuple[int, ...] = (1,)
    links: tuple[Link | None, ...] = (None,)
    payloads: tuple[str | None, ...] = (None,)
    params: dict[str, tuple[str, ...]] = {}
    items: int | None = None
    duration_s: float | None = None
    warmup_s: float = 0.01
    verify: str = "full"
    messages: MessagesSource | None = None
    stamp_every: int | None = None


class Exclusion(msgspec.Struct, frozen=True, kw_only=True):
    """Cells that a transport's facts rule out: how many, and why, in words for the user."""

    transport: str
    reason: str
    cells: int


class Expansion(msgspec.Struct, frozen=True, kw_only=True):
    """The cases of a sweep in the order of their axes, and what was left out."""

    cases: list[Case]
    exclusions: list[Exclusion]


def case_key(case: Case) -> str:
    """16 hexadecimal digits that identify a case by its meaning; the same on every machine and in every version.

    Fields at their default are left out, so that a field that a later version adds changes no key.
    """
    return hashlib.sha256(msgspec.json.encode(_told(case), order="sorted")).hexdigest()[:16]


def _told(value: Any) -> Any:
    """Structs as dictionaries of what differs from the defaults."""
    if isinstance(value, tuple):
        return [_told(each) for each in value]
    if not isinstance(value, msgspec.Struct):
        return value
    told = {}
    for name, default in _defaults(type(value)).items():
        content = getattr(value, name)
        if content != default:
            told[name] = _told(content) if isinstance(content, (tuple, msgspec.Struct)) else content
    return told


@cache
def _defaults(struct: type[msgspec.Struct]) -> dict[str, Any]:
    return {field.name: field.default for field in msgspec.structs.fields(struct)}


def planned_trials(plan: Plan) -> int:
    """How many trials the plan has so far."""
    if not plan.stages:
        return len(plan.cases) * plan.repeats
    repeats: dict[int, int] = {}
    for stage in plan.stages:
        repeats |= {place: max(stage.repeats, repeats.get(place, 0)) for place in stage.cases}
    return sum(repeats.values())


def at_rate(case: Case, rate_per_s: float | None) -> Case:
    """The same but for its offered load; None: as fast as it goes."""
    return msgspec.structs.replace(case, workload=msgspec.structs.replace(case.workload, rate_per_s=rate_per_s))


def unpaced(case: Case) -> Case:
    """The same, as fast as it goes."""
    return at_rate(case, None)


def trial_seed(seed: int, case: Case, repeat: int) -> int:
    """The 63-bit seed of one trial's content and faults, drawn from the session's seed."""
    drawn = hashlib.sha256(f"{seed}/{case_key(case)}/{repeat}".encode()).digest()
    return int.from_bytes(drawn[:8], "little") >> 1


class NothingLeft(UsageError):
    """Every cell of a sweep is ruled out; exclusions: which and why."""

    def __init__(self, exclusions: list[Exclusion]) -> None:
        self.exclusions = exclusions
        super().__init__("no case is left to run: " + "; ".join(f"{e.transport}: {e.reason}" for e in exclusions))


def expand(sweep: Sweep, transports: dict[str, Transport]) -> Expansion:
    """All cases of a sweep over known transports.

    Raises: UsageError for an unknown transport or when a parameter fits none of the transports;
    NothingLeft when the facts rule every cell out.
    """
    chosen = [_known(name, transports) for name in dict.fromkeys(sweep.transports)]
    for name in sweep.params:
        if not any(name == param.name for transport in chosen for param in transport.params):
            chosen[0].param(name)
    cases: dict[str, Case] = {}
    reasons: Counter[tuple[str, str]] = Counter()
    for transport in chosen:
        axes = product(sweep.payloads, _param_sets(sweep, transport), _workloads(sweep, transport))
        for payload, params, workload in axes:
            held = params if payload is None or PAYLOAD not in params else {**params, PAYLOAD: payload}
            case = Case(transport=transport.name, runtime=transport.runtime, params=held, workload=workload)
            reason = _not_taken(payload, transport) or _excluded(case, transport)
            if reason is None:
                cases.setdefault(case_key(case), case)
            else:
                reasons[transport.name, reason] += 1
    exclusions = [Exclusion(transport=name, reason=reason, cells=cells) for (name, reason), cells in reasons.items()]
    if not cases:
        raise NothingLeft(exclusions)
    return Expansion(cases=list(cases.values()), exclusions=exclusions)


def _known(name: str, transports: dict[str, Transport]) -> Transport:
    if name not in transports:
        raise UsageError(f"unknown transport {name!r}; {nearest(name, transports)}")
    return transports[name]


def _param_sets(sweep: Sweep, transport: Transport) -> list[dict[str, ParamValue]]:
    defaults = transport.defaults()
    named = {param.name: param for param in transport.params if param.name in sweep.params}
    choices = [[(name, param.read(text)) for text in sweep.params[name]] for name, param in named.items()]
    return [{**defaults, **dict(chosen)} for chosen in product(*choices)]


def _workloads(sweep: Sweep, transport: Transport) -> list[Workload]:
    sizes = (sweep.messages.largest_bytes,) if sweep.messages else sweep.sizes_bytes
    patterned = [
        (pattern, dispatch)
        for pattern in sweep.patterns
        for dispatch in sweep.dispatches or _preferred(transport.facts, pattern)
    ]
    axes = product(
        sizes,
        sweep.consumers,
        patterned,
        sweep.policies,
        sweep.lingers_us,
        sweep.acks or (preferred_ack(transport.facts),),
        sweep.waits,
        sweep.placements,
        list(product(sweep.rates_per_s, sweep.in_flights)),
        sweep.links,
    )
    return [
        Workload(
            size_bytes=size if isinstance(size, int) else size[-1].size_bytes,
            consumers=consumers,
            pattern=pattern,
            dispatch=dispatch,
            policy=policy,
            linger_us=linger_us if policy_name(policy) == "buffer" else 0,
            ack=ack,
            wait=wait,
            placement=placement,
            items=sweep.items,
            duration_s=sweep.duration_s,
            warmup_s=sweep.warmup_s,
            verify=sweep.verify,
            messages=sweep.messages,
            mix=() if isinstance(size, int) else size,
            rate_per_s=rate,
            stamp_every=sweep.stamp_every if pattern != "pingpong" else None,
            in_flight=flight if pattern == "pingpong" else 1,
            link=link,
        )
        for size, consumers, (pattern, dispatch), policy, linger_us, ack, wait, placement, (rate, flight), link in axes
    ]


def _preferred(facts: Facts, pattern: str) -> list[str]:
    """What a transport does with messages when nothing is said of it."""
    dealing = [dispatch for dispatch in facts.dispatches if dispatch == "deal"]
    return dealing if pattern != "share" and dealing else facts.dispatches[:1]


def _not_taken(payload: str | None, transport: Transport) -> str | None:
    """Why a message cannot be such an object here, or None."""
    if payload is None or payload in transport.payloads:
        return None
    return f"payload {payload} is not possible here (possible: {', '.join(transport.payloads)})"


def preferred_ack(facts: Facts) -> str:
    """What a transport confirms when nothing is said of it; as the runners have it."""
    first = "fence" if "fence" in facts.acks else facts.acks[0]
    return f"window:{ACK_WINDOW_DEFAULT}" if first == "window" else first


def _excluded(case: Case, transport: Transport) -> str | None:
    """Why the transport's facts rule this cell out, or None."""
    facts, load = transport.facts, case.workload
    for what, value, offered in (
        ("pattern", load.pattern, facts.patterns),
        ("dispatch", load.dispatch, facts.dispatches),
        ("policy", policy_name(load.policy), facts.policies),
        ("ack", ack_name(load.ack), facts.acks),
        ("wait", load.wait, facts.waits),
    ):
        if value not in offered:
            return f"{what} {value} is not possible here (possible: {', '.join(offered)})"
    if load.consumers < facts.consumers_low:
        return "nothing keeps messages that nobody is there to receive (use 1 consumer)"
    if load.link is not None and not facts.crosses_hosts:
        return "both ends are on one host: no link is between them"
    if load.pattern == "fanout" and load.dispatch != "deal":
        return f"fanout takes a connection for each consumer; with dispatch {load.dispatch} all read one (use deal)"
    if load.pattern == "pingpong" and (unanswered := _unanswered(load)):
        return unanswered
    if load.size_bytes > facts.max_size_bytes:
        return f"messages of more than {facts.max_size_bytes} bytes are not possible here"
    if policy_name(load.policy) == "vector" and policy_value(load.policy) * load.size_bytes > VECTOR_HIGH_BYTES:
        high_bytes = VECTOR_HIGH_BYTES // policy_value(load.policy)
        return f"messages of more than {high_bytes} bytes are too much for {load.policy} (use a shorter vector)"
    if facts.whole_bytes is not None and not load.one_size:
        return _mixed(load, facts.whole_bytes)
    if facts.whole_bytes is not None and load.consumers > 1:
        return _torn(load, facts.whole_bytes)
    return None


def _unanswered(load: Workload) -> str | None:
    """Why requests of this workload would not be replied to one by one, or None."""
    if load.consumers == 0:
        return "nobody is there to reply (use 1 consumer)"
    if ack_name(load.ack) in ("each", "window"):
        return f"each reply confirms its request; not with ack {load.ack} (use fence)"
    if policy_name(load.policy) not in ("each", "split"):
        return f"a request that waits for others has no round trip of its own; not with {load.policy} (use each)"
    if load.dispatch == "compete" and load.consumers > 1:
        return "of several consumers that take from one queue none can say whose reply comes next (use 1 consumer)"
    return None


def _mixed(load: Workload, whole_bytes: int) -> str | None:
    """Without lengths in the stream, messages that may differ in size are told apart only as one call each."""
    if load.size_bytes > whole_bytes:
        return (
            f"own messages and mixes of sizes are kept apart up to {whole_bytes} bytes, sequence number included; "
            f"the largest has {load.size_bytes}"
        )
    if policy_name(load.policy) != "each":
        return "own messages and mixes of sizes are kept apart only as one call each (use policy each)"
    return None


def _torn(load: Workload, whole_bytes: int) -> str | None:
    """Why a call of this workload would not reach one of several readers whole, or None."""
    if load.size_bytes > whole_bytes:
        return f"with several consumers a message above {whole_bytes} bytes would be torn apart"
    name, value = policy_name(load.policy), policy_value(load.policy)
    if name == "buffer" and value > whole_bytes:
        return (
            f"with several consumers a write above {whole_bytes} bytes would be torn apart (use buffer:{whole_bytes})"
        )
    if name == "vector" and value * load.size_bytes > whole_bytes:
        return (
            f"with several consumers a write above {whole_bytes} bytes would be torn apart "
            f"({load.policy} holds messages of at most {whole_bytes // value} bytes)"
        )
    return None
