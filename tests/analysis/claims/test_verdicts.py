"""Every claim comes out as its figures say, either way; no outcome is written down beforehand."""

from __future__ import annotations

import pytest

from queuemark.analysis.claims import CLAIMS, Evidence
from queuemark.analysis.claims.evidence import Interval
from queuemark.model.link import parse_link
from queuemark.model.probe import Probe
from queuemark.model.trial import Trial
from tests.analysis.claims.made_up import Result, at, judged, ns, part, says
from tests.examples import document


def connections(tcp_per_s: float, udp_per_s: float, one_core_per_s: float | None = None) -> list[Result]:
    """one_core_per_s: of both; as on two cores when it is not said."""
    return [
        at(name, one_core_per_s or rate if placement == "same" else rate, placement=placement, params=params)
        for placement in ("spread", "same")
        for name, rate, params in (
            ("tcp", tcp_per_s, {"nodelay": 0}),
            ("tcp", tcp_per_s, {"nodelay": 1}),
            ("udp", udp_per_s, {}),
        )
    ]


@pytest.mark.parametrize(
    ("rates", "verdict"),
    [
        ((400e3, 150e3), "does not hold"),
        ((50e3, 40e3), "holds"),
        ((400e3, 40e3), "depends on the mechanism"),
        ((400e3, 150e3, 30e3), "depends on placement"),
        ((60e3, 60e3), "not decided"),
    ],
)
def test_one_connection_against_60000_calls(rates: tuple[float, ...], verdict: str) -> None:
    found = judged(1, *connections(*rates))
    assert found.text == verdict
    assert len(found.parts) == 6


def test_below_three_trials_nothing_is_decided() -> None:
    of, trials = at("udp", 1e6)
    found = judged(1, (of, trials[:2]))
    assert (found.verdict, says(found)) == ("not decided", {"udp, two cores": None})


def test_a_buffer_that_passes_two_million_with_few_calls_refutes_their_need() -> None:
    found = judged(2, at("tcp", 300e3), at("tcp", 40e6, policy="buffer:16384", calls=0.002))
    assert found.verdict == "does not hold"
    assert part(found, "tcp, buffer of 16 KiB").figure == "4,000 calls for two million"


def test_a_buffer_that_does_not_pass_two_million_shows_nothing() -> None:
    found = judged(2, at("tcp", 1e6, policy="buffer:16384", calls=0.002))
    assert (found.verdict, found.parts) == ("not decided", [])
    assert "so it shows nothing" in found.remarks[0]


def test_whoever_passes_two_million_with_more_calls_than_that_agrees() -> None:
    assert judged(2, at("tcp", 40e6, policy="buffer:16384", calls=1.5)).verdict == "holds"


def test_sends_alone_do_not_tell_what_calls_are_possible() -> None:
    found = judged(3, at("tcp", 3e6))
    assert (found.verdict, says(found)) == ("not decided", {"tcp, send": True})
    assert "an empty call was not measured in this session" in found.remarks


@pytest.mark.parametrize(
    ("call_ns", "write_ns", "tcp_per_s", "verdict"),
    [
        (240, 300, 3e6, "holds"),
        (240, 300, 300e3, "depends on what the call does"),
        (900, 1000, 300e3, "does not hold"),
    ],
)
def test_calls_by_their_probes(call_ns: float, write_ns: float, tcp_per_s: float, verdict: str) -> None:
    found = judged(3, at("tcp", tcp_per_s), probes=[ns("syscall", call_ns), ns("write-null", write_ns)])
    assert found.text == verdict
    assert part(found, "an empty call").ratio.value == pytest.approx(1e9 / call_ns / 2e6)


@pytest.mark.parametrize(
    ("split_s", "each_s", "mq_s", "verdict"),
    [
        (0.5, 0.4, 0.3, "holds"),
        (0.9, 1.2, 1.5, "does not hold"),
        (2.5, 1.5, 2.0, "depends on which part of it is meant: the seconds, or what follows from fewer calls"),
    ],
)
def test_the_seconds_of_a_million(split_s: float, each_s: float, mq_s: float, verdict: str) -> None:
    found = judged(
        4,
        at("tcp", 1e6 / split_s, policy="split", size_bytes=64, items=1_000_000),
        at("tcp", 1e6 / each_s, size_bytes=64, items=1_000_000),
        at("mq-posix", 1e6 / mq_s, size_bytes=64, items=1_000_000),
    )
    assert found.text == verdict


def test_fewer_items_are_reckoned_up_to_a_million() -> None:
    found = judged(4, at("mq-posix", 500e3, size_bytes=64, items=200_000))
    assert part(found, "mq-posix with one call, in 0.48 s").figure == "2 s"


def test_m25_what_links_allow_is_exact() -> None:
    found = judged(5)
    assert says(found) == {
        "100 Mb/s, 7.4 million requests/s of 16 B": False,
        "1 Gb/s, 600 k packets/s": True,
        "10 Gb/s, 10 M packets/s": True,
        "10 Gb/s, 15 M packets/s": False,
    }
    assert found.text == "depends on which of its numbers is meant"
    assert "1,488,095/s" in part(found, "1 Gb/s, 600 k packets/s").told


def over_link(name: str, per_s: float) -> Result:
    return at(name, per_s, size_bytes=1472, items=2000, link=parse_link("100M"))


def test_what_came_through_a_link_is_told_in_requests() -> None:
    found = judged(5, over_link("udp", 8100), over_link("tcp", 8000))
    udp = part(found, "100 Mb/s between two namespaces, udp")
    assert (udp.holds, udp.figure) == (False, "745 k/s of 16 B came through")
    assert "99.7 % of what the link allows" in udp.told
    assert part(found, "100 Mb/s between two namespaces, tcp").holds is False
    assert found.text == "depends on which of its numbers is meant"
    assert "between namespaces" not in " ".join(found.remarks)


def test_without_the_right_to_a_link_the_arithmetic_stands_and_why_is_told() -> None:
    of, trials = over_link("udp", 8100)
    refused = [
        Trial(
            state="unavailable",
            reason="not permitted",
            remedy="be root",
            repeat=each.repeat,
            position=each.position,
            started_at=each.started_at,
            seed=each.seed,
        )
        for each in trials
    ]
    found = judged(5, (of, refused))
    assert (len(found.parts), found.verdict) == (4, "depends")
    assert "between namespaces nothing was measured of udp: not permitted; be root" in found.remarks
    assert "between namespaces nothing was measured of tcp: there is no trial of it" in found.remarks


def test_a_case_over_a_link_is_no_witness_for_another_claim() -> None:
    assert judged(11, over_link("udp", 8100)).parts == []
    assert judged(1, at("udp", 1e6, link=parse_link("100M"))).parts == []


@pytest.mark.parametrize(
    ("bulk", "verdict"),
    [
        ((4e6, 2e6), "holds"),
        ((100e3, 90e3), "does not hold"),
        ((4e6, 90e3), "depends on the mechanism"),
        ((300e3, 200e3), "not decided"),
    ],
)
def test_bulk_against_single_calls(bulk: tuple[float, float], verdict: str) -> None:
    tcp, udp = bulk
    singles = [at("tcp", 300e3), at("udp", 200e3)]
    vectors = [at("tcp", tcp, policy="vector:64"), at("udp", udp, policy="vector:64")]
    found = judged(6, *singles, *vectors)
    assert found.text == verdict
    assert found.remarks[0] == "without figures, since this version does not have them: gso, io-uring-tcp, af-xdp"


def front(each_ns: int, late_ns: int, saturated_per_s: float) -> list[Result]:
    return [
        at("tcp", 300e3),
        at("tcp", saturated_per_s, policy="vector:64"),
        at("tcp", 20e3, rate_per_s=20e3, p99_ns=each_ns),
        at("tcp", 20e3, policy="vector:64", rate_per_s=20e3, p99_ns=late_ns),
    ]


@pytest.mark.parametrize(
    ("each_ns", "late_ns", "verdict"),
    [(50_000, 3_000_000, "holds"), (50_000, 20_000, "does not hold"), (50_000, 50_000, "not decided")],
)
def test_the_price_of_throughput(each_ns: int, late_ns: int, verdict: str) -> None:
    assert judged(7, *front(each_ns, late_ns, 4e6)).verdict == verdict


def test_where_no_throughput_is_bought_there_is_no_price() -> None:
    found = judged(7, *front(50_000, 3_000_000, 250e3))
    assert (found.verdict, found.parts) == ("not decided", [])
    assert "so nothing was bought" in found.remarks[0]


@pytest.mark.parametrize(
    ("tcp_per_s", "mq_per_s", "verdict"),
    [(250e3, 90e3, "holds"), (80e3, 20e3, "does not hold"), (250e3, 20e3, "depends on the mechanism")],
)
def test_32_consumers_against_one(tcp_per_s: float, mq_per_s: float, verdict: str) -> None:
    singles = [at("tcp", 300e3), at("mq-posix", 100e3)]
    found = judged(8, *singles, at("tcp", tcp_per_s, consumers=32), at("mq-posix", mq_per_s, consumers=32))
    assert found.text == verdict


def sized(rates: dict[int, float]) -> list[Result]:
    return [at("pipe", rate, size_bytes=size) for size, rate in rates.items()]


def test_a_rise_from_a_size_to_its_double_is_a_zig_zag_beside_its_boundary() -> None:
    found = judged(9, *sized({1024: 500e3, 2048: 300e3, 4096: 450e3, 8192: 100e3}))
    assert found.verdict == "holds"
    assert found.remarks[0].startswith("pipe rises from 2 KiB to 4 KiB; next to it: page of 4 KiB")


def test_a_rise_far_from_any_boundary_says_so() -> None:
    found = judged(9, *sized({16: 300e3, 32: 500e3, 64: 400e3}))
    assert found.remarks == ["pipe rises from 16 B to 32 B; no boundary that is known lies next to it"]


def test_a_rate_that_only_falls_has_no_zig_zag() -> None:
    found = judged(9, *sized({1024: 500e3, 2048: 400e3, 4096: 300e3}))
    assert (found.verdict, found.remarks) == ("does not hold", [])


def machine(path_ns: float, hop_ns: float) -> list[Probe]:
    """A machine with such a path through the kernel, there as back, and such a cache line."""
    sides = [
        ns("path", path_ns, mechanism=name, bytes=16, calls="each", cores="one", side=side)
        for name in ("tcp", "pipe")
        for side in ("send", "receive")
    ]
    copying = Probe(
        name="copy",
        params={"bytes": 4096, "cores": "one"},
        unit="bytes_per_s",
        value=32e9,
        low=31e9,
        high=33e9,
        samples=50,
    )
    return [*sides, ns("cache-line", hop_ns), ns("futex", 20_000, cores="two"), copying]


@pytest.mark.parametrize(
    ("path_ns", "hop_ns", "verdict"),
    [(600, 100, "holds"), (60, 50_000, "does not hold")],
)
def test_the_kernel_against_copying_and_cache_lines(path_ns: float, hop_ns: float, verdict: str) -> None:
    found = judged(10, at("tcp", 300e3), at("pipe", 900e3), probes=machine(path_ns, hop_ns))
    assert (found.verdict, len(found.parts)) == (verdict, 2)


def test_wake_ups_belong_to_the_kernel() -> None:
    of, trials = at("tcp", 300e3)
    for trial in trials:
        trial.switches_voluntary = 0
    never = part(judged(10, (of, trials), probes=machine(600, 100)), "tcp")
    for trial in trials:
        trial.switches_voluntary = trial.delivered
    always = part(judged(10, (of, trials), probes=machine(600, 100)), "tcp")
    # 16 bytes there and back at 32 GB/s are a nanosecond.
    assert never.ratio.value == pytest.approx(1200 / 101)
    assert always.ratio.value == pytest.approx(21_200 / 101)


def test_without_probes_the_system_is_not_judged_and_placement_is_told() -> None:
    found = judged(10, at("tcp", 300e3), at("tcp", 600e3, placement="same"))
    assert found.verdict == "not decided"
    assert "needs the probes of a path, of copying and of a cache line in the same session" in found.remarks
    assert "placement alone makes tcp 2 times as fast: same 600 k/s, spread 300 k/s" in found.remarks


@pytest.mark.parametrize(
    ("small_per_s", "full_per_s", "verdict"),
    [
        (100e3, 50e3, "holds"),
        (200e3, 1.5e6, "depends on the size of frames and the link"),
        (1e9, 1e9, "does not hold"),
    ],
)
def test_the_kernel_against_the_budget_of_a_frame(small_per_s: float, full_per_s: float, verdict: str) -> None:
    found = judged(11, at("udp", small_per_s), at("udp", full_per_s, size_bytes=1472))
    assert found.text in (
        verdict,
        verdict.replace("the size of frames and the link", "the link and the size of frames"),
    )
    assert len(found.parts) == 8
    assert "67.2 ns" in part(found, "10 Gb/s, smallest frames: 67.2 ns each").told


@pytest.mark.parametrize("number", [number for number in CLAIMS if number != 5])
def test_without_figures_nothing_is_decided_and_nothing_made_up(number: int) -> None:
    for found in (judged(number), judged(number, at("tcp", 1e6, size_bytes=333))):
        assert (found.verdict, found.parts) == ("not decided", [])


def test_a_p99_of_what_fell_behind_its_rate_is_no_evidence() -> None:
    def found(delivered_per_s: float) -> Interval | None:
        paced = at("tcp", delivered_per_s, p99_ns=3_000_000, rate_per_s=20_000.0)
        return Evidence(document(paced, repeats=5)).p99_ns("tcp", rate_per_s=20_000.0)

    assert found(20_000) is not None
    assert found(15_000) is None
