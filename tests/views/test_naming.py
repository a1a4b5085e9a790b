"""Names of cases: nothing of a meaning is left unsaid."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queuemark.model.errors import UsageError
from queuemark.model.link import parse_link
from queuemark.model.mix import parse_sizes
from queuemark.model.plan import case_key
from queuemark.model.workload import BUFFER_HIGH_BYTES, VECTOR_HIGH, read_policy
from queuemark.views.naming import Naming, case_number, policy_text, workload_text
from tests.examples import case, document


def test_what_is_usual_is_not_in_the_names() -> None:
    cases = [case("tcp"), case("tcp", size_bytes=16), case("pipe"), case("pipe", placement="same")]
    naming = Naming.of(cases)
    assert [naming.name(held) for held in cases] == ["tcp", "tcp", "pipe", "pipe placement=same"]
    assert naming.usual_text().startswith("share; wait block; placement spread; ack fence; verify full")


def test_a_switch_is_named_where_it_is_on() -> None:
    cases = [case("tcp", params={"nodelay": 1}), case("tcp")]
    assert [Naming.of(cases).name(held) for held in cases] == ["tcp nodelay=1", "tcp"]


def test_m03_a_parameter_that_all_cases_share_is_told_too() -> None:
    told = Naming.of([case("tcp", params={"nodelay": 1}), case("mq-posix")]).params_text()
    assert "nodelay=1, dispatch=deal; mq-posix depth=10, dispatch=compete" in told


@pytest.mark.parametrize(
    "changed",
    [
        {"pattern": "fanout"},
        {"wait": "spin"},
        {"wait": "spin-then-block"},
        {"placement": "free"},
        {"verify": "sample:9"},
        {"linger_us": 7},
        {"dispatch": "compete"},
        {"warmup_s": 0.5},
        {"items": 77},
        {"rate_per_s": 100},
        {"stamp_every": 5},
        {"pattern": "pingpong"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_m03_cases_that_differ_in_one_setting_have_different_names(changed: dict[str, object]) -> None:
    cases = [case("tcp"), case("tcp", size_bytes=1), case("tcp", **changed)]
    naming = Naming.of(cases)
    assert naming.name(cases[0]) == "tcp"
    assert str(next(iter(changed.values()))) in naming.name(cases[2]).replace("500 ms", "0.5")


def test_requests_in_flight_are_told_where_there_are_requests() -> None:
    eight = case("tcp", pattern="pingpong", in_flight=8)
    naming = Naming.of([case("tcp"), case("tcp", size_bytes=1), eight])
    assert naming.name(eight) == "tcp pattern=pingpong in_flight=8"
    assert "flight" not in naming.usual_text()
    assert Naming.of([eight]).usual_text().startswith("pingpong; in flight 8; ")
    assert "; pingpong, 8 in flight, deal; " in workload_text(eight.workload)


def test_m03_a_link_is_told_in_every_name_and_workload() -> None:
    near, over = case("tcp"), case("tcp", link=parse_link("100M"))
    assert Naming.of([near, near, over]).name(over) == "tcp over 100 Mb/s"
    assert Naming.of([over, over, near]).name(near) == "tcp on one host"
    assert "over a link of 100 Mb/s" in Naming.of([over]).usual_text()
    assert "to 1 consumer over a link of 100 Mb/s; share" in workload_text(over.workload)


def test_a_policy_reads_short() -> None:
    assert [policy_text(policy) for policy in ("each", "buffer:16384", "buffer:1000")] == [
        "each",
        "buffer:16k",
        "buffer:1000",
    ]


@given(st.integers(1, BUFFER_HIGH_BYTES), st.integers(1, VECTOR_HIGH))
def test_a_policy_that_is_typed_as_it_reads_is_the_same(size_bytes: int, messages: int) -> None:
    for policy in (f"buffer:{size_bytes}", f"vector:{messages}"):
        assert read_policy(policy_text(policy)) == policy


def test_a_workload_of_a_mix_names_it() -> None:
    mix = parse_sizes("64:70%,1k:30%")[0]
    told = workload_text(case("tcp", size_bytes=1024, mix=mix).workload)
    assert told.startswith("64:70%,1k:30% messages to 1 consumer; share, deal; policy each; ")


def test_the_whole_workload_in_one_line() -> None:
    told = workload_text(case("pipe", consumers=4, policy="buffer:4096", linger_us=50).workload)
    assert told == (
        "64 B messages to 4 consumers; share, compete; policy buffer:4k, linger 50 us; ack fence; wait block; "
        "placement spread; verify full; each trial 200 ms after a warm-up of 10 ms"
    )


@pytest.mark.parametrize(
    ("rate_per_s", "told"), [(0.5, "0.5/s"), (100.0, "100/s"), (10_001.0, "10.001k/s"), (2_500_000.0, "2.5M/s")]
)
def test_a_rate_that_is_offered_is_told_exactly(rate_per_s: float, told: str) -> None:
    assert f"offered {told}" in workload_text(case("tcp", rate_per_s=rate_per_s).workload)


def test_what_is_offered_stands_in_the_names() -> None:
    offered = case("tcp", rate_per_s=10_000.0, stamp_every=7)
    naming = Naming.of([case("tcp"), case("tcp", size_bytes=1), offered])
    assert naming.name(offered) == "tcp rate=10k/s stamp_every=7"
    assert "offered" not in naming.usual_text()
    assert Naming.of([offered, offered, case("tcp")]).name(case("tcp")).startswith("tcp saturated")
    assert workload_text(offered.workload).endswith("; offered 10k/s; one stamped in 7")


def test_a_case_is_found_by_number_or_key() -> None:
    cases = [case("tcp"), case("pipe"), case("mq-posix")]
    held = document(*((of, []) for of in cases))
    assert case_number(held, "2")[1].case == cases[1]
    assert case_number(held, case_key(cases[2])) == (3, held.cases[2])
    assert case_number(held, case_key(cases[2])[:9].upper())[0] == 3


def test_digits_alone_are_a_number_and_never_the_beginning_of_a_key() -> None:
    sized = (case("tcp", size_bytes=size_bytes) for size_bytes in range(1, 4096))
    of = next(of for of in sized if case_key(of)[:2] == "00")
    held = document((of, []))
    for name in ("0", "00", case_key(of)[:3].rstrip("abcdef")):
        with pytest.raises(UsageError, match="is no case of this session"):
            case_number(held, name)
    assert case_number(held, "1") == case_number(held, case_key(of)) == (1, held.cases[0])


@pytest.mark.parametrize("name", ["0", "4", "zz", ""])
def test_a_case_that_is_none_is_told_how_to_name_one(name: str) -> None:
    held = document(*((case(of), []) for of in ("tcp", "pipe", "mq-posix")))
    with pytest.raises(UsageError, match="by its number, 1 to 3"):
        case_number(held, name)
