"""What other programs read of a histogram: HdrHistogram's own decoder says what it found."""

from __future__ import annotations

import io
import re
from pathlib import Path

from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader
from hypothesis import given, settings
from hypothesis import strategies as st

from queuemark.model.histogram import counts
from queuemark.model.latency import BUCKETS_HIGH_NS
from queuemark.views.hdr import encoded, hgrm_text, log_text
from tests.examples import case, document, trial
from tests.histograms import histogram, theirs

TIMES_NS = st.lists(st.one_of(st.integers(1, 5000), st.integers(1, BUCKETS_HIGH_NS)), max_size=300)


@settings(deadline=None)
@given(TIMES_NS)
def test_hdrhistogram_decodes_what_is_encoded(times_ns: list[int]) -> None:
    decoded = HdrHistogram.decode(encoded(histogram(times_ns)))
    assert decoded.get_total_count() == len(times_ns)
    expected = theirs(times_ns)
    assert decoded.equals(expected)
    assert decoded.get_value_at_percentile(50) == expected.get_value_at_percentile(50)


@settings(deadline=None)
@given(st.integers(1, 2**55 - 1))
def test_a_count_of_any_size_is_encoded(count: int) -> None:
    held = histogram([7])
    held.buckets[1] = count
    assert HdrHistogram.decode(encoded(held)).get_count_at_index(7) == count


def test_a_log_has_a_line_a_trial_that_their_reader_understands(tmp_path: Path) -> None:
    of = case("tcp")
    (result,) = document((of, [trial(of, repeat) for repeat in range(2)])).cases
    times_ns = [[1500, 2500, 10_000_000], [40, 50]]
    timed = [
        (made, histogram(times), f"case-1-{made.repeat}") for made, times in zip(result.trials, times_ns, strict=True)
    ]
    path = tmp_path / "latency.hlog"
    path.write_text(log_text(timed, ["what it is of"]))
    reader = HistogramLogReader(str(path), HdrHistogram(1, BUCKETS_HIGH_NS, 3))
    for number, times in enumerate(times_ns):
        found = reader.get_next_interval_histogram()
        assert found.equals(theirs(times))
        assert found.get_tag() == f"case-1-{number}"
        length_ms = found.get_end_time_stamp() - found.get_start_time_stamp()
        assert round(length_ms) == result.trials[number].window_ns // 1_000_000
    assert reader.get_next_interval_histogram() is None


@settings(deadline=None)
@given(st.lists(st.integers(1, 10**7), min_size=1, max_size=300))
def test_each_line_of_a_distribution_is_true(times_ns: list[int]) -> None:
    held, ordered = histogram(times_ns), sorted(times_ns)
    lines = [line.split() for line in hgrm_text(held).splitlines() if line and line[0] == " " and "V" not in line]
    levels = [float(line[1]) for line in lines]
    assert levels == sorted(levels) and levels[-1] == 1
    for value_us, level, below, *_ in lines:
        assert int(below) >= float(level) * len(times_ns) * (1 - 1e-12)
        assert int(below) in [
            sum(count for bucket, count in counts(held) if bucket <= last) for last, _ in counts(held)
        ]
        assert ordered[int(below) - 1] <= float(value_us) * 1000 + 0.5
    assert float(lines[-1][0]) == round(max(times_ns) / 1000, 3)
    assert len(lines[-1]) == 3


def test_a_distribution_looks_as_hdrhistogram_prints_it() -> None:
    times_ns = [1_000_000 + 7 * number for number in range(1000)]
    out = io.BytesIO()
    theirs(times_ns).output_percentile_distribution(out, 1000)
    ours, expected = hgrm_text(histogram(times_ns), ["tcp"]).splitlines(), out.getvalue().decode().splitlines()
    assert ours[0] == "#[tcp]"
    assert ours[1:4] == expected[:3]
    assert re.fullmatch(r"#\[Mean    = +[0-9.]+, StdDeviation   = +[0-9.]+\]", ours[-3])
    assert ours[-2] == f"#[Max     = {max(times_ns) / 1000:12.3f}, Total count    = {1000:12d}]"
    assert ours[-1] == expected[-1]
