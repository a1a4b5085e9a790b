"""Memory of the process tree, in two ways that know nothing of each other.

``rss``: the runner's own account, the largest peak of any worker. ``pss``: what /proc says while the trial runs,
shared pages divided among their sharers, over runner, producer and consumers. The target allows the
channel and one buffer a process on top of 4 MiB; the channel of these transports lies in the kernel, in neither
figure, and the buffer is not claimed: the ceiling is the bare 4 MiB.
"""

from __future__ import annotations

__all__ = ["ROWS"]

from functools import partial
from pathlib import Path

from bench.ceiling import CeilingRow, Sample
from bench.ours import Trial, run_trial
from queuemark.model.errors import QueuemarkError
from queuemark.model.events import Event, Ready

MIB = 1024 * 1024
PROCESS_MIB = 4.0
LENGTH = ("--duration", "0.8")


def _pss_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def _peak_rss(trial: Trial, index: int) -> Sample:
    result = run_trial(trial.command(*LENGTH, seed=index + 1)).result
    peaks = [worker.peak_memory_bytes for worker in (result.producer, *result.consumers) if worker is not None]
    if not peaks or min(peaks) <= 0:
        raise QueuemarkError("the result does not say how much memory each worker took")
    return Sample(max(peaks) / MIB, {"tree_bytes": result.peak_memory_bytes, "delivered": result.delivered})


def _mean_pss(trial: Trial, index: int) -> Sample:
    """The largest of the samples taken at ``ready`` and at every tick, divided by the processes."""
    pids: list[int] = []
    sums: list[int] = []

    def on_event(runner_pid: int, event: Event) -> None:
        if isinstance(event, Ready):
            pids.extend([runner_pid, event.producer_pid, *event.consumer_pids])
        try:
            sums.append(sum(_pss_bytes(pid) for pid in pids))
        except (FileNotFoundError, ProcessLookupError):
            return  # workers are gone by the last event; what was sampled while all lived stands

    run_trial(trial.command(*LENGTH, seed=index + 1), on_event)
    if not sums or not max(sums):
        raise QueuemarkError("no sample of /proc/PID/smaps_rollup could be taken while the trial ran")
    return Sample(max(sums) / len(pids) / MIB, {"tree_bytes": max(sums), "processes": len(pids)})


TRIALS = {
    "tcp-1": Trial("tcp", size_bytes=1024),
    "tcp-32": Trial("tcp", size_bytes=1024, consumers=32),
    "tcp-buffer64k-1": Trial("tcp", size_bytes=16, policy="buffer:65536"),
    "unix-stream-32": Trial("unix-stream", size_bytes=1024, consumers=32),
    "pipe-32": Trial("pipe", size_bytes=1024, consumers=32),
    "mq-posix-32": Trial("mq-posix", size_bytes=1024, consumers=32),
}

ROWS = tuple(
    CeilingRow(
        name=f"memory/{kind}-{name}",
        unit="MiB a process",
        ceiling=PROCESS_MIB,
        command=" ".join(
            [
                "queuemark-runner",
                "trial",
                trial.transport,
                "--size",
                str(trial.size_bytes),
                "--consumers",
                str(trial.consumers),
                "--policy",
                trial.policy,
                *LENGTH,
            ]
        ),
        sample=partial(sample, trial),
        repeats=3,
    )
    for name, trial in TRIALS.items()
    for kind, sample in (("rss", _peak_rss), ("pss", _mean_pss))
)
