"""The client of NATS against the official one for C, on one server, and alone against a server that only drains."""

from __future__ import annotations

__all__ = ["ROWS", "NatsRow", "alone"]

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import msgspec

from bench.bare import OUT, Bare, NotInstalled
from bench.ceiling import CeilingRow, Sample
from bench.judgement import median_interval
from bench.ours import Ran, Trial, run_trial
from bench.ratio import RatioRow
from bench.row import Outcome, Setting
from queuemark.brokers.broker import BrokerUnavailable
from queuemark.brokers.registry import Servers

BUFFER = "buffer:32768"
"""What the official client gathers, too."""

CPU_SHARE = 0.6
"""Of the official client's cpu time for a message, both ends together, at most."""

ALONE_NS = 50.0
"""For a message of 16 bytes: 20 million of them a second."""

ALONE_ITEMS = 5_000_000


@dataclass(frozen=True)
class NatsRow:
    """A ratio of rates; cpu: whether the ratio of cpu times must be low enough, too. Both sides ask one server."""

    ratio: RatioRow
    cpu: bool

    @property
    def name(self) -> str:
        return self.ratio.name

    @property
    def goal(self) -> str:
        return f"{self.ratio.goal}{f', with at most {CPU_SHARE:g} of its cpu time' if self.cpu else ''}"

    @property
    def has_control(self) -> bool:
        return True

    def run(self, setting: Setting) -> Outcome:
        """Raises: NotInstalled without a server."""
        try:
            server = Servers().serve("nats")
        except BrokerUnavailable as error:
            raise NotInstalled(f"{error}: {error.lack.remedy}") from error
        with server:
            ours, bare = self.ratio.ours, self.ratio.bare
            served = replace(
                self.ratio, ours=replace(ours, server=server.url), bare=replace(bare, options=(server.url,))
            )
            return self._with_cost(served.run(setting), setting)

    def failed(self, reason: str, verdict: str = "failed") -> Outcome:
        return self.ratio.failed(reason, verdict)

    def _with_cost(self, outcome: Outcome, setting: Setting) -> Outcome:
        """The outcome with the ratio of cpu times beside it, which may miss what the rates met."""
        costs = median_interval(
            [pair["ours"]["cpu_ns"] / pair["bare"]["cpu_ns"] for pair in outcome.samples], setting.seed
        )
        note = f"cpu time: {costs.median:.3f} of the official client's ({costs.low:.3f} to {costs.high:.3f})"
        missed = self.cpu and outcome.verdict == "met" and costs.median > CPU_SHARE
        told = "; ".join(text for text in (outcome.note, note) if text)
        return msgspec.structs.replace(outcome, verdict="missed" if missed else outcome.verdict, note=told)


def _against(name: str, size_bytes: int, consumers: int, target: float) -> NatsRow:
    ours = Trial("nats", size_bytes=size_bytes, consumers=consumers, policy=BUFFER)
    bare = Bare("libnats", "share" if consumers else "publish", size_bytes, max(1, consumers))
    return NatsRow(RatioRow(name, target, ours, bare, calls_told=False), cpu=consumers > 0)


@contextmanager
def alone(mode: str) -> Iterator[str]:
    """The address of a server that does next to nothing; mode: ``drain`` or ``pass``."""
    program = OUT / "nats_alone"
    with subprocess.Popen([program, mode], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.stdin.close()


def _sampled(mode: str, ours: Trial, cost_ns: Callable[[Ran], float]) -> Callable[[int], Sample]:
    def sample(number: int) -> Sample:
        with alone(mode) as url:
            ran = run_trial(replace(ours, server=url).command("--items", str(ALONE_ITEMS), seed=number + 1))
        return Sample(cost_ns(ran), {"rate_per_s": ran.rate_per_s, "cpu_ns": float(ran.result.cpu_ns)})

    return sample


def _alone_row(name: str, mode: str, consumers: int, cost_ns: Callable[[Ran], float], note: str) -> CeilingRow:
    ours = Trial("nats", size_bytes=16, consumers=consumers, policy=BUFFER)
    return CeilingRow(
        name=name,
        unit="ns a message",
        ceiling=ALONE_NS,
        command=" ".join(replace(ours, server=f"(bench/out/nats_alone {mode})").command("--items", str(ALONE_ITEMS))),
        sample=_sampled(mode, ours, cost_ns),
        judged="median",
        note=note,
    )


def _window_ns(ran: Ran) -> float:
    return ran.result.window_ns / ran.result.sent


def _consumer_cpu_ns(ran: Ran) -> float:
    (consumer,) = ran.result.consumers
    return consumer.cpu_ns / consumer.delivered


ROWS = (
    *(_against(f"nats/publish-{size}B", size, 0, 1.0) for size in (16, 128)),
    *(
        _against(f"nats/deliver-{size}B-{consumers}", size, consumers, 1.15)
        for consumers in (1, 4)
        for size in (16, 128)
    ),
    _alone_row("nats/send-alone-16B", "drain", 0, _window_ns, "by the window, against a server that only drains"),
    _alone_row("nats/take-alone-16B", "pass", 1, _consumer_cpu_ns, "cpu time of the consumer, which checks every byte"),
)
