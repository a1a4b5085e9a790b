"""A ratio of rates: a trial of ours against a bare program, in interleaved pairs.

1. Items are the same on both sides, chosen once a row so that the bare program takes about 0.4 s.
2. The sides of a pair run one after the other, and who goes first alternates.
3. Bytes on the wire and calls must agree within 1 %, else the row says ``unequal work`` and claims nothing.
4. The rate is that of delivered messages. Where messages may be lost it does not say how fast the producer was, so
   accepted ones are compared as well; but a message that is dropped costs its producer less than one that arrives,
   so they count only where both sides lost about the same share. Then the row is met when both ratios are.
"""

from __future__ import annotations

__all__ = ["RatioRow"]

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.bare import Bare
from bench.judgement import Interval, median_interval, ratio_verdict
from bench.ours import Trial, run_trial
from bench.row import Outcome, Setting

CALIBRATION_WINDOW_NS = 50_000_000
TOLERANCE = 0.01
SHARE_TOLERANCE = 0.05

Side = Callable[[], dict[str, float]]


@dataclass(frozen=True)
class RatioRow:
    """The ratio ours / bare must be at least the target. lossy: messages may be lost on either side.

    calls_told: whether the bare program knows how many calls it makes; a library decides that by itself.
    """

    name: str
    target: float
    ours: Trial
    bare: Bare
    lossy: bool = False
    calls_told: bool = True

    @property
    def goal(self) -> str:
        return f"at least {self.target:g} of {self.bare.program} {self.bare.mechanism}"

    @property
    def has_control(self) -> bool:
        return True

    def run(self, setting: Setting) -> Outcome:
        items = _calibrated_items(self.bare, setting.trial_s)
        pairs = [self._pair(setting, items, index) for index in range(setting.pairs)]
        ratios = _ratios(pairs, "rate_per_s")
        interval = median_interval(ratios, setting.seed)
        verdict, note = self._judged(setting, pairs, interval)
        return Outcome(
            row=self.name,
            kind="ratio",
            unit="messages/s",
            target=self.target,
            verdict=verdict,
            median=interval.median,
            low=interval.low,
            high=interval.high,
            worst=min(ratios),
            ours_per_s=median(pair["ours"]["rate_per_s"] for pair in pairs),
            bare_per_s=median(pair["bare"]["rate_per_s"] for pair in pairs),
            note=note,
            commands=self._commands(setting, items),
            samples=pairs,
        )

    def failed(self, reason: str, verdict: str = "failed") -> Outcome:
        return Outcome(row=self.name, kind="ratio", unit="messages/s", target=self.target, verdict=verdict, note=reason)

    def _judged(self, setting: Setting, pairs: list[dict[str, Any]], interval: Interval) -> tuple[str, str]:
        """The verdict, and what has to be said beside it."""
        compared = ("bytes", "calls") if self.calls_told else ("bytes",)
        if unequal := "" if setting.control else _unequal(pairs, compared):
            return "unequal work", unequal
        verdict = ratio_verdict(interval, self.target, len(pairs))
        if not self.lossy:
            return verdict, ""
        accepted = median_interval(_ratios(pairs, "send_rate_per_s"), setting.seed)
        ours, bare = (median(pair[side]["delivered_share"] for pair in pairs) for side in ("ours", "bare"))
        note = f"arrived: ours {ours:.1%}, bare {bare:.1%}; accepted: {accepted.median:.3f}"
        note += f" ({accepted.low:.3f} to {accepted.high:.3f})"
        if abs(ours - bare) > SHARE_TOLERANCE:
            return verdict, f"{note}, not judged, since the shares differ"
        if verdict == "met":
            verdict = ratio_verdict(accepted, self.target, len(pairs))
        return verdict, note

    def _pair(self, setting: Setting, items: int, index: int) -> dict[str, Any]:
        sides: list[tuple[str, Side]] = [
            ("ours", lambda: self._ours(setting, items, setting.seed + index)),
            ("bare", lambda: _bare_side(self.bare, items)),
        ]
        ordered = sides if index % 2 == 0 else sides[::-1]
        measured = {name: side() for name, side in ordered}
        return {"first": ordered[0][0], "ours": measured["ours"], "bare": measured["bare"]}

    def _ours(self, setting: Setting, items: int, seed: int) -> dict[str, float]:
        if setting.control:
            return _bare_side(self.bare, items)
        ran = run_trial(self.ours.command("--items", str(items), seed=seed))
        return {
            "rate_per_s": ran.rate_per_s,
            "send_rate_per_s": ran.send_rate_per_s,
            "delivered_share": ran.delivered_share,
            "window_ns": ran.result.window_ns,
            "bytes": ran.result.bytes_on_wire,
            "calls": ran.result.producer.calls if ran.result.producer else 0,
            "cpu_ns": ran.result.cpu_ns,
        }

    def _commands(self, setting: Setting, items: int) -> list[str]:
        bare = " ".join(self.bare.command(items))
        return [bare, bare if setting.control else " ".join(self.ours.command("--items", str(items)))]


def _bare_side(bare: Bare, items: int) -> dict[str, float]:
    ran = bare.run(items)
    return {
        "rate_per_s": ran.rate_per_s,
        "send_rate_per_s": ran.send_rate_per_s,
        "delivered_share": ran.messages / ran.sent,
        "window_ns": ran.window_ns,
        "bytes": ran.bytes,
        "calls": ran.calls_sent,
        "cpu_ns": ran.cpu_ns,
    }


def _ratios(pairs: list[dict[str, Any]], what: str) -> list[float]:
    return [pair["ours"][what] / pair["bare"][what] for pair in pairs]


def _calibrated_items(bare: Bare, trial_s: float) -> int:
    """Items that keep the bare program busy for about trial_s."""
    items = 2_000
    while (ran := bare.run(items)).window_ns < CALIBRATION_WINDOW_NS:
        items *= 5
    return max(1_000, round(items * trial_s * 1e9 / ran.window_ns))


def _unequal(pairs: list[dict[str, Any]], compared: Sequence[str]) -> str:
    """What differs by more than 1 % between the sides, or nothing."""
    differences = []
    for what in compared:
        ours, bare = (median(pair[side][what] for pair in pairs) for side in ("ours", "bare"))
        if abs(ours - bare) > TOLERANCE * bare:
            differences.append(f"{what}: ours {ours:.0f}, bare {bare:.0f}")
    return "; ".join(differences)
