"""Every runner, every transport: the contract is kept, and what was sent is what arrived.

Nothing here knows a transport by name: what is tried follows from the facts and parameters that it states.
"""

from __future__ import annotations

import struct
from itertools import product
from pathlib import Path

import pytest

from queuemark.model.transport import Listing
from queuemark.model.workload import PLACEMENTS
from queuemark.runners.registry import Offer, survey
from tests.conformance.runs import (
    OFFERS,
    Load,
    Run,
    assert_kept_contract,
    assert_proved,
    fits,
    params_of,
    policies,
    run_load,
    run_words,
)

SIZES = (1, 2, 7, 8, 9, 16, 4096)
LARGE_BYTES = 300 * 1024
MIB = 1 << 20


def test_a_runner_is_there_and_says_what_it_offers() -> None:
    found = survey()
    assert found.troubles == []
    assert found.offers
    for offer in found.offers:
        assert offer.transport.available == (offer.transport.reason is None)
        assert offer.transport.available or offer.transport.remedy


def test_names_are_stated_once() -> None:
    names = [(offer.transport.name, offer.transport.runtime) for offer in OFFERS]
    assert len(set(names)) == len(names)
    assert Listing(contract=1, runtime="any", version="0", transports=[o.transport for o in OFFERS]).transports


@pytest.mark.parametrize("consumers", [1, 4])
@pytest.mark.parametrize("size", [*SIZES, None])
def test_m01_every_size_and_policy_is_conserved(offer: Offer, size: int | None, consumers: int) -> None:
    facts = offer.transport.facts
    high = facts.whole_bytes if consumers > 1 and facts.whole_bytes else facts.max_size_bytes
    size = size or min(high, LARGE_BYTES)
    if not fits(facts, size, consumers):
        pytest.skip(f"{size} bytes are above the largest message here, {high}")
    items = 300 if size <= 4096 else 20
    for policy in policies(facts, consumers, size):
        load = Load(size=size, consumers=consumers, items=items, policy=policy)
        assert_proved(offer, load, run_load(offer, load))


@pytest.mark.parametrize("consumers", [1, 2])
def test_1_mib_and_the_largest_message(offer: Offer, consumers: int) -> None:
    facts = offer.transport.facts
    high = facts.whole_bytes if consumers > 1 and facts.whole_bytes else facts.max_size_bytes
    for size in sorted({min(high, MIB), high - 1, high}):
        several = 3 if consumers == 1 or facts.whole_bytes is None else 1
        for policy in ("each", "split", "buffer:1000", f"vector:{several}"):
            if policy.partition(":")[0] in facts.policies:
                load = Load(size=size, consumers=consumers, items=5, policy=policy)
                assert_proved(offer, load, run_load(offer, load))
    over = run_load(offer, Load(size=high + 1, consumers=consumers, items=5))
    assert (over.exit_code, over.stdout) == (2, b""), over
    assert len(over.stderr.splitlines()) == 1


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_every_wait_dispatch_and_placement_is_conserved(offer: Offer, placement: str) -> None:
    facts = offer.transport.facts
    for wait, dispatch, consumers in product(facts.waits, facts.dispatches, (1, 4)):
        load = Load(consumers=consumers, wait=wait, dispatch=dispatch, placement=placement, items=120)
        result = assert_proved(offer, load, run_load(offer, load))
        assert result.producer is not None
        cpus = [worker.cpus for worker in (result.producer, *result.consumers)]
        assert all(len(pinned) == (placement != "free") for pinned in cpus)
        assert placement == "spread" or len({tuple(pinned) for pinned in cpus}) == 1


def test_32_consumers(offer: Offer) -> None:
    load = Load(consumers=32, items=10_000, policy="each")
    assert_proved(offer, load, run_load(offer, load))


@pytest.mark.parametrize("items", [1, 2, 3])
def test_fewer_messages_than_consumers(offer: Offer, items: int) -> None:
    for size, policy in product((1, 64), policies(offer.transport.facts, 4, 64)):
        load = Load(size=size, consumers=4, items=items, policy=policy, params=_dealt_one_by_one(offer))
        assert_proved(offer, load, run_load(offer, load))


def _dealt_one_by_one(offer: Offer) -> dict[str, int]:
    return {param.name: 1 for param in offer.transport.params if param.name == "deal_items"}


def test_the_deal_is_exact(offer: Offer) -> None:
    if not any(param.name == "deal_items" for param in offer.transport.params):
        pytest.skip(f"{offer.transport.name} does not deal")
    for deal_items, items in product((1, 7, 1000), (1, 1000, 4001)):
        load = Load(size=16, consumers=4, items=items, params={"deal_items": deal_items})
        assert_proved(offer, load, run_load(offer, load))


def test_parameters_at_their_lowest_keep_the_queue_full(offer: Offer) -> None:
    lowest = {param.name: max(1, param.low or 0) for param in params_of(offer, "B", "items", "flag")}
    offered = policies(offer.transport.facts, 4, 3000)
    for size, policy, wait, consumers in product(
        (9, 3000), dict.fromkeys([*offered[:3], offered[-1]]), offer.transport.facts.waits, (1, 4)
    ):
        if not fits(offer.transport.facts, size, consumers):
            continue
        # More spinning workers than cpus wait for each other's turns.
        items = 150 if wait == "block" else 50
        load = Load(size=size, consumers=consumers, items=items, policy=policy, wait=wait, params=lowest)
        result = assert_proved(offer, load, run_load(offer, load))
        for name, asked in lowest.items():
            assert int(result.granted[name]) >= asked


def test_each_parameter_alone_is_granted_and_recorded(offer: Offer) -> None:
    assert set(assert_proved(offer, Load(), run_load(offer, Load())).granted) >= {
        param.name for param in offer.transport.params
    }
    missing = []
    for param in offer.transport.params:
        values = param.choices or [max(1, param.low or 0), param.default]
        for value in values:
            load = Load(params={param.name: value})
            run = run_load(offer, load)
            if param.choices and value != param.default and run.exit_code == 3:
                missing.append(f"{param.name}={value}: {told_with_a_remedy(run)}")
                continue
            result = assert_proved(offer, load, run)
            granted = result.granted[param.name]
            assert isinstance(granted, type(param.default))
            assert isinstance(granted, str) or granted >= int(value)
    if missing:
        pytest.skip("; ".join(missing))


def told_with_a_remedy(run: Run) -> str:
    """Why it is not to be had here."""
    result = assert_kept_contract(run)
    assert result.reason, run
    assert result.remedy, run
    return result.reason


def test_workers_that_keep_step_do_not_stand_still(offer: Offer) -> None:
    """Their counts are equal whenever one looks: each message takes longer than it waits for the next."""
    size = min(4 << 20, offer.transport.facts.max_size_bytes)
    load = Load(size=size, items=min(20_000, (1200 << 20) // size), more={"stall": "0.8"})
    assert_proved(offer, load, run_load(offer, load))


@pytest.mark.parametrize("consumers", [1, 4])
def test_a_sample_checks_as_many_as_it_says(offer: Offer, consumers: int) -> None:
    for size, policy, every in product((8, 64), policies(offer.transport.facts, consumers, 64), (1, 10, 10_000)):
        load = Load(size=size, consumers=consumers, items=1234, policy=policy, verify=f"sample:{every}")
        assert_proved(offer, load, run_load(offer, load))


def test_m07_a_duration_is_kept_and_told_of(offer: Offer) -> None:
    load = Load(consumers=2, items=None, more={"duration": "0.6"})
    run = run_load(offer, load)
    result = assert_proved(offer, load, run)
    assert result.window_ns >= 600_000_000
    ticks = run.events()[1:-1]
    assert 1 <= len(ticks) <= 3
    figures = [(tick.elapsed_ns, tick.sent, tick.delivered) for tick in ticks]  # type: ignore[union-attr]
    assert figures == sorted(figures)
    assert figures[-1][1] <= result.sent


def test_m06_warm_up_is_outside_the_window_and_not_counted(offer: Offer) -> None:
    for consumers, size in product((1, 4), (1, 64)):
        load = Load(size=size, consumers=consumers, items=50, warmup=0.1)
        result = assert_proved(offer, load, run_load(offer, load))
        assert result.sent == 50


def test_a_run_is_the_same_again_by_its_seed(offer: Offer) -> None:
    load = Load(inject="flip", seed=77)
    made = [assert_kept_contract(run_load(offer, load)).injected for _ in range(2)]
    assert made[0] is not None
    assert made[0] == made[1]


MESSAGES = {
    "lines": b"short\n\nwith the end of a line of DOS\r\n" + b"x" * 2500 + b"\n\xff\x00binary\nthe last has no end",
    "u32": b"".join(struct.pack("<I", len(text)) + text for text in (b"", b"a", b"\n" * 3000, b"", b"\0\1\2", b"")),
}
SIZES_BYTES = {"lines": (5, 29, 2500, 8, 19), "u32": (0, 1, 3000, 0, 3, 0)}


def whole_policies(offer: Offer, consumers: int, size: int) -> list[str]:
    """Where writes have to be whole, messages of different sizes go one by one."""
    facts = offer.transport.facts
    return ["each"] if facts.whole_bytes else policies(facts, consumers, size)


@pytest.mark.parametrize("format", ["lines", "u32"])
def test_real_messages_keep_their_sizes(offer: Offer, format: str, tmp_path: Path) -> None:
    path = tmp_path / "messages"
    path.write_bytes(MESSAGES[format])
    sizes = SIZES_BYTES[format]
    for consumers, policy, verify in product((1, 4), whole_policies(offer, 4, 3008), ("full", "sample:3")):
        load = Load(
            size=8 + max(sizes),
            consumers=consumers,
            items=247,
            policy=policy,
            verify=verify,
            more={"messages": path, "messages-format": format},
        )
        result = assert_proved(offer, load, run_load(offer, load))
        if not result.lost:
            assert result.message_bytes == sum(8 + sizes[number % len(sizes)] for number in range(247))


def test_a_long_file_of_messages_is_dealt_as_one_loop(offer: Offer, tmp_path: Path) -> None:
    path = tmp_path / "messages"
    path.write_text("".join(f"{'y' * (number % 97)}{number}\n" for number in range(1000)))
    lengths = [len(line) for line in path.read_text().splitlines()]
    for consumers, deal_items in product((1, 3, 4), (1, 999, 1000, 1001)):
        params = dict.fromkeys(_dealt_one_by_one(offer), deal_items)
        load = Load(consumers=consumers, items=4500, params=params, more={"messages": path})
        result = assert_proved(offer, load, run_load(offer, load))
        if not result.lost:
            assert result.message_bytes == sum(8 + lengths[number % 1000] for number in range(4500))


MIX_PERCENT = {8: 0.5, 64: 70, 1000: 24.5, 4096: 5}
MIX = {"mix": ",".join(f"{size}:{percent}" for size, percent in MIX_PERCENT.items())}
PERIOD = 10_000


@pytest.mark.parametrize("consumers", [1, 4])
def test_the_shares_of_a_mix_are_exact(offer: Offer, consumers: int) -> None:
    load = Load(size=4096, consumers=consumers, items=4 * PERIOD, more=MIX)
    result = assert_proved(offer, load, run_load(offer, load))
    if not result.lost:
        assert result.message_bytes == 4 * PERIOD * sum(size * percent for size, percent in MIX_PERCENT.items()) / 100


def test_a_mix_is_conserved_whatever_the_policy_and_the_sample(offer: Offer) -> None:
    for consumers, verify in product((1, 4), ("full", "sample:3")):
        for policy in whole_policies(offer, consumers, 4096):
            load = Load(size=4096, consumers=consumers, items=700, policy=policy, verify=verify, warmup=0.01, more=MIX)
            result = assert_proved(offer, load, run_load(offer, load))
            assert result.delivered * 8 < result.message_bytes < result.delivered * 4096


def test_m01_what_nobody_receives_is_accepted_or_the_trial_has_failed(offer: Offer) -> None:
    if offer.transport.facts.consumers_low:
        pytest.skip(f"{offer.transport.name} keeps nothing for nobody")
    for policy, ack, size in product(policies(offer.transport.facts, 1, 64), offer.transport.facts.acks, (1, 64)):
        named = "window:7" if ack == "window" else ack
        run = run_load(offer, Load(size=size, consumers=0, items=200, policy=policy, warmup=0.01, more={"ack": named}))
        result = assert_kept_contract(run)
        assert (result.state, result.sent, result.delivered, result.lost) == ("ok", 200, 0, 0), run
        assert result.producer is not None
        assert (result.producer.sent, result.consumers, result.latency) == (200, [], None)
        assert result.window_ns == result.send_window_ns > 0


@pytest.mark.parametrize("words", [["--inject", "drop"], ["--pattern", "pingpong"]])
def test_what_takes_somebody_is_refused_where_nobody_is(offer: Offer, words: list[str]) -> None:
    run = run_words(offer, ["--consumers", "0", *words])
    assert (run.exit_code, run.stdout) == (2, b""), run
    assert any(word in run.stderr for word in ("--consumers", *words)), run


@pytest.mark.parametrize("consumers", [1, 3])
def test_m01_every_ack_is_conserved(offer: Offer, consumers: int) -> None:
    facts = offer.transport.facts
    for ack, policy, wait in product(facts.acks, policies(facts, consumers, 64), facts.waits):
        for named in ("window:1", "window:7", "window:65536") if ack == "window" else (ack,):
            load = Load(consumers=consumers, items=120, policy=policy, wait=wait, warmup=0.001, more={"ack": named})
            assert_proved(offer, load, run_load(offer, load))


BAD_WORDS = {
    "a size of zero": ["--size", "0"],
    "a negative size": ["--size", "-1"],
    "a size with a unit": ["--size", "4Q"],
    "a vector of more than fits into memory": ["--size", "65537", "--policy", "vector:1024"],
    "a mix of one size": ["--mix", "64:100"],
    "a mix of too little": ["--mix", "64:70,128:20"],
    "a mix of a size twice": ["--mix", "64:70,64:30"],
    "a mix with a size too small for a number": ["--mix", "4:70,64:30"],
    "a mix and own messages": ["--mix", "64:70,128:30", "--messages", "any"],
    "no consumers": ["--consumers", "0"],
    "too many consumers": ["--consumers", "100000"],
    "no items": ["--items", "0"],
    "items and a duration": ["--items", "1", "--duration", "1"],
    "an unknown policy": ["--policy", "guess"],
    "a buffer without a size": ["--policy", "buffer"],
    "a vector of nothing": ["--policy", "vector:0"],
    "a vector longer than a call takes": ["--policy", "vector:1025"],
    "a vector without a length": ["--policy", "vector"],
    "an unknown pattern": ["--pattern", "multicast"],
    "an unknown wait": ["--wait", "sleep"],
    "an unknown ack": ["--ack", "twice"],
    "an ack without its window": ["--ack", "window"],
    "an ack with a window that it has not": ["--ack", "fence:3"],
    "a window of nothing": ["--ack", "window:0"],
    "an unknown option": ["--frobnicate", "1"],
    "an option without a value": ["--size"],
    "an unknown parameter": ["-P", "no-such-thing=1"],
    "a parameter without a value": ["-P", "deal_items"],
    "an unknown fault": ["--inject", "gremlin"],
    "a seed beyond 63 bits": ["--seed", str(2**63)],
    "a sample of nothing": ["--verify", "sample:0"],
    "a run id with a space": ["--run-id", "a b"],
    "an end that is nowhere": ["--producer-address", "here"],
    "another end that is nowhere": ["--consumer-address", "::1"],
    "a role of later": ["--role", "producer"],
    "a warm-up that is not a number": ["--warmup", "nan"],
}


@pytest.mark.parametrize("words", BAD_WORDS.values(), ids=BAD_WORDS.keys())
def test_bad_words_get_one_line_and_exit_code_2(offer: Offer, words: list[str]) -> None:
    if words == ["--consumers", "0"] and offer.transport.facts.consumers_low == 0:
        pytest.skip(f"{offer.transport.name} takes messages that nobody receives")
    run = run_words(offer, words)
    assert (run.exit_code, run.stdout) == (2, b""), run
    assert len(run.stderr.splitlines()) == 1


def test_ends_are_where_they_are_asked_to_be(offer: Offer) -> None:
    """All of 127.0.0.0/8 is this host; what does not cross hosts has no such ends."""
    load = Load(consumers=2, more={"producer-address": "127.0.0.2", "consumer-address": "127.0.0.3"})
    run = run_load(offer, load)
    if offer.transport.facts.crosses_hosts:
        assert_proved(offer, load, run)
    else:
        assert (run.exit_code, run.stdout) == (2, b""), run
        assert len(run.stderr.splitlines()) == 1


def test_a_namespace_that_is_none_is_named(offer: Offer, tmp_path: Path) -> None:
    if not offer.transport.facts.crosses_hosts:
        pytest.skip(f"{offer.transport.name} stays on one host")
    run = run_load(offer, Load(more={"consumer-netns": tmp_path / "none"}))
    assert run.exit_code == 1, run
    assert str(tmp_path / "none") in (run.result.reason or "")


def test_a_message_above_the_largest_is_refused(offer: Offer) -> None:
    run = run_load(offer, Load(size=offer.transport.facts.max_size_bytes + 1))
    assert (run.exit_code, run.stdout) == (2, b"")
    assert str(offer.transport.facts.max_size_bytes) in run.stderr


@pytest.mark.parametrize("what", ["missing", "empty", "cut short", "directory"])
def test_bad_messages_files_are_named(offer: Offer, what: str, tmp_path: Path) -> None:
    path = tmp_path / "messages"
    if what == "directory":
        path.mkdir()
    elif what != "missing":
        path.write_bytes(b"" if what == "empty" else struct.pack("<I", 10) + b"123")
    run = run_words(offer, ["--messages", str(path), "--messages-format", "u32"])
    assert run.exit_code in (1, 2), run
    assert str(path) in run.stderr
    assert len(run.stderr.splitlines()) == 1


def test_a_vector_of_large_messages_of_ones_own_is_refused(offer: Offer, tmp_path: Path) -> None:
    """How large they are shows in their file alone, and each consumer would keep a vector of them ready."""
    if "vector" not in offer.transport.facts.policies:
        pytest.skip(f"{offer.transport.name} has no vectors")
    path = tmp_path / "messages"
    path.write_bytes(b"x" * 65_536)
    run = run_load(offer, Load(policy="vector:1024", more={"messages": path}))
    assert (run.exit_code, run.stdout) == (2, b""), run
    assert len(run.stderr.splitlines()) == 1


def test_a_name_that_is_no_text_is_printed_as_text(offer: Offer, tmp_path: Path) -> None:
    """A path may hold any bytes, an event may not."""
    run = run_words(offer, ["--messages", f"{tmp_path}/\udcff-no-such-file"])
    assert run.exit_code == 1
    assert "no-such-file" in (run.result.reason or "")
