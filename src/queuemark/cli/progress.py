"""What is seen while a session runs: on stderr, in this process only, at most four times a second (M19).

1. On a terminal one line that is rewritten: trial i of n, which case, its running rate, time left.
2. Elsewhere, a terminal that cannot rewrite included, plain lines, one a finished trial or rarer, at most one a second.
3. Time left is there from the start: guessed at first, then corrected by the trials that are through.
4. No thread and no timer: it is drawn only when a runner or a finished trial has something to say.
"""

from __future__ import annotations

__all__ = ["CaseLabels", "Progress"]

import time
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.text import Text

from queuemark.measure.execute import Step
from queuemark.measure.outlook import Outlook
from queuemark.measure.schedule import Slot
from queuemark.model.link import link_text
from queuemark.model.plan import Case
from queuemark.model.transport import ParamValue
from queuemark.model.trial import figures
from queuemark.model.units import format_duration_s, format_rate
from queuemark.views.naming import rate_text, size_text

UPDATE_LOW_S = 0.25
"""Between two updates of the live line."""

LINE_LOW_S = 1.0
"""Between two plain lines: logs are read later, and by people."""


class CaseLabels:
    """Names the cases of a session in a few words: ``tcp 16 B to 4, buffer:16384, nodelay=1``.

    What is as usual is left out, and so are parameters that a transport has with one value only.
    """

    def __init__(self, cases: Iterable[Case]) -> None:
        self._values: dict[tuple[str, str], set[ParamValue]] = {}
        for case in cases:
            for name, value in case.params.items():
                self._values.setdefault((case.transport, name), set()).add(value)

    def __call__(self, case: Case) -> str:
        load = case.workload
        size = f"own messages to {size_text(load)}" if load.messages else size_text(load)
        words = [f"{case.transport} {size} to {load.consumers}", load.policy]
        settings = ((load.pattern, "share"), (load.wait, "block"), (load.placement, "spread"))
        words += [word for word, usual in settings if word != usual]
        words += [f"over {link_text(load.link)}"] if load.link else []
        words += [f"linger {load.linger_us} us"] if load.linger_us else []
        words += [f"{load.in_flight} in flight"] if load.in_flight > 1 else []
        words += [rate_text(load.rate_per_s)] if load.rate_per_s is not None else []
        varying = (name for name in case.params if len(self._values.get((case.transport, name), ())) > 1)
        return ", ".join([*words, *(f"{name}={case.params[name]}" for name in varying)])


class Progress:
    """Takes steps of an execution; a context manager, so that the terminal is itself again at the end.

    slots: the trials that will be run.
    """

    def __init__(self, console: Console, slots: Sequence[Slot], clock: Callable[[], float] = time.monotonic) -> None:
        self._console, self._clock = console, clock
        self._label = CaseLabels(slot.case for slot in slots)
        self._outlook = Outlook(slot.case for slot in slots)
        self._trial_began_s = clock()
        self._shown_s = float("-inf")
        # auto_refresh would be a thread that wakes up beside what is measured.
        # A terminal that cannot rewrite a line (TERM=dumb) gets the plain ones.
        rewrites = console.is_terminal and not console.is_dumb_terminal
        self._live = Live(console=console, auto_refresh=False, transient=True) if rewrites else None

    def __enter__(self) -> Progress:
        self._trial_began_s = self._clock()
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def __call__(self, step: Step) -> None:
        if step.passed_over:
            self._outlook.passed_over(step.slot.case)
            return
        last = step.trial is not None and step.number == step.total
        now_s = self._clock()
        if step.trial is not None:
            self._outlook.finished(step.slot.case, now_s - self._trial_began_s)
            self._trial_began_s = now_s
        low_s = UPDATE_LOW_S if self._live is not None else LINE_LOW_S
        if not last and now_s - self._shown_s < low_s:
            return
        if self._live is None and step.trial is None:
            return
        self._shown_s = now_s
        line = self._line(step, now_s)
        if self._live is not None:
            text = Text(line, no_wrap=True, overflow="ellipsis", style="red" if _failed(step) else "")
            self._live.update(text, refresh=True)
        else:
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _line(self, step: Step, now_s: float) -> str:
        width = len(str(step.total))
        words = [f"trial {step.number:{width}} of {step.total}", self._label(step.slot.case), _news(step)]
        left_s = self._left_s(step, now_s)
        if left_s is not None:
            words.append(f"about {format_duration_s(max(1, round(left_s)))} left")
        return "  ".join(word for word in words if word)

    def _left_s(self, step: Step, now_s: float) -> float | None:
        """Seconds to go; nothing after the last."""
        if step.trial is not None:
            return self._outlook.left_s() if step.number < step.total else None
        return max(0.0, self._outlook.left_s() - (now_s - self._trial_began_s))


def _news(step: Step) -> str:
    if step.trial is not None:
        if step.trial.state != "ok":
            return f"{step.trial.state}: {step.trial.reason}"
        rate_per_s = figures(step.trial, step.slot.case.workload).rate_per_s
        return f"ok {format_rate(rate_per_s)}" if rate_per_s is not None else "ok, rate withheld"
    if step.tick is not None and step.tick.elapsed_ns > 0:
        return format_rate(step.tick.delivered * 1e9 / step.tick.elapsed_ns)
    return ""


def _failed(step: Step) -> bool:
    return step.trial is not None and step.trial.state == "failed"
