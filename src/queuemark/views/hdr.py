"""Latency histograms for the programs that read HdrHistogram's formats: ``.hgrm`` text and interval logs.

1. A ``.hgrm`` distribution has times in microseconds, at percentiles that come closer together towards 100.
2. A log has one line a trial, with its start and length in seconds; its histograms hold nanoseconds.
3. Both say in comments what they are of and which command makes it again (M27).

Source: HdrHistogram's PercentileIterator, HistogramLogWriter (log format 1.3) and its V2 compressed encoding.
"""

from __future__ import annotations

__all__ = ["case_hgrm", "encoded", "hgrm_text", "log_text", "session_log"]

import base64
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from math import floor, log2, sqrt

from queuemark.analysis.latency import Part, merged_part
from queuemark.model.histogram import bucket_bounds_ns, counts, mean_ns
from queuemark.model.latency import BUCKETS_HIGH_NS, Histogram
from queuemark.model.session import CaseResult, SessionDocument
from queuemark.model.trial import TrialFigures
from queuemark.views.header import about
from queuemark.views.naming import workload_text

_PARTS: tuple[tuple[Part, str], ...] = (("histogram", ""), ("raw", "-sent"), ("pacing", "-late"))
"""A tag's end: latency as it is to be read, from when a message was sent, and how late that was."""

_TICKS = 5
"""Steps in each halving of what is left to 100 %."""

_US_NS = 1000
_MS_NS = 1_000_000
_DIGITS = 3

_COOKIE = 0x1C849313
_COMPRESSED_COOKIE = 0x1C849314
_HEADER = struct.Struct(">iiiiqqd")
"""Cookie, payload bytes, index offset, digits, lowest and highest time, ratio of integers to doubles."""


def case_hgrm(document: SessionDocument, number: int, result: CaseResult) -> str:
    """The latencies of all trials of a case together; number: of the case in its session."""
    times = merged_part(result, "histogram")
    assert times is not None, "a case with latencies"
    return hgrm_text(times, [*_heads(document), f"Case {number}: {_named(result)}", "Times in microseconds"])


def session_log(document: SessionDocument, chosen: Sequence[tuple[int, CaseResult]]) -> str:
    """A line for each trial of the cases, tagged ``case-1``; of paced ones also ``case-1-sent`` and ``case-1-late``."""
    timed = [
        (trial, histogram, f"case-{number}{end}")
        for number, result in chosen
        for trial in result.trials
        if trial.delivery_proved and trial.latency is not None
        for part, end in _PARTS
        for histogram in [getattr(trial.latency, part)]
        if histogram is not None
    ]
    timed.sort(key=lambda each: each[0].started_at)
    named = [f"case-{number}: {_named(result)}" for number, result in chosen]
    return log_text(timed, [*_heads(document), *named])


def _heads(document: SessionDocument) -> list[str]:
    return [about(document), f"again: {document.session.plan.command}"]


def _named(result: CaseResult) -> str:
    return f"{result.case.transport}, {workload_text(result.case.workload)}"


def hgrm_text(histogram: Histogram, comments: Iterable[str] = ()) -> str:
    """The distribution by percentiles; comments: a line each, put at the head."""
    lines = [f"#[{comment}]" for comment in comments]
    lines += [f"{'Value':>12} {'Percentile':>14} {'TotalCount':>10} {'1/(1-Percentile)':>14}", ""]
    for time_ns, level, below in _steps(histogram):
        rest = "" if level == 100 else f" {100 / (100 - level):14.2f}"
        lines.append(f"{time_ns / _US_NS:12.3f} {level / 100:2.12f} {below:10d}{rest}")
    mean_us, deviation_us = (mean_ns(histogram) or 0) / _US_NS, _deviation_ns(histogram) / _US_NS
    lines += [
        f"#[Mean    = {mean_us:12.3f}, StdDeviation   = {deviation_us:12.3f}]",
        f"#[Max     = {histogram.max_ns / _US_NS:12.3f}, Total count    = {histogram.samples:12d}]",
        f"#[Buckets = {32:12d}, SubBuckets     = {2048:12d}]",
    ]
    return "\n".join(lines) + "\n"


def _steps(histogram: Histogram) -> Iterator[tuple[int, float, int]]:
    """(time, percentile level, samples up to there), the last at 100."""
    below, level, time_ns = 0, 0.0, 0
    for bucket, count in counts(histogram):
        below += count
        time_ns = min(bucket_bounds_ns(bucket)[1], histogram.max_ns)
        while below < histogram.samples and 100 * below / histogram.samples >= level:
            yield time_ns, level, below
            level += _step(level)
    if histogram.samples:
        if level < 100:
            yield time_ns, level, below
        yield histogram.max_ns, 100.0, below


def _step(level: float) -> float:
    return float(100 / (_TICKS * 2 ** (floor(log2(100 / (100 - level))) + 1)))


def _deviation_ns(histogram: Histogram) -> float:
    """The standard deviation, by the middles of the buckets."""
    if not histogram.samples:
        return 0.0
    middle_ns = mean_ns(histogram) or 0.0
    squares = sum(count * (sum(bucket_bounds_ns(bucket)) / 2 - middle_ns) ** 2 for bucket, count in counts(histogram))
    return sqrt(squares / histogram.samples)


def log_text(timed: Iterable[tuple[TrialFigures, Histogram, str]], comments: Iterable[str] = ()) -> str:
    """An interval log; timed: a trial, one of its histograms, and a tag without commas that names it."""
    lines = ["#[Histogram log format version 1.3]", *(f"#[{comment}]" for comment in comments)]
    lines.append("#[Values are in nanoseconds, Interval_Max in milliseconds]")
    lines.append('"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"')
    for trial, histogram, tag in timed:
        start_s = datetime.fromisoformat(trial.started_at).timestamp() if trial.started_at else 0.0
        length_s, max_ms = trial.window_ns / 1e9, histogram.max_ns / _MS_NS
        lines.append(f"Tag={tag},{start_s:.3f},{length_s:.3f},{max_ms:.3f},{encoded(histogram)}")
    return "\n".join(lines) + "\n"


def encoded(histogram: Histogram) -> str:
    """The V2 compressed encoding in base64."""
    payload = b"".join(_words(histogram))
    header = _HEADER.pack(_COOKIE, len(payload), 0, _DIGITS, 1, BUCKETS_HIGH_NS, 1.0)
    packed = zlib.compress(header + payload)
    return base64.b64encode(struct.pack(">ii", _COMPRESSED_COOKIE, len(packed)) + packed).decode()


def _words(histogram: Histogram) -> Iterator[bytes]:
    """Counts in order; several empty buckets that follow each other are one negative number."""
    for gap, count in zip(histogram.buckets[::2], histogram.buckets[1::2], strict=True):
        if gap:
            yield _word(-gap if gap > 1 else 0)
        yield _word(count)


def _word(value: int) -> bytes:
    """ZigZag LEB128: 7 bits a byte, the lowest first; a ninth byte has all 8."""
    rest = value << 1 if value >= 0 else (-value << 1) - 1
    word = bytearray()
    while rest >= 0x80 and len(word) < 8:
        word.append(rest & 0x7F | 0x80)
        rest >>= 7
    word.append(rest)
    return bytes(word)
