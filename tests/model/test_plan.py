"""From a sweep to cases, and what identifies a case."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from queuemark.model.errors import UsageError
from queuemark.model.link import parse_link
from queuemark.model.mix import parse_sizes
from queuemark.model.plan import Case, Sweep, case_key, expand, trial_seed
from queuemark.model.transport import Param, Transport
from queuemark.model.workload import Workload
from tests.examples import case, transports


def sweep(*names: str, **axes: Any) -> Sweep:
    return Sweep(transports=names, **{"sizes_bytes": (64,), "consumers": (1,), "items": 1000, **axes})


def test_a_sweep_is_the_product_of_its_axes() -> None:
    found = expand(
        sweep("tcp", "unix-stream", sizes_bytes=(1, 64), consumers=(1, 4), policies=("each", "split")), transports()
    )
    assert len(found.cases) == 2 * 2 * 2 * 2
    assert len({case_key(case) for case in found.cases}) == len(found.cases)
    assert found.exclusions == []


def test_what_facts_exclude_is_said_once_with_its_reason() -> None:
    found = expand(sweep("tcp", "mq-posix", sizes_bytes=(64, 16384), policies=("each", "split")), transports())
    assert {case.transport for case in found.cases} == {"tcp", "mq-posix"}
    reasons = {(exclusion.reason, exclusion.cells) for exclusion in found.exclusions}
    assert reasons == {
        ("policy split is not possible here (possible: each)", 2),
        ("messages of more than 8192 bytes are not possible here", 1),
    }


def test_sizes_beyond_a_transport_are_said_once() -> None:
    sizes = tuple(1 << power for power in range(21))
    found = expand(sweep("tcp", "pipe", "mq-posix", sizes_bytes=sizes, consumers=(1, 4)), transports())
    assert [(exclusion.transport, exclusion.cells, exclusion.reason) for exclusion in found.exclusions] == [
        ("pipe", 8, "with several consumers a message above 4096 bytes would be torn apart"),
        ("mq-posix", 14, "messages of more than 8192 bytes are not possible here"),
    ]


def publishing() -> dict[str, Transport]:
    """One transport that takes what nobody receives and confirms messages, and one that does neither."""
    known = transports()["tcp"]
    acks = ["fence", "none", "each", "window"]
    facts = msgspec.structs.replace(known.facts, consumers_low=0, acks=acks)
    return {**transports(), "pub": msgspec.structs.replace(known, name="pub", facts=facts)}


def test_nobody_receives_only_where_something_takes_it_all_the_same() -> None:
    found = expand(sweep("pub", "tcp", consumers=(0, 1), patterns=("share", "pingpong")), publishing())
    assert [(case.transport, case.workload.pattern, case.workload.consumers) for case in found.cases] == [
        ("pub", "share", 0),
        ("pub", "share", 1),
        ("pub", "pingpong", 1),
        ("tcp", "share", 1),
        ("tcp", "pingpong", 1),
    ]
    assert [(each.transport, each.cells, each.reason) for each in found.exclusions] == [
        ("pub", 1, "nobody is there to reply (use 1 consumer)"),
        ("tcp", 2, "nothing keeps messages that nobody is there to receive (use 1 consumer)"),
    ]


def test_an_ack_is_possible_where_the_transport_names_it() -> None:
    acks = ("fence", "window:8")
    found = expand(sweep("pub", "tcp", acks=acks, patterns=("share", "pingpong")), publishing())
    assert [(case.transport, case.workload.pattern, case.workload.ack) for case in found.cases] == [
        ("pub", "share", "fence"),
        ("pub", "share", "window:8"),
        ("pub", "pingpong", "fence"),
        ("tcp", "share", "fence"),
        ("tcp", "pingpong", "fence"),
    ]
    assert [each.reason for each in found.exclusions] == [
        "each reply confirms its request; not with ack window:8 (use fence)",
        "ack window is not possible here (possible: fence)",
    ]


@pytest.mark.parametrize(
    ("acks", "preferred"),
    [
        (["fence"], "fence"),
        (["none", "each", "fence"], "fence"),
        (["window", "each"], "window:64"),
        (["each", "window"], "each"),
    ],
)
def test_where_nothing_is_said_the_end_is_confirmed_or_what_a_transport_names_first(
    acks: list[str], preferred: str
) -> None:
    known = publishing()["pub"]
    facts = msgspec.structs.replace(known.facts, acks=acks)
    found = expand(sweep("pub"), {"pub": msgspec.structs.replace(known, facts=facts)})
    assert [case.workload.ack for case in found.cases] == [preferred]


def test_a_vector_of_large_messages_has_its_limit() -> None:
    asked = sweep("tcp", sizes_bytes=(1 << 16, 1 << 20), policies=("vector:64", "vector:1024"))
    found = expand(asked, transports())
    assert [(case.workload.size_bytes, case.workload.policy) for case in found.cases] == [
        (1 << 16, "vector:64"),
        (1 << 16, "vector:1024"),
        (1 << 20, "vector:64"),
    ]
    (exclusion,) = found.exclusions
    assert exclusion.reason == "messages of more than 65536 bytes are too much for vector:1024 (use a shorter vector)"


MIX = parse_sizes("64:70%,1k:25%,4k:5%")[0]
WIDER = parse_sizes("64:70%,16k:30%")[0]


def test_a_mix_is_one_value_of_the_sizes() -> None:
    found = expand(sweep("tcp", sizes_bytes=(64, MIX), consumers=(1, 4)), transports())
    loads = [(case.workload.size_bytes, case.workload.mix, case.workload.consumers) for case in found.cases]
    assert loads == [(64, (), 1), (64, (), 4), (4096, MIX, 1), (4096, MIX, 4)]


@pytest.mark.parametrize(
    ("axes", "reason"),
    [
        ({"sizes_bytes": (MIX,), "consumers": (4,)}, None),
        ({"sizes_bytes": (WIDER,)}, "own messages and mixes of sizes are kept apart up to 4096 bytes"),
        ({"sizes_bytes": (MIX,), "policies": ("buffer:4096",)}, "kept apart only as one call each (use policy each)"),
    ],
)
def test_a_pipe_takes_mixes_as_packets(axes: dict[str, Any], reason: str | None) -> None:
    left_out = {x.transport: x.reason for x in expand(sweep("tcp", "pipe", **axes), transports()).exclusions}
    assert (reason is None) == (left_out == {})
    assert (reason or "") in left_out.get("pipe", "")


def test_nothing_left_is_an_error_with_the_reason() -> None:
    with pytest.raises(UsageError, match="no case is left to run: mq-posix: policy split"):
        expand(sweep("mq-posix", policies=("split",)), transports())


@pytest.mark.parametrize(
    ("axes", "torn"),
    [
        ({"sizes_bytes": (4097,)}, True),
        ({"sizes_bytes": (4096,)}, False),
        ({"policies": ("buffer:4097",)}, True),
        ({"policies": ("buffer:4096",)}, False),
        ({"policies": ("buffer:16384",), "consumers": (1,)}, False),
        ({"policies": ("vector:64",), "sizes_bytes": (65,)}, True),
        ({"policies": ("vector:64",), "sizes_bytes": (64,)}, False),
        ({"policies": ("vector:1024",), "sizes_bytes": (4096,), "consumers": (1,)}, False),
    ],
)
def test_what_several_readers_would_tear_apart_is_left_out(axes: dict[str, Any], torn: bool) -> None:
    asked = sweep("tcp", "pipe", **{"consumers": (4,), **axes})
    left_out = {exclusion.transport: exclusion.reason for exclusion in expand(asked, transports()).exclusions}
    assert ("pipe" in left_out) is torn
    assert "torn apart" in left_out.get("pipe", "torn apart")


def test_what_would_be_torn_apart_is_said_once_for_a_policy() -> None:
    found = expand(
        sweep("pipe", sizes_bytes=(32, 64, 128, 256), consumers=(2, 4), policies=("vector:64",)), transports()
    )
    (left_out,) = found.exclusions
    assert left_out.cells == 4
    assert left_out.reason.endswith("would be torn apart (vector:64 holds messages of at most 64 bytes)")


def test_a_fan_out_is_for_transports_that_deal() -> None:
    found = expand(sweep("tcp", "pipe", "mq-posix", consumers=(1, 4), patterns=("share", "fanout")), transports())
    fanned = [case for case in found.cases if case.workload.pattern == "fanout"]
    assert {(case.transport, case.workload.dispatch) for case in fanned} == {("tcp", "deal")}
    assert len(found.cases) == 2 * 4
    why = "pattern fanout is not possible here (possible: share, pingpong)"
    assert [(left.transport, left.reason, left.cells) for left in found.exclusions] == [
        ("pipe", why, 2),
        ("mq-posix", why, 2),
    ]


def both_ways() -> dict[str, Transport]:
    """A transport whose consumers may compete or be dealt to, the first if nothing is said."""
    tcp = transports()["tcp"]
    facts = msgspec.structs.replace(tcp.facts, dispatches=["compete", "deal"])
    return {"tcp": msgspec.structs.replace(tcp, facts=facts)}


def test_a_fan_out_deals_where_a_transport_does_both() -> None:
    found = expand(sweep("tcp", patterns=("share", "fanout")), both_ways())
    assert [(case.workload.pattern, case.workload.dispatch) for case in found.cases] == [
        ("share", "compete"),
        ("fanout", "deal"),
    ]


def test_consumers_of_a_fan_out_do_not_compete() -> None:
    found = expand(sweep("tcp", patterns=("fanout",), dispatches=("compete", "deal")), both_ways())
    assert [case.workload.dispatch for case in found.cases] == ["deal"]
    assert [left.reason for left in found.exclusions] == [
        "fanout takes a connection for each consumer; with dispatch compete all read one (use deal)"
    ]


def test_requests_are_replied_to_one_by_one() -> None:
    found = expand(sweep("tcp", patterns=("pingpong",), policies=("each", "split", "buffer:4096")), transports())
    assert [case.workload.policy for case in found.cases] == ["each", "split"]
    assert [left.reason for left in found.exclusions] == [
        "a request that waits for others has no round trip of its own; not with buffer:4096 (use each)"
    ]


def test_requests_to_consumers_that_compete_are_for_one_alone() -> None:
    found = expand(sweep("pipe", patterns=("pingpong",), consumers=(1, 4)), transports())
    assert [case.workload.consumers for case in found.cases] == [1]
    assert [left.reason for left in found.exclusions] == [
        "of several consumers that take from one queue none can say whose reply comes next (use 1 consumer)"
    ]


def test_only_requests_are_in_flight() -> None:
    found = expand(sweep("tcp", patterns=("share", "pingpong"), in_flights=(1, 8)), transports())
    assert [(case.workload.pattern, case.workload.in_flight) for case in found.cases] == [
        ("share", 1),
        ("pingpong", 1),
        ("pingpong", 8),
    ]


def test_every_round_trip_is_timed_whatever_is_stamped() -> None:
    found = expand(sweep("tcp", patterns=("share", "pingpong"), stamp_every=8), transports())
    assert [case.workload.stamp_every for case in found.cases] == [8, None]


def test_each_transport_is_dispatched_as_it_prefers() -> None:
    found = expand(sweep("tcp", "pipe"), transports())
    assert [case.workload.dispatch for case in found.cases] == ["deal", "compete"]


def test_a_parameter_is_swept_where_it_is_known() -> None:
    found = expand(sweep("tcp", "pipe", params={"nodelay": ("0", "1")}), transports())
    assert [(case.transport, case.params.get("nodelay")) for case in found.cases] == [
        ("tcp", 0),
        ("tcp", 1),
        ("pipe", None),
    ]


def test_a_parameter_that_none_knows_is_refused() -> None:
    with pytest.raises(UsageError, match="did you mean 'nodelay'"):
        expand(sweep("tcp", params={"nodely": ("1",)}), transports())


def taking_objects() -> dict[str, Transport]:
    """The pipe takes bytes, ``objects`` takes some objects, too."""
    pipe = transports()["pipe"]
    payload = Param(name="payload", unit="choice", default="bytes", choices=["bytes", "pickle:dict", "pickle:numpy"])
    objects = msgspec.structs.replace(pipe, name="objects", params=[payload])
    return {"pipe": pipe, "objects": objects}


def test_an_object_goes_where_it_is_taken() -> None:
    found = expand(sweep("pipe", "objects", payloads=("bytes", "pickle:dict", "numpy")), taking_objects())
    assert [(case.transport, case.params.get("payload")) for case in found.cases] == [
        ("pipe", None),
        ("objects", "bytes"),
        ("objects", "pickle:dict"),
    ]
    assert [(left.transport, left.reason) for left in found.exclusions] == [
        ("pipe", "payload pickle:dict is not possible here (possible: bytes)"),
        ("pipe", "payload numpy is not possible here (possible: bytes)"),
        ("objects", "payload numpy is not possible here (possible: bytes, pickle:dict, pickle:numpy)"),
    ]


def test_m03_what_holds_a_message_is_identity() -> None:
    found = expand(sweep("objects", payloads=("bytes", "pickle:dict", "pickle:numpy")), taking_objects())
    assert len({case_key(case) for case in found.cases}) == 3


def test_where_nothing_is_said_of_objects_parameters_decide() -> None:
    found = expand(sweep("pipe", "objects", params={"payload": ("pickle:dict",)}), taking_objects())
    assert [case.params.get("payload") for case in found.cases] == [None, "pickle:dict"]


def test_an_unknown_transport_is_told_the_nearest() -> None:
    with pytest.raises(UsageError, match="unknown transport 'unix-steam'; did you mean 'unix-stream'"):
        expand(sweep("tcp", "unix-steam"), transports())


def test_linger_is_of_buffers_alone() -> None:
    found = expand(sweep("tcp", policies=("each", "buffer:4096"), lingers_us=(0, 50)), transports())
    assert [(case.workload.policy, case.workload.linger_us) for case in found.cases] == [
        ("each", 0),
        ("buffer:4096", 0),
        ("buffer:4096", 50),
    ]


def test_an_unavailable_transport_stays_in_the_plan() -> None:
    gone = msgspec.structs.replace(transports()["mq-posix"], available=False, reason="no mqueue here")
    found = expand(sweep("tcp", "mq-posix"), {**transports(), "mq-posix": gone})
    assert [case.transport for case in found.cases] == ["tcp", "mq-posix"]


def test_the_key_of_a_case_never_changes() -> None:
    tcp = Workload(size_bytes=64, consumers=1, dispatch="deal", items=1_000_000)
    queue = Workload(size_bytes=1024, consumers=4, dispatch="compete", wait="spin", duration_s=0.2)
    params: dict[str, int | str] = {"nodelay": 0, "deal_items": 1000}
    assert case_key(Case(transport="tcp", runtime="native", params=params, workload=tcp)) == "f918a91d15b1ceb5"
    assert (
        case_key(Case(transport="mq-posix", runtime="native", params={"depth": 10}, workload=queue))
        == "9e5deaf927257599"
    )


def test_the_key_of_a_mix_does_not_either() -> None:
    load = Workload(size_bytes=4096, consumers=1, dispatch="deal", items=1_000_000, mix=MIX)
    assert case_key(Case(transport="tcp", runtime="native", params={"nodelay": 0}, workload=load)) == "667f4af62da9ae6e"


def test_a_field_that_is_added_later_changes_no_key() -> None:
    class LaterWorkload(Workload, frozen=True, kw_only=True):
        link: str | None = None

    class LaterCase(Case, frozen=True, kw_only=True):
        host: str = ""

    before = case("tcp")
    load = LaterWorkload(**{name: getattr(before.workload, name) for name in Workload.__struct_fields__})
    later = LaterCase(transport=before.transport, runtime=before.runtime, params=before.params, workload=load)
    assert case_key(later) == case_key(before)


MEANINGS: list[dict[str, Any]] = [
    {"size_bytes": 65},
    {"consumers": 2},
    {"policy": "split"},
    {"pattern": "fanout"},
    {"policy": "vector:64"},
    {"rate_per_s": 1000.0},
    {"stamp_every": 8},
    {"pattern": "pingpong"},
    {"pattern": "pingpong", "in_flight": 2},
    {"link": parse_link("100M")},
    {"wait": "spin"},
    {"wait": "spin-then-block"},
    {"placement": "same"},
    {"dispatch": "compete"},
    {"items": 5},
    {"verify": "sample:10"},
    {"warmup_s": 0.5},
    {"size_bytes": 4096, "mix": MIX},
    {"params": {"nodelay": 1}},
]


@pytest.mark.parametrize("changed", MEANINGS, ids=lambda changed: next(iter(changed)))
def test_m03_every_part_of_the_meaning_is_identity(changed: dict[str, Any]) -> None:
    assert case_key(case("tcp", **changed)) != case_key(case("tcp"))


@given(st.permutations([("nodelay", 0), ("depth", 1000), ("room", "large")]))
def test_the_order_of_parameters_is_no_part_of_a_key(items: list[tuple[str, int | str]]) -> None:
    ordered = msgspec.structs.replace(case("tcp"), params={"nodelay": 0, "depth": 1000, "room": "large"})
    assert case_key(msgspec.structs.replace(ordered, params=dict(items))) == case_key(ordered)


@given(st.integers(0, 2**63 - 1), st.integers(0, 1000))
def test_a_trial_seed_fits_63_bits_and_repeats_itself(seed: int, repeat: int) -> None:
    drawn = trial_seed(seed, case("tcp"), repeat)
    assert 0 <= drawn < 2**63
    assert drawn == trial_seed(seed, case("tcp"), repeat)


def test_trials_draw_different_seeds() -> None:
    drawn = {trial_seed(seed, case(name), repeat) for seed in (1, 2) for name in ("tcp", "pipe") for repeat in range(5)}
    assert len(drawn) == 2 * 2 * 5


def test_links_are_an_axis_of_what_crosses_hosts() -> None:
    links = (parse_link("10M"), parse_link("10M/9000"))
    found = expand(sweep("tcp", "pipe", links=links), transports())
    assert [(case.transport, case.workload.link) for case in found.cases] == [("tcp", link) for link in links]
    assert len({case_key(case) for case in found.cases}) == 2
    (excluded,) = found.exclusions
    assert (excluded.transport, excluded.cells) == ("pipe", 2)
    assert "no link is between them" in excluded.reason
