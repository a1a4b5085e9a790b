"""From what was asked to the plan that is run: everything that can be wrong with a request is found here.

1. Options narrow a preset or a plan file to the transports named, and replace its other axes.
2. Without either, options make one sweep with the documented defaults.
3. Cases of several sweeps are joined, each once, in their order.
"""

from __future__ import annotations

__all__ = ["Prepared", "Request", "prepare"]

import secrets
from collections.abc import Iterable
from math import prod
from pathlib import Path

import msgspec

from queuemark.analysis.stopping import REPEATS_LOW
from queuemark.cli.asked import (
    REPEATS_DEFAULT,
    REPEATS_UNTIL,
    Asked,
    check_params,
    known_name,
    merged,
    read_inject,
    read_messages_format,
    read_repeats,
    read_seed,
    read_sweep,
    read_transports,
    read_until,
)
from queuemark.cli.planfile import PlanFile, place_of, read_plan_file
from queuemark.cli.presets import PRESETS, Preset
from queuemark.cli.searching import read_search, without_lossless
from queuemark.measure.messages import read_messages
from queuemark.measure.search import begun
from queuemark.model.errors import UsageError, nearest
from queuemark.model.plan import Case, Exclusion, NothingLeft, Plan, Sweep, case_key, expand
from queuemark.model.transport import Transport
from queuemark.model.units import parse_duration_s
from queuemark.model.workload import MessagesSource
from queuemark.runners.contract import STALL_DEFAULT_S

_CELLS_HIGH = 100_000


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """The words of ``queuemark run``: a name (preset or plan file), the axes, and what holds for the whole."""

    name: str | None = None
    asked: Asked = Asked()
    repeats: str | None = None
    until: str | None = None
    seed: str | None = None
    inject: str | None = None
    stall: str | None = None
    messages: str | None = None
    messages_format: str | None = None
    rate_sweep: str | None = None
    max_lossless: bool = False
    p99: str | None = None
    resolution: str | None = None


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A plan (its command is yet to be set), what the transports' facts rule out, and the stall limit.

    missing: transports that a preset names and no runner here offers.
    words: the request as a plan file would say it; its messages' path is absolute.
    """

    plan: Plan
    exclusions: list[Exclusion]
    missing: tuple[str, ...] = ()
    words: PlanFile
    stall_s: float


class _Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where the sweeps come from. what: for messages to people. plan: the file that said what options did not."""

    what: str
    preset: str | None
    sweeps: tuple[Asked, ...]
    request: Request
    plan: Path | None = None

    def place(self, key: str, said: str | None) -> str:
        """Where a complaint about a key belongs; said: by an option, whose place everybody sees."""
        return f"{place_of(self.plan, key)}: {key}: " if self.plan is not None and said is None else ""


def prepare(request: Request, known: dict[str, Transport]) -> Prepared:
    """Raises: UsageError for whatever cannot be run as it was asked."""
    source = _source(request, known)
    whole = source.request
    messages = _messages(source, request)
    read_transports(request.asked.transports, known)
    sweeps = _narrowed(source, request.asked, known)
    inject = read_inject(whole.inject) if whole.inject is not None else None
    cases, exclusions = _joined(sweeps, known, messages)
    cases, unseen = _seen(cases, inject)
    search = read_search(whole.rate_sweep, whole.max_lossless, whole.p99, whole.resolution)
    if search is not None and any(sweep.rates is not None for sweep in sweeps):
        raise UsageError("a search finds out rates by itself; leave --rate out")
    if search is not None and whole.until is not None:
        raise UsageError("a search tries each rate with all repeats; leave --until out")
    cases, sure = without_lossless(cases, search, known)
    plan = Plan(
        preset=source.preset,
        repeats=_repeats(source),
        until_percent=read_until(whole.until) if whole.until is not None else None,
        seed=read_seed(whole.seed) if whole.seed is not None else secrets.randbelow(2**32),
        inject=inject,
        messages_path=str(Path(whole.messages).absolute()) if whole.messages is not None else None,
        cases=cases,
    )
    stall_s = parse_duration_s(whole.stall, "stall") if whole.stall is not None else STALL_DEFAULT_S
    return Prepared(
        plan=begun(plan, search) if search is not None else plan,
        exclusions=exclusions + unseen + sure,
        missing=_missing(source, known) if request.asked.transports is None else (),
        words=_words(whole, plan, sweeps),
        stall_s=stall_s,
    )


def _repeats(source: _Source) -> int:
    """Raises: UsageError for fewer than a rule needs that ends a case when its interval is narrow."""
    whole = source.request
    if whole.repeats is None:
        return REPEATS_DEFAULT if whole.until is None else REPEATS_UNTIL
    repeats = read_repeats(whole.repeats)
    if whole.until is not None and repeats < REPEATS_LOW:
        raise UsageError(
            f"repeats {whole.repeats!r}: to go on until an interval is narrow takes at least {REPEATS_LOW}; "
            f"write for example {REPEATS_UNTIL}, the most that a case gets"
        )
    return repeats


def _missing(source: _Source, known: dict[str, Transport]) -> tuple[str, ...]:
    if source.preset is None:
        return ()
    named = (name for sweep in source.sweeps if sweep.transports for name in sweep.transports.split(","))
    return tuple(dict.fromkeys(name for name in named if name not in known))


def _words(whole: Request, plan: Plan, sweeps: list[Asked]) -> PlanFile:
    said = {name: getattr(whole, name) for name in PlanFile.__struct_fields__ if name != "sweeps"}
    return PlanFile(sweeps=tuple(sweeps), **{**said, "repeats": str(plan.repeats), "messages": plan.messages_path})


def _source(request: Request, known: dict[str, Transport]) -> _Source:
    name = request.name
    if name is None and (_sweeps_something(request.asked) or request.messages is not None):
        base = Asked() if request.asked.links is None else _over_a_link(request, known)
        return _Source(what="the sweep", preset=None, sweeps=(base,), request=request)
    if name is None or name in PRESETS:
        preset = PRESETS[name or "quick"]
        own = request.repeats is not None or request.until is not None
        repeats = request.repeats if own else str(preset.repeats)
        whole = msgspec.structs.replace(request, repeats=repeats, rate_sweep=_preset_walk(preset, request))
        return _Source(what=f"preset {name or 'quick'}", preset=name or "quick", sweeps=preset.sweeps, request=whole)
    if not name.endswith(".toml") and "/" not in name and not Path(name).exists():
        raise UsageError(f"unknown preset {name!r}; {nearest(name, PRESETS)} (a plan is a file that ends in .toml)")
    plan = read_plan_file(Path(name), known)
    unsaid = [field for field in PlanFile.__struct_fields__ if field != "sweeps" and getattr(request, field) is None]
    whole = msgspec.structs.replace(request, **{field: getattr(plan, field) for field in unsaid})
    if plan.messages is not None and request.messages is None:
        # A path in a plan is meant from where the plan lies.
        whole = msgspec.structs.replace(whole, messages=str(Path(name).parent / plan.messages))
    return _Source(what=f"plan {name}", preset=None, sweeps=plan.sweeps, request=whole, plan=Path(name))


def _preset_walk(preset: Preset, request: Request) -> str | None:
    """What the preset walks over, unless something else is to be found out or a rate is set."""
    said = request.rate_sweep is not None or request.max_lossless or request.p99 is not None
    return request.rate_sweep if said or request.asked.rates is not None else preset.rate_sweep


def _over_a_link(request: Request, known: dict[str, Transport]) -> Asked:
    """What a link is tested with where nothing else is said: all that crosses hosts, at three sizes."""
    crossing = [name for name, transport in known.items() if transport.facts.crosses_hosts]
    return Asked(
        transports=",".join(crossing) or None if request.asked.transports is None else None,
        sizes="64,512,1460" if request.messages is None else None,
    )


def _sweeps_something(asked: Asked) -> bool:
    """Whether an axis was named that makes a sweep of one's own; how long to measure, and how strictly, does not."""
    modest = ("items", "duration", "warmup", "verify", "stamp_every")
    return any(getattr(asked, name) not in (None, {}) for name in Asked.__struct_fields__ if name not in modest)


def _messages(source: _Source, request: Request) -> MessagesSource | None:
    """request: what the options alone say."""
    whole = source.request
    if whole.messages is None:
        if whole.messages_format is not None:
            place = source.place("messages_format", request.messages_format)
            raise UsageError(f"{place}a messages format needs messages; name their file with --messages FILE")
        return None
    chosen = read_messages_format(whole.messages_format or "lines")
    try:
        return read_messages(Path(whole.messages), chosen)
    except UsageError as error:
        raise UsageError(f"{source.place('messages', request.messages)}{error}") from error


def _narrowed(source: _Source, over: Asked, known: dict[str, Transport]) -> list[Asked]:
    wanted = read_transports(over.transports, known)
    axes = msgspec.structs.replace(over, transports=None)
    sweeps: list[Asked] = []
    for base in source.sweeps:
        # A preset names transports and parameters of ours that other runners need not have.
        named = _named(base, over, known) if source.preset is None else _there(base, over, known)
        if source.preset is None:
            check_params(base.params, named, known)
        left = [name for name in named if name in wanted]
        if left:
            sweep = merged(base, axes)
            offered = _offered(left, known)
            params = {name: values for name, values in sweep.params.items() if name in offered}
            sweeps.append(msgspec.structs.replace(sweep, transports=",".join(left), params=params))
    if not sweeps:
        raise UsageError(f"{source.what} has no case for {', '.join(wanted) or 'any transport'}; see: queuemark list")
    check_params(over.params, [name for sweep in sweeps for name in (sweep.transports or "").split(",")], known)
    return sweeps


def _named(base: Asked, over: Asked, known: dict[str, Transport]) -> tuple[str, ...]:
    """Where nobody names any, all of one runtime: that of the runner which was asked first."""
    if base.transports is None and over.transports is None:
        first = next((transport.runtime for transport in known.values()), None)
        return tuple(name for name, transport in known.items() if transport.runtime == first)
    return read_transports(base.transports, known)


def _there(base: Asked, over: Asked, known: dict[str, Transport]) -> tuple[str, ...]:
    if base.transports is None:
        return _named(base, over, known)
    return tuple(name for word in base.transports.split(",") if (name := known_name(word, known)) in known)


def _offered(names: Iterable[str], known: dict[str, Transport]) -> set[str]:
    return {param.name for name in names for param in known[name].params}


def _joined(
    sweeps: Iterable[Asked], known: dict[str, Transport], messages: MessagesSource | None
) -> tuple[list[Case], list[Exclusion]]:
    cases: dict[str, Case] = {}
    exclusions: list[Exclusion] = []
    for asked in sweeps:
        sweep = read_sweep(asked, known, messages)
        _check_cells(sweep)
        try:
            expansion = expand(sweep, known)
        except NothingLeft as nothing:
            exclusions += nothing.exclusions
            continue
        exclusions += expansion.exclusions
        cases |= {case_key(case): case for case in expansion.cases}
    if not cases:
        raise NothingLeft(exclusions)
    return list(cases.values()), exclusions


def _seen(cases: list[Case], inject: str | None) -> tuple[list[Case], list[Exclusion]]:
    """The cases in which the fault could be noticed at all.

    Raises: NothingLeft.
    """
    reasons = [_unseen(case, inject) for case in cases]
    pairs = list(zip(cases, reasons, strict=True))
    exclusions = [Exclusion(transport=case.transport, reason=reason, cells=1) for case, reason in pairs if reason]
    if len(exclusions) == len(cases):
        raise NothingLeft(exclusions[:1])
    return [case for case, reason in pairs if reason is None], exclusions


def _unseen(case: Case, inject: str | None) -> str | None:
    """Why nobody would notice the fault in this case, or None."""
    load = case.workload
    if inject is not None and load.consumers == 0:
        return "nobody is there to notice a fault (use 1 consumer)"
    if inject == "reorder" and load.dispatch == "compete" and load.consumers > 1:
        return "nobody sees the order of two messages that competing consumers took"
    return None


def _check_cells(sweep: Sweep) -> None:
    axes = [getattr(sweep, name) for name in Sweep.__struct_fields__]
    cells = prod(len(axis) or 1 for axis in (*axes, *sweep.params.values()) if isinstance(axis, tuple))
    if cells > _CELLS_HIGH:
        raise UsageError(f"a sweep of {cells} cells is more than {_CELLS_HIGH}; take fewer values on its axes")
