"""From words to a plan: presets, narrowing, defaults, and complaints before anything runs."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from msgspec import structs

from queuemark.cli.asked import Asked
from queuemark.cli.prepare import Prepared, Request, prepare
from queuemark.cli.presets import PRESETS
from queuemark.measure.outlook import typical_s
from queuemark.model.errors import UsageError
from queuemark.model.link import parse_link
from queuemark.model.transport import Transport
from queuemark.runners.python.catalogue import Catalogue, ours
from queuemark.runners.registry import VARIABLE, survey
from tests.examples import transports


@pytest.fixture(scope="module")
def known(fake_runner: Path) -> dict[str, Transport]:
    found = survey({VARIABLE: str(fake_runner)}).transports()
    return {name: transport for name, transport in found.items() if name != "absent"}


def quick(known: dict[str, Transport], **axes: str) -> Prepared:
    return prepare(Request(name="quick", asked=Asked(**axes)), known)  # type: ignore[arg-type]


def refused(known: dict[str, Transport], request: Request) -> str:
    with pytest.raises(UsageError) as caught:
        prepare(request, known)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_nothing_said_is_quick(known: dict[str, Transport]) -> None:
    bare, named = prepare(Request(), known).plan, quick(known).plan
    assert bare.cases == named.cases
    assert (bare.preset, bare.repeats) == ("quick", 3)


def test_quick_leaves_nothing_out(known: dict[str, Transport]) -> None:
    prepared = quick(known)
    assert prepared.exclusions == []
    assert {case.transport for case in prepared.plan.cases} == {"tcp", "unix-stream", "pipe", "mq-posix"}
    assert {case.params["nodelay"] for case in prepared.plan.cases if case.transport == "tcp"} == {0, 1}
    assert {case.workload.policy for case in prepared.plan.cases} == {"each", "split", "buffer:16384", "buffer:65536"}
    assert {case.workload.pattern for case in prepared.plan.cases} == {"share", "fanout"}
    assert {case.workload.wait for case in prepared.plan.cases} == {"block", "spin", "spin-then-block"}


def test_quick_says_how_many_mechanisms_it_measures() -> None:
    named = {name for sweep in PRESETS["quick"].sweeps for name in (sweep.transports or "").split(",")}
    assert PRESETS["quick"].summary.startswith(f"{len(named)} mechanisms, ")


def test_quick_keeps_within_its_time(known: dict[str, Transport]) -> None:
    """At most 75 s in all; a trial costs up to 0.15 s outside its window."""
    plan = quick(known).plan
    planned_s = sum((case.workload.duration_s or 0) + case.workload.warmup_s + 0.15 for case in plan.cases)
    assert planned_s * plan.repeats <= 75


def test_m07_quick_runs_at_least_a_fifth_of_a_second(known: dict[str, Transport]) -> None:
    assert min(case.workload.duration_s or 0 for case in quick(known).plan.cases) >= 0.2


def test_classic_is_the_original_sweep() -> None:
    original = ("tcp", "unix-stream", "mq-posix", "pipe")
    prepared = prepare(Request(name="classic"), {name: transports()[name] for name in original})
    plan = prepared.plan
    policies = {case.transport: case.workload.policy for case in plan.cases}
    assert policies == {"tcp": "split", "unix-stream": "split", "mq-posix": "each", "pipe": "each"}
    assert len(plan.cases) == 4 * 13 * 6
    assert {case.workload.size_bytes for case in plan.cases} == {2**power for power in range(13)}
    assert {case.workload.consumers for case in plan.cases} == {1, 2, 4, 8, 16, 32}
    assert {(case.workload.items, case.workload.verify) for case in plan.cases} == {(1_000_000, "full")}
    assert {case.params.get("deal_items") for case in plan.cases if case.workload.dispatch == "deal"} == {1000}
    assert {case.params["nodelay"] for case in plan.cases if case.transport == "tcp"} == {0}
    assert (plan.preset, plan.repeats, prepared.exclusions) == ("classic", 3, [])
    assert prepared.missing == ("unix-dgram", "udp")


def test_what_no_runner_offers_is_left_out_of_a_preset_but_not_of_a_wish() -> None:
    known = transports()
    del known["pipe"]
    before = prepare(Request(name="quick"), transports()).missing
    missing = prepare(Request(name="quick"), known).missing
    assert set(missing) - set(before) == {"pipe"}
    assert prepare(Request(name="quick", asked=Asked(transports="tcp")), known).missing == ()
    assert "unknown transport 'pipe'" in refused(known, Request(name="quick", asked=Asked(transports="pipe")))


def test_a_preset_is_narrowed(known: dict[str, Transport]) -> None:
    plan = quick(known, transports="pipe").plan
    everything = quick(known).plan
    assert plan.cases == [case for case in everything.cases if case.transport == "pipe"]


def test_a_preset_with_other_axes(known: dict[str, Transport]) -> None:
    plan = quick(known, sizes="64", items="1k").plan
    assert {case.workload.size_bytes for case in plan.cases} == {64}
    assert {(case.workload.items, case.workload.duration_s) for case in plan.cases} == {(1000, None)}


def test_a_parameter_goes_where_it_fits(known: dict[str, Transport]) -> None:
    plan = prepare(Request(name="quick", asked=Asked(params={"nodelay": "1"})), known).plan
    assert {case.params.get("nodelay") for case in plan.cases} == {1, None}


def test_axes_without_a_preset_take_the_documented_defaults(known: dict[str, Transport]) -> None:
    plan = prepare(Request(asked=Asked(transports="tcp")), known).plan
    (case,) = plan.cases
    load = case.workload
    assert (plan.preset, plan.repeats, load.duration_s, load.items) == (None, 5, 1.0, None)
    assert (load.size_bytes, load.consumers, load.policy, load.ack) == (64, 1, "each", "fence")
    assert (load.wait, load.placement, load.verify, case.params["nodelay"]) == ("block", "spread", "full", 0)


def test_an_axis_alone_sweeps_over_every_transport(known: dict[str, Transport]) -> None:
    plan = prepare(Request(asked=Asked(consumers="1,2")), known).plan
    assert len(plan.cases) == 2 * len(known)


def test_the_product_of_all_axes(known: dict[str, Transport]) -> None:
    asked = Asked(
        transports="tcp",
        sizes="1..8",
        consumers="1,4",
        patterns="share,fanout",
        policies="each,buffer,vector",
        waits="block,spin,spin-then-block",
        placements="free",
    )
    assert len(prepare(Request(asked=asked), known).plan.cases) == 4 * 2 * 2 * 3 * 3


def test_a_fan_out_over_every_transport_leaves_out_those_that_compete(known: dict[str, Transport]) -> None:
    prepared = prepare(Request(asked=Asked(patterns="share,fanout", consumers="1,4")), known)
    assert len(prepared.plan.cases) == 2 * len(known) + 2 * 2
    why = "pattern fanout is not possible here (possible: share, pingpong)"
    assert [(e.transport, e.reason, e.cells) for e in prepared.exclusions] == [("pipe", why, 2), ("mq-posix", why, 2)]


def test_what_is_ruled_out_is_said(known: dict[str, Transport]) -> None:
    prepared = prepare(Request(asked=Asked(transports="tcp,mq-posix", policies="each,split")), known)
    assert [(e.transport, e.cells) for e in prepared.exclusions] == [("mq-posix", 1)]


def test_a_fault_that_nobody_could_notice_is_left_out(known: dict[str, Transport]) -> None:
    asked = Asked(transports="tcp,pipe", consumers="1,4")
    prepared = prepare(Request(asked=asked, inject="reorder"), known)
    assert len(prepared.plan.cases) == 3
    assert [(e.transport, e.cells) for e in prepared.exclusions] == [("pipe", 1)]
    only = Request(asked=Asked(transports="pipe", consumers="4"), inject="reorder")
    assert "no case is left to run: pipe: nobody sees the order" in refused(known, only)


def test_a_fault_is_made_where_somebody_receives(known: dict[str, Transport]) -> None:
    facts = msgspec.structs.replace(known["tcp"].facts, consumers_low=0)
    keeps = {"tcp": msgspec.structs.replace(known["tcp"], facts=facts)}
    asked = Asked(transports="tcp", consumers="0,1")
    prepared = prepare(Request(asked=asked, inject="flip"), keeps)
    assert [case.workload.consumers for case in prepared.plan.cases] == [1]
    assert [e.reason for e in prepared.exclusions] == ["nobody is there to notice a fault (use 1 consumer)"]
    assert [case.workload.consumers for case in prepare(Request(asked=asked), keeps).plan.cases] == [0, 1]


def test_own_messages(known: dict[str, Transport], tmp_path: Path) -> None:
    (tmp_path / "own").write_text("one\ntwo\n")
    plan = prepare(Request(messages=str(tmp_path / "own")), known).plan
    assert len(plan.cases) == len(known)
    assert plan.messages_path == str(tmp_path / "own")
    assert {case.workload.size_bytes for case in plan.cases} == {3 + 8}


@pytest.mark.parametrize(
    ("lines", "policies", "cases"),
    [
        ("one\nthree\n", "each,buffer", 1),
        ("one\ntwo\n", "each,buffer", 1),
        ("one\n" + "x" * 4088 + "\n", "each", 1),
    ],
)
def test_own_messages_in_a_stream_without_lengths(
    known: dict[str, Transport], tmp_path: Path, lines: str, policies: str, cases: int
) -> None:
    (tmp_path / "own").write_text(lines)
    request = Request(messages=str(tmp_path / "own"), asked=Asked(transports="pipe", policies=policies))
    assert len(prepare(request, known).plan.cases) == cases


def test_own_messages_that_no_single_call_keeps_whole(known: dict[str, Transport], tmp_path: Path) -> None:
    (tmp_path / "own").write_text("one\n" + "x" * 4089 + "\n")
    request = Request(messages=str(tmp_path / "own"), asked=Asked(transports="pipe"))
    assert "kept apart up to 4096 bytes, sequence number included; the largest has 4097" in refused(known, request)


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ('repeats = 2\nmessages = "gone"\n', "line 2: messages: messages "),
        ('\nmessages = "plan.toml"\nmessages_format = "u32"\n', "line 2: messages: messages "),
        ('repeats = 2\n\nmessages_format = "u32"\n', "line 3: messages_format: a messages format needs messages"),
    ],
)
def test_what_is_wrong_with_the_messages_of_a_plan_has_its_place(
    known: dict[str, Transport], tmp_path: Path, plan: str, said: str
) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(plan)
    assert refused(known, Request(name=str(path))).startswith(f"plan {path}: {said}")
    # An option has its own place.
    assert refused(known, Request(name=str(path), messages="/nowhere", messages_format="lines")).startswith(
        "messages /no"
    )


def test_a_plan_file(known: dict[str, Transport], tmp_path: Path) -> None:
    (tmp_path / "own").write_text("one\ntwo\n")
    (tmp_path / "plan.toml").write_text(
        'repeats = 2\nseed = 9\nmessages = "own"\nitems = 10\n'
        '[[sweep]]\ntransports = "tcp"\nparams = { nodelay = [0, 1] }\n[[sweep]]\ntransports = "pipe"\n'
    )
    request = Request(name=str(tmp_path / "plan.toml"))
    plan = prepare(request, known).plan
    assert [case.transport for case in plan.cases] == ["tcp", "tcp", "pipe"]
    assert (plan.repeats, plan.seed, plan.messages_path) == (2, 9, str(tmp_path / "own"))
    narrowed = prepare(Request(name=request.name, asked=Asked(transports="pipe"), seed="10"), known).plan
    assert [case.transport for case in narrowed.cases] == ["pipe"]
    assert (narrowed.repeats, narrowed.seed) == (2, 10)


def test_a_seed_is_drawn_when_none_is_given(known: dict[str, Transport]) -> None:
    assert quick(known).plan.seed != quick(known).plan.seed


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"sizes": "0"}, "must be at least 1"),
        ({"sizes": "-1"}, "must be at least 1"),
        ({"sizes": "4Q"}, "unknown unit 'Q'"),
        ({"consumers": "0"}, "nobody is there to receive"),
        ({"consumers": "-1"}, "consumers"),
        ({"acks": "twice"}, "unknown ack 'twice'"),
        ({"acks": "each"}, "ack each is not possible here"),
        ({"consumers": "100000"}, "at most 1024 consumer processes"),
        ({"transports": "tpc"}, "unknown transport 'tpc'; did you mean 'tcp'?"),
        ({"policies": "buffre"}, "unknown policy 'buffre'; did you mean 'buffer'?"),
        ({"patterns": "fan-out"}, "unknown pattern 'fan-out'; did you mean 'fanout'?"),
        ({"transports": "tcp", "patterns": "fanout", "dispatches": "compete"}, "dispatch compete is not possible here"),
        ({"policies": "vector:9999"}, "one call takes 1 to 1024 messages"),
        ({"waits": "spni"}, "unknown wait 'spni'; did you mean 'spin'?"),
        ({"placements": "everywhere"}, "unknown placement"),
        ({"linger_us": "soon"}, "linger 'soon'"),
        ({"links": "fast"}, "link 'fast' is not a number"),
        ({"links": "10M/20"}, "an mtu of 20 B cannot carry IPv4"),
        ({"links": "10M", "transports": "pipe"}, "no link is between them"),
        ({"payloads": "pickle:dcit"}, "unknown payload 'pickle:dcit'; did you mean 'pickle:dict'?"),
        ({"payloads": "pickle:dict", "transports": "tcp"}, "tcp: payload pickle:dict is not possible here"),
        ({"rates": "0"}, "must be at least 1"),
        ({"rates": "2G"}, "at most 1000000000 messages a second"),
        ({"in_flights": "0"}, "must be at least 1"),
        ({"in_flights": "70000"}, "at most 65536 requests"),
        ({"transports": "tcp", "patterns": "pingpong", "policies": "vector"}, "no round trip of its own"),
        ({"patterns": "pingpnog"}, "did you mean 'pingpong'?"),
        ({"stamp_every": "0"}, "must be at least 1"),
        ({"items": "0"}, "must be at least 1"),
        ({"duration": "0"}, "must be above 0"),
        ({"duration": "1000h"}, "at most 24 h"),
        ({"warmup": "2h"}, "at most one hour"),
        ({"verify": "half"}, "neither full nor sample:K"),
        ({"items": "1", "duration": "1"}, "exclude each other"),
        ({"transports": "mq-posix", "sizes": "16k"}, "messages of more than 8192 bytes are not possible"),
        ({"sizes": ",".join(map(str, range(1, 2000))), "consumers": ",".join(map(str, range(1, 1000)))}, "cells"),
        ({"params": {"nodely": "1"}}, "no parameter 'nodely'"),
        ({"transports": "tcp", "params": {"nodely": "1"}}, "did you mean 'nodelay'?"),
        ({"transports": "tcp", "params": {"nodelay": "2"}}, "neither 0 nor 1"),
    ],
)
def test_what_cannot_be_run_is_said_first(known: dict[str, Transport], asked: dict[str, str], named: str) -> None:
    assert named in refused(known, Request(asked=Asked(**asked)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("request_words", "named"),
    [
        ({"name": "quikc"}, "unknown preset 'quikc'; did you mean 'quick'?"),
        ({"name": "gone.toml"}, "plan gone.toml cannot be read"),
        ({"repeats": "0"}, "must be at least 1"),
        ({"repeats": "1M"}, "at most 10000"),
        ({"seed": "-1"}, "seed '-1'"),
        ({"seed": str(2**63)}, "2^63 - 1"),
        ({"inject": "flop"}, "unknown fault 'flop'; did you mean 'flip'?"),
        ({"stall": "never"}, "stall 'never'"),
        ({"messages": "/nowhere/own"}, "/nowhere/own cannot be read: No such file"),
        ({"messages_format": "u32"}, "needs messages"),
        ({"messages": "/dev/null", "messages_format": "xml"}, "unknown messages format 'xml'"),
    ],
)
def test_the_whole_is_checked_too(known: dict[str, Transport], request_words: dict[str, str], named: str) -> None:
    assert named in refused(known, Request(**request_words))  # type: ignore[arg-type]


def test_sizes_and_own_messages_exclude_each_other(known: dict[str, Transport], tmp_path: Path) -> None:
    (tmp_path / "own").write_text("one\n")
    assert "leave the sizes out" in refused(known, Request(messages=str(tmp_path / "own"), asked=Asked(sizes="1")))


@pytest.fixture(scope="module")
def all_known() -> dict[str, Transport]:
    """Those of both our runners, here or not."""
    native = transports()
    named = {name for preset in PRESETS.values() for sweep in preset.sweeps for name in _names(sweep)}
    python = {transport.name: transport for transport in Catalogue({}).describe_all()}
    others = {name: structs.replace(native["tcp"], name=name) for name in named - native.keys() - python.keys()}
    return {**native, **others, **python}


def _names(sweep: Asked) -> list[str]:
    return [name.rpartition(":")[2] for name in (sweep.transports or "tcp").split(",")]


def test_python_queues_are_all_but_those_of_servers_that_start_slowly(all_known: dict[str, Transport]) -> None:
    prepared = prepare(Request(name="python-queues"), all_known)
    measured = {case.transport for case in prepared.plan.cases if case.runtime == "python"}
    offered = [transport for transport in Catalogue({}).describe_all() if ours(transport.name)]
    quick = [found for found in offered if found.facts.broker in (None, "nats", "redis")]
    beside = {found.name for found in quick if "share" in found.facts.patterns}
    assert measured == beside
    assert prepared.exclusions == []


def test_python_queues_stand_beside_native_ones(all_known: dict[str, Transport]) -> None:
    plan = prepare(Request(name="python-queues"), all_known).plan
    for runtime in ("python", "native"):
        ran = [case.workload for case in plan.cases if case.runtime == runtime]
        assert {load.consumers for load in ran} == {1, 4}
        assert {load.size_bytes for load in ran} == {64}
    assert {case.params.get("loop") for case in plan.cases} == {None, "asyncio", "uvloop"}
    assert {case.params.get("payload") for case in plan.cases} == {None, "bytes", "pickle:dict", "pickle:numpy"}
    assert sum(map(typical_s, plan.cases)) * plan.repeats <= 240


@pytest.mark.parametrize("name", sorted(PRESETS.keys() - {"python-queues"}))
def test_other_presets_are_native(name: str, all_known: dict[str, Transport]) -> None:
    assert {case.runtime for case in prepare(Request(name=name), all_known).plan.cases} == {"native"}


def test_a_payload_is_said_once(all_known: dict[str, Transport]) -> None:
    asked = Asked(transports="mp-queue", payloads="bytes", params={"payload": "pickle:dict"})
    assert "the payload is said twice" in refused(all_known, Request(asked=asked))


def test_a_preset_without_a_case_left(known: dict[str, Transport]) -> None:
    only_tcp = {"tcp": known["tcp"], "other": known["pipe"]}
    assert "preset quick has no case for other" in refused(
        only_tcp, Request(name="quick", asked=Asked(transports="other"))
    )


def test_m16_until_has_a_cap_of_its_own(known: dict[str, Transport]) -> None:
    for name in (None, "quick"):
        plan = prepare(Request(name=name, until="2%", asked=Asked(transports="tcp")), known).plan
        assert (plan.until_percent, plan.repeats) == (2.0, 30)
    plan = prepare(Request(until="0.5 %", repeats="8"), known).plan
    assert (plan.until_percent, plan.repeats) == (0.5, 8)


@pytest.mark.parametrize(("until", "repeats"), [("2", None), ("0%", None), ("100%", None), ("x%", None), ("2%", "4")])
def test_an_until_that_makes_no_sense_is_refused(known: dict[str, Transport], until: str, repeats: str | None) -> None:
    assert "write for example" in refused(known, Request(until=until, repeats=repeats))


def test_m16_a_plan_file_says_until(known: dict[str, Transport], tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text('transports = "tcp"\nuntil = "2%"\nrepeats = 9\n')
    plan = prepare(Request(name=str(path)), known).plan
    assert (plan.until_percent, plan.repeats) == (2.0, 9)
    path.write_text('transports = "tcp"\nuntil = 2\n')
    assert "line 2: until: " in refused(known, Request(name=str(path)))


def test_a_search_does_not_go_on_until_an_interval_is_narrow(known: dict[str, Transport]) -> None:
    assert "leave --until out" in refused(known, Request(until="2%", p99="50us", asked=Asked(transports="tcp")))


def test_a_link_alone_tests_all_that_crosses_hosts(tmp_path: Path) -> None:
    known = transports()
    plan = prepare(Request(asked=Asked(links="10M,100M")), known).plan
    crossing = {name for name, transport in known.items() if transport.facts.crosses_hosts}
    assert {case.transport for case in plan.cases} == crossing == {"tcp"}
    assert {case.workload.size_bytes for case in plan.cases} == {64, 512, 1460}
    assert {case.workload.link for case in plan.cases} == {parse_link("10M"), parse_link("100M")}
    narrowed = prepare(Request(asked=Asked(links="10M", transports="tcp,pipe", sizes="9")), known)
    assert [(case.transport, case.workload.size_bytes) for case in narrowed.plan.cases] == [("tcp", 9)]
    assert [exclusion.transport for exclusion in narrowed.exclusions] == ["pipe"]
    own = tmp_path / "own"
    own.write_text("one\n")
    assert len(prepare(Request(asked=Asked(links="10M"), messages=str(own)), known).plan.cases) == 1
