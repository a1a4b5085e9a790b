"""Was delivery proved? What the roles reported, what the memory they shared says, and what follows from both (M1).

Nothing that a consumer says of itself is believed alone: what it got is held against what the producer says it gave,
consumer by consumer and in sum.
"""

from __future__ import annotations

__all__ = ["Outcome", "judge"]

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from queuemark.model.events import CONTRACT, Result
from queuemark.model.histogram import merged
from queuemark.model.latency import Latency
from queuemark.model.transport import ParamValue
from queuemark.model.trial import ConsumerCounts, Injected, ProducerCounts
from queuemark.runners.python.found import Received, Sent, Tally, Used
from queuemark.runners.python.placement import cpus_of
from queuemark.runners.python.setup import Setup

if TYPE_CHECKING:
    from queuemark.runners.python.together import Differences

_NOTHING = Used(0, 0, 0, 0)


@dataclass
class Outcome:
    """How a trial ended, as its parent saw it. found: what each worker that came to its end reported.

    failure: why it was cut off, or null. outside_ns is taken from began_ns and ended_ns.
    """

    granted: dict[str, ParamValue]
    found: dict[int, Sent | Received] = field(default_factory=dict)
    failure: str | None = None
    progress: list[tuple[int, int]] = field(default_factory=list)
    began_ns: int = 0
    ended_ns: int = 0


def judge(setup: Setup, outcome: Outcome) -> Result:
    """The result of a trial, whether it came to its end or not."""
    judged = _Whole(setup, outcome) if outcome.failure is None else _CutOff(setup, outcome)
    return judged.result()


class _Verdict:
    """What both kinds of an end have in common."""

    def __init__(self, setup: Setup, outcome: Outcome) -> None:
        self.setup, self.options, self.shared, self.outcome = setup, setup.options, setup.shared, outcome
        self.opened_ns = self.shared.opened_ns
        self.indexes = range(self.options.consumers)
        self.lost_of_all: int | None = None
        """Where consumers compete what is lost belongs to none of them."""

    def result(self) -> Result:
        consumers = [self.consumer(index) for index in self.indexes]
        producer = self.producer()
        workers = [producer, *consumers]
        window_ns = max((consumer.window_ns for consumer in consumers), default=0)
        delivered, lost = _sum(consumers, "delivered"), _sum(consumers, "lost")
        counted: dict[str, Any] = {
            **{name: _sum(consumers, name) for name in ("duplicated", "reordered", "corrupted", "checked")},
            **{name: _sum(workers, name) for name in ("calls", "cpu_ns", "switches_voluntary", "switches_involuntary")},
            "sent": producer.sent,
            "delivered": delivered,
            "lost": lost if self.lost_of_all is None else self.lost_of_all,
        }
        reason = self.outcome.failure or self.broken_promise(counted, consumers)
        return Result(
            contract=CONTRACT,
            run_id=self.options.run_id,
            state="ok" if reason is None else "failed",
            reason=reason,
            seed=self.options.seed,
            bytes_on_wire=producer.bytes_sent,
            message_bytes=self.message_bytes(),
            window_ns=window_ns,
            send_window_ns=self.send_window_ns(),
            outside_ns=max(0, self.outcome.ended_ns - self.outcome.began_ns - window_ns),
            peak_memory_bytes=_sum(workers, "peak_memory_bytes"),
            oversubscribed=self.setup.crowded,
            injected=self.injected(),
            granted=self.outcome.granted,
            producer=producer,
            consumers=consumers,
            latency=self.latency(),
            progress=self.progress(window_ns),
            **counted,
        )

    def consumer(self, index: int) -> ConsumerCounts:
        raise NotImplementedError

    def producer(self) -> ProducerCounts:
        raise NotImplementedError

    def message_bytes(self) -> int:
        raise NotImplementedError

    def send_window_ns(self) -> int:
        return 0

    def latency(self) -> Latency | None:
        return None

    def progress(self, window_ns: int) -> list[tuple[int, int]]:
        return self.outcome.progress

    def broken_promise(self, counted: Mapping[str, int], consumers: list[ConsumerCounts]) -> str | None:
        return None

    def cpus(self, worker: int) -> list[int]:
        """Tasks all run on the cpu of their one thread."""
        of = 0 if self.setup.kind.roles == "tasks" else worker
        return cpus_of(of, self.options.placement, self.setup.allowed_cpus)

    def injected(self) -> Injected | None:
        fault = self.setup.fault
        if fault is None:
            return None
        worker = 0 if fault.consumer is None else 1 + fault.consumer
        message = self.shared.fault_of(worker)
        if message is None:
            return None
        at_stream = None if self.options.dispatch == "compete" or self.options.fans_out else fault.stream
        consumer = at_stream if fault.consumer is None else fault.consumer
        return Injected(fault=fault.kind, consumer=consumer, message=message)

    def counts(self, index: int, tally: Tally, **more: Any) -> ConsumerCounts:
        known: dict[str, Any] = {
            "index": index,
            "cpus": self.cpus(1 + index),
            "dealt": None,
            "duplicated": tally.duplicated,
            "reordered": tally.reordered,
            "corrupted": tally.corrupted,
            "checked": tally.checked,
        }
        return ConsumerCounts(**{**known, **more})


class _CutOff(_Verdict):
    """What had moved by then, as far as the workers had published it."""

    def consumer(self, index: int) -> ConsumerCounts:
        delivered = self.shared.in_window(1 + index)
        sent = self.producer().sent
        return self.counts(
            index,
            Tally(),
            delivered=delivered,
            lost=sent - delivered if self.options.fans_out else 0,
            window_ns=0,
            calls=0,
            bytes_received=0,
            **_told(_NOTHING),
        )

    def producer(self) -> ProducerCounts:
        """It publishes a message after its call has returned, when a consumer may already have counted it."""
        arrived = [self.shared.in_window(1 + index) for index in self.indexes]
        sent = max(self.shared.in_window(0), max(arrived) if self.options.fans_out else sum(arrived))
        self.lost_of_all = sent * self.options.copies - sum(arrived)
        return ProducerCounts(cpus=self.cpus(0), sent=sent, calls=0, bytes_sent=0, **_told(_NOTHING))

    def message_bytes(self) -> int:
        return 0


class _Whole(_Verdict):
    """Every worker has come to its end and said what it found."""

    def __init__(self, setup: Setup, outcome: Outcome) -> None:
        super().__init__(setup, outcome)
        sent = outcome.found[0]
        received = [outcome.found[1 + index] for index in self.indexes]
        assert isinstance(sent, Sent)
        self.sent = sent
        self.received = [found for found in received if isinstance(found, Received)]
        self.beyond = 0
        """What no consumer can be blamed for: numbers that nobody sent, values that were damaged."""
        if self.options.competing:
            self._compare()

    def _compare(self) -> None:
        """Of consumers that compete only all together say what was repeated, and what is missing."""
        # It needs numpy, which takes its time to import; no other verdict does.
        from queuemark.runners.python.together import compare_values, lay_over

        tallies = [found.tally for found in self.received]
        kept = [memory.bytes for memory in self.setup.marks]
        if self.options.bare_values:
            self._blame(compare_values(kept, tallies, self.options.size_bytes, self.sent.messages), tallies)
        else:
            coverage = lay_over(kept, self.sent.messages, max(tally.above for tally in tallies))
            self.beyond = coverage.beyond
            for tally, repeated in zip(tallies, coverage.seen_before, strict=True):
                tally.duplicated += repeated
        arrived = sum(tally.messages - tally.duplicated for tally in tallies)
        self.lost_of_all = max(0, self.sent.messages - arrived)

    def _blame(self, differences: Differences, tallies: list[Tally]) -> None:
        """A value that came too seldom while another came too often was damaged on its way.

        Which consumer got a repeated value cannot be known; the surplus is taken from the first that has so many.
        """
        damaged = min(differences.missing, differences.surplus)
        tallies[0].corrupted += damaged + differences.only_sum
        repeated = differences.surplus - damaged
        for tally in tallies:
            here = min(repeated, tally.messages)
            tally.duplicated += here
            repeated -= here

    def consumer(self, index: int) -> ConsumerCounts:
        found, tally = self.received[index], self.received[index].tally
        compete = self.options.dispatch == "compete"
        return self.counts(
            index,
            tally,
            dealt=None if compete else self.shared.dealt(self.options.stream_of(index)),
            delivered=tally.messages - min(tally.messages, tally.duplicated),
            lost=tally.lost,
            window_ns=found.last_ns - self.opened_ns,
            calls=found.calls,
            bytes_received=tally.message_bytes + tally.messages * self.setup.kind.frame_bytes,
            **_told(found.used),
        )

    def producer(self) -> ProducerCounts:
        sent = self.sent
        return ProducerCounts(
            cpus=self.cpus(0), sent=sent.messages, calls=sent.calls, bytes_sent=sent.bytes, **_told(sent.used)
        )

    def message_bytes(self) -> int:
        return sum(found.tally.message_bytes for found in self.received)

    def send_window_ns(self) -> int:
        return self.sent.last_ns - self.opened_ns

    def progress(self, window_ns: int) -> list[tuple[int, int]]:
        return [point for point in self.outcome.progress if point[0] <= window_ns]

    def latency(self) -> Latency | None:
        """All consumers' latencies together."""
        stamping = self.setup.stamping
        if stamping is None:
            return None
        paced = stamping.schedule is not None
        return Latency(
            kind="one-way",
            every=1 if paced else stamping.every,
            missed=sum(found.missed for found in self.received),
            histogram=merged(found.latency for found in self.received),
            raw=merged(found.raw for found in self.received) if paced else None,
            raw_every=stamping.every if paced else 1,
            pacing=self.sent.pacing,
        )

    def broken_promise(self, counted: Mapping[str, int], consumers: list[ConsumerCounts]) -> str | None:
        """Why delivery is not proved, in one line, or None."""
        said = [*self._torn(consumers), *self._early(), *self._counted(counted), *self._fault(counted)]
        return f"delivery not proved: {'; '.join(said)}" if said else None

    def _torn(self, consumers: list[ConsumerCounts]) -> list[str]:
        said = []
        for index, found in enumerate(self.received):
            consumer = consumers[index]
            if found.early:
                said.append(f"consumer {index} was told the end before the producer made it")
            if not found.clean_before:
                said.append(f"consumer {index} found faults during the warm-up")
            if consumer.dealt is not None and consumer.dealt != consumer.delivered + consumer.lost:
                said.append(
                    f"consumer {index}: dealt {consumer.dealt}, but delivered {consumer.delivered} "
                    f"and lost {consumer.lost}"
                )
        return said

    def _early(self) -> list[str]:
        due = self.sent.before_window * self.options.copies
        arrived = sum(found.before_window for found in self.received)
        return [f"warm-up: {due} were to arrive, but {arrived} arrived"] if due != arrived else []

    def _counted(self, counted: Mapping[str, int]) -> list[str]:
        each = " to each consumer" if self.options.fans_out else ""
        names = ("lost", "duplicated", "reordered", "corrupted")
        faults = ", ".join(f"{counted[name]} {name}" for name in names if counted[name])
        said = [f"{faults} of {counted['sent']} messages{each}"] if faults else []
        if self.beyond:
            said.append(f"{self.beyond} messages have a number that nobody sent")
        if counted["sent"] * self.options.copies != counted["delivered"] + counted["lost"]:
            ended = f"delivered {counted['delivered']} and lost {counted['lost']}"
            said.append(f"sent {counted['sent']}{each}, but {ended}")
        if self.options.items is not None and counted["sent"] != self.options.items:
            said.append(f"asked for {self.options.items} messages, sent {counted['sent']}")
        return said

    def _fault(self, counted: Mapping[str, int]) -> list[str]:
        fault = self.setup.fault
        if fault is None:
            return []
        said = [] if self.injected() is not None else [f"the fault {fault.kind} could not be made"]
        if fault.kind == "flip" and not counted["corrupted"]:
            said.append("the flipped message was lost, or cannot be told from the lost ones beside it")
        return said


def _sum(counted: list[Any], name: str) -> int:
    return sum(getattr(each, name) for each in counted)


def _told(used: Used) -> dict[str, int]:
    return dict(vars(used))
