"""A claim as an object: what is said, what is to be measured for it, and how the figures decide.

1. A claim is made of parts. Each sets one figure against what was claimed, as a ratio: 1 is just what was claimed.
2. A part is decided when the whole 95 % interval of its ratio lies on one side of 1; else it is open.
3. Some parts agree and some do not: the claim depends on what tells them apart. None disagrees, and more than half
   agree: it holds. None agrees, and more than half disagree: it does not hold. Otherwise it is not decided.
4. Nothing is invented: what was not measured is no part, and a remark says so.
"""

from __future__ import annotations

__all__ = ["Asking", "Claim", "Judgement", "Part", "Verdict", "judgement"]

import shlex
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from queuemark.analysis.claims.evidence import Evidence, Interval

Verdict = Literal["holds", "does not hold", "depends", "not decided"]
Side = Literal["above", "below"]


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """One sweep in the words of ``queuemark run``; None: as usual there."""

    transports: str
    sizes: str = "16"
    consumers: str | None = None
    patterns: str | None = None
    policies: str | None = None
    linger_us: str | None = None
    placements: str | None = None
    items: str | None = None
    rates: str | None = None
    links: str | None = None
    params: dict[str, str] = {}

    def command(self, duration: str, repeats: int) -> str:
        """What measures it alone. duration: of a trial, where no count of items is said."""
        said = [(option, getattr(self, name)) for name, option in _OPTIONS.items()]
        words = [word for option, text in said if text is not None for word in (option, text)]
        words += [] if self.items is not None else ["--duration", duration]
        words += [word for name, values in self.params.items() for word in ("-P", f"{name}={values}")]
        return shlex.join(["queuemark", "run", *words, "--repeats", str(repeats)])


_OPTIONS = {
    "transports": "-t",
    "sizes": "-s",
    "consumers": "-c",
    "patterns": "--pattern",
    "policies": "--policy",
    "linger_us": "--linger-us",
    "placements": "--placement",
    "items": "--items",
    "rates": "--rate",
    "links": "--link-test",
}


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One figure against what was claimed.

    ratio: the figure by what was claimed. agrees: the side of 1 on which the claim wants it.
    figure: the figure alone; told: with its interval and what it stands against; both in words.
    under: the circumstances that a verdict may depend on, by name.
    """

    label: str
    ratio: Interval
    agrees: Side
    figure: str
    told: str
    under: dict[str, str] = {}

    @property
    def holds(self) -> bool | None:
        """None: the interval reaches over 1, or there is none."""
        if self.ratio.low is None or self.ratio.high is None:
            return None
        if self.ratio.low > 1:
            return self.agrees == "above"
        if self.ratio.high < 1:
            return self.agrees == "below"
        return None


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """depends_on: what tells the parts that agree from those that do not; empty unless the verdict is ``depends``."""

    verdict: Verdict
    depends_on: str = ""
    parts: list[Part]
    remarks: list[str] = []

    @property
    def text(self) -> str:
        return f"depends on {self.depends_on}" if self.verdict == "depends" else self.verdict


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """text: what is claimed, in one sentence. voice: how it was said in the old argument.

    rule: what a part compares, in words. askings: what is measured for it; the flag: in a hurry.
    """

    number: int
    text: str
    voice: str
    rule: str
    askings: Callable[[bool], Sequence[Asking]]
    judge: Callable[[Evidence], Judgement]


def judgement(parts: Sequence[Part], remarks: Sequence[str] = (), depends_on: str | None = None) -> Judgement:
    """By rule 3 of this module; depends_on: instead of what the circumstances of the parts say."""
    held, refuted = [part for part in parts if part.holds], [part for part in parts if part.holds is False]
    reaching = [part.label for part in parts if part.holds is None]
    said = [
        *remarks,
        *([f"open, their intervals reach over what was claimed: {', '.join(reaching)}"] * bool(reaching)),
    ]
    verdict: Verdict = "not decided"
    if held and refuted:
        verdict = "depends"
    elif 2 * len(held) > len(parts):
        verdict = "holds"
    elif 2 * len(refuted) > len(parts):
        verdict = "does not hold"
    on = (depends_on or _told_apart(held, refuted)) if verdict == "depends" else ""
    return Judgement(verdict=verdict, depends_on=on, parts=list(parts), remarks=said)


def _told_apart(held: Sequence[Part], refuted: Sequence[Part]) -> str:
    """The circumstance whose values differ between the two sides; else all in which they vary."""
    names = list(dict.fromkeys(name for part in (*held, *refuted) for name in part.under))
    values = {name: ({p.under.get(name) for p in held}, {p.under.get(name) for p in refuted}) for name in names}
    parting = [name for name, (one, other) in values.items() if not one & other]
    varying = [name for name, (one, other) in values.items() if len(one | other) > 1]
    return parting[0] if parting else " and ".join(varying) or "which part of it is meant"
