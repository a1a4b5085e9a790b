"""What a machine can do, as a runner's probes found it: one figure a line of ``RUNNER probe``.

1. A figure is the median of many short rounds with their quartiles; what could not be had says why and has no number.
2. A figure is known by its probe's name and its parameters; a machine has each at most once in a set.
"""

from __future__ import annotations

__all__ = ["Probe", "ProbeEvent", "Probes", "figures_of"]

from collections.abc import Iterable, Sequence
from itertools import chain, pairwise
from typing import Annotated, Literal

import msgspec

from queuemark.model.transport import ParamValue
from queuemark.model.units import Count

Amount = Annotated[float, msgspec.Meta(ge=0)]


class Probe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """One figure.

    value: the median over ``samples`` rounds; low, high: their quartiles; all null when it is unavailable.
    reason: why it is; null when it is not.
    """

    name: str
    params: dict[str, ParamValue] = {}
    unit: Literal["ns", "bytes_per_s"]
    value: Amount | None
    low: Amount | None
    high: Amount | None
    samples: Count
    reason: str | None = None


class ProbeEvent(Probe, tag_field="event", tag="probe", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A figure as a runner prints it."""

    def figure(self) -> Probe:
        return Probe(**{name: getattr(self, name) for name in Probe.__struct_fields__})


_Params = frozenset[tuple[str, ParamValue]]
_Key = tuple[str, _Params]


class Probes:
    """The figures of one machine at one time, found by what they are of."""

    def __init__(self, figures: Iterable[Probe]) -> None:
        self._found: dict[_Key, Probe] = {_key(figure.name, figure.params): figure for figure in figures}
        self._lines: dict[tuple[str, str], dict[_Params, list[tuple[float, float]]]] = {}
        self._places: dict[tuple[object, ...], float | None] = {}

    @classmethod
    def best(cls, *times: Iterable[Probe]) -> Probes:
        """Of each figure the one of that time at which the machine was at its fastest."""
        found: dict[_Key, Probe] = {}
        for figure in chain.from_iterable(times):
            held = found.setdefault(_key(figure.name, figure.params), figure)
            if _faster(figure, held):
                found[_key(figure.name, figure.params)] = figure
        return cls(found.values())

    def __bool__(self) -> bool:
        return any(figure.value is not None for figure in self._found.values())

    def value(self, name: str, **params: ParamValue) -> float | None:
        """The median of exactly this figure; None when it was not had."""
        figure = self._found.get(_key(name, params))
        return figure.value if figure else None

    def by(self, param: str, name: str, **params: ParamValue) -> list[tuple[float, float]]:
        """(the parameter's value, the median) of all figures that agree in the other parameters, ascending."""
        lines = self._lines.get((param, name))
        if lines is None:
            lines = self._lines[param, name] = self._drawn(param, name)
        return lines.get(frozenset(params.items()), [])

    def along(
        self, param: str, place: float, name: str, *, apart_at: float = 0.0, **params: ParamValue
    ) -> float | None:
        """The median at any value of the parameter, between and beyond those of ``by``; None where there are none.

        apart_at: figures below it and figures from there on are of different things, and no line joins them.
        Read off once: the cases of a session ask for few places, each of them many times.
        """
        asked = (param, place, name, apart_at, *params.items())
        if asked not in self._places:
            points = self.by(param, name, **params)
            alike = [point for point in points if (point[0] < apart_at) == (place < apart_at)]
            self._places[asked] = _at(place, alike)
        return self._places[asked]

    def _drawn(self, param: str, name: str) -> dict[_Params, list[tuple[float, float]]]:
        """The lines over one parameter of one probe, by what its figures have in the other parameters."""
        lines: dict[_Params, list[tuple[float, float]]] = {}
        for figure in figures_of(list(self._found.values()), name):
            at = figure.params.get(param)
            if isinstance(at, int) and figure.value is not None:
                others = frozenset((held, value) for held, value in figure.params.items() if held != param)
                lines.setdefault(others, []).append((float(at), figure.value))
        return {others: sorted(points) for others, points in lines.items()}


def _at(place: float, points: Sequence[tuple[float, float]]) -> float | None:
    """On the line through the two points around it, or through the last two; beyond either end never below it."""
    if not points:
        return None
    if len(points) == 1 or place <= points[0][0]:
        return points[0][1]
    near = next(((one, other) for one, other in pairwise(points) if place <= other[0]), (points[-2], points[-1]))
    (low, low_ns), (high, high_ns) = near
    found = low_ns + (high_ns - low_ns) * (place - low) / (high - low)
    return found if place <= high else max(found, high_ns)


def _faster(figure: Probe, held: Probe) -> bool:
    if figure.value is None or held.value is None:
        return held.value is None
    return figure.value > held.value if figure.unit == "bytes_per_s" else figure.value < held.value


def _key(name: str, params: dict[str, ParamValue]) -> _Key:
    return name, frozenset(params.items())


def figures_of(probes: Sequence[Probe], name: str) -> list[Probe]:
    """Those of one probe, in the order in which they were measured."""
    return [probe for probe in probes if probe.name == name]
