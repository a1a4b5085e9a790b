"""What became of every message, whatever was done to it on its way."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from queuemark.runners.python.account import Competing, Missing, Ordered, Values
from queuemark.runners.python.content import SmallContent, make_content
from queuemark.runners.python.found import Tally, value_entries
from queuemark.runners.python.latency import Came
from queuemark.runners.python.numbering import Dealing, Phase, Stream
from queuemark.runners.python.together import compare_values, lay_over

STREAM = Stream.of(3, Dealing(), Phase.window)
ITEMS = 60
CAME = Came({}, 0)
FAULTS = {"flip": "corrupted", "drop": "lost", "duplicate": "duplicated", "reorder": "reordered", None: None}
sizes = st.sampled_from([1, 2, 7, 8, 9, 64])


def damaged(messages: list[bytes], fault: str | None, place: int, bit: int) -> list[bytes]:
    """What arrives when one thing has happened to the message at that place."""
    sent = list(messages)
    if fault == "flip":
        changed = bytearray(sent[place])
        changed[bit % (8 * len(changed)) // 8] ^= 1 << bit % 8
        sent[place] = bytes(changed)
    elif fault == "drop":
        del sent[place]
    elif fault == "duplicate":
        sent.insert(place, sent[place])
    elif fault == "reorder":
        place = min(place, len(sent) - 2)
        sent[place : place + 2] = sent[place : place + 2][::-1]
    return sent


def counts(tally: Tally) -> dict[str, int]:
    return {name: value for name, value in asdict(tally).items() if name in FAULTS.values() and value}


@given(sizes, st.sampled_from(list(FAULTS)), st.integers(0, ITEMS - 1), st.integers(0, 511), st.integers(1, 70))
def test_m01_m02_one_fault_is_counted_as_what_it_is(size: int, fault: str, place: int, bit: int, batch: int) -> None:
    content = make_content(size, (), (), 3)
    arrived = damaged(content.run(STREAM, 0, ITEMS), fault, place, bit)
    account = Ordered(content, STREAM, 1, None)
    for first in range(0, len(arrived), batch):
        account.take(arrived[first : first + batch], CAME)
    account.finish(ITEMS)
    assert counts(account.tally) == ({FAULTS[fault]: 1} if fault else {})
    assert account.tally.messages == len(arrived)
    delivered = account.tally.messages - account.tally.duplicated
    assert delivered + account.tally.lost == ITEMS


@given(st.sampled_from([8, 64]), st.integers(1, 100), st.integers(1, 70))
def test_a_sample_is_as_large_as_it_says(size: int, sample: int, batch: int) -> None:
    content = make_content(size, (), (), 3)
    account = Ordered(content, STREAM, sample, None)
    arrived = content.run(STREAM, 0, ITEMS)
    for first in range(0, ITEMS, batch):
        account.take(arrived[first : first + batch], CAME)
    assert account.tally.checked == -(-ITEMS // sample)


@given(
    sizes.filter(lambda size: size >= 8),
    st.sampled_from([fault for fault in FAULTS if fault != "reorder"]),
    st.integers(0, ITEMS - 1),
    st.integers(0, 511),
    st.randoms(use_true_random=False),
)
def test_m01_competing_consumers_together_miss_nothing(
    size: int, fault: str | None, place: int, bit: int, random: Any
) -> None:
    content = make_content(size, (), (), 3)
    kept = [bytearray(ITEMS) for _ in range(3)]
    accounts = [Competing(content, STREAM, 1, None, np.frombuffer(each, dtype=np.uint8)) for each in kept]
    arrived = damaged(content.run(STREAM, 0, ITEMS), fault, place, bit)
    while arrived:
        count = random.randint(1, 5)
        random.choice(accounts).take(arrived[:count], CAME)
        arrived = arrived[count:]
    tallies = [account.tally for account in accounts]
    coverage = lay_over(kept, ITEMS, max(tally.above for tally in tallies))
    repeated = sum(coverage.seen_before) + sum(tally.duplicated for tally in tallies)
    corrupted = sum(tally.corrupted for tally in tallies)
    delivered = sum(tally.messages for tally in tallies) - repeated
    found = {"corrupted": corrupted, "lost": ITEMS - delivered, "duplicated": repeated}
    assert {name: count for name, count in found.items() if count} == ({FAULTS[fault]: 1} if fault else {})
    assert coverage.beyond == 0


@given(
    st.sampled_from([1, 2, 3, 7]),
    st.sampled_from([fault for fault in FAULTS if fault != "reorder"]),
    st.integers(0, ITEMS - 1),
    st.integers(0, 55),
)
def test_m01_values_that_are_missing_or_too_many_show(size: int, fault: str | None, place: int, bit: int) -> None:
    content = SmallContent(size)
    kept = [bytearray(8 * value_entries(size)) for _ in range(2)]
    accounts = [Values(content, STREAM, np.frombuffer(each, dtype=np.int64)) for each in kept]
    for number, message in enumerate(damaged(content.run(STREAM, 0, ITEMS), fault, place, bit)):
        accounts[number % 2].take([message], CAME)
    found = compare_values(kept, [account.tally for account in accounts], size, ITEMS)
    seen = (found.missing, found.surplus, found.only_sum)
    if fault == "flip":
        assert seen in ((1, 1, False), (0, 0, True))
    else:
        assert seen == {"drop": (1, 0, False), "duplicate": (0, 1, False), None: (0, 0, False)}[fault]


def test_what_nobody_sent_is_beyond() -> None:
    kept = [bytearray(10), bytearray(10)]
    kept[0][3] = kept[1][3] = kept[1][8] = 1
    coverage = lay_over(kept, 5, 9)
    assert (coverage.beyond, coverage.seen_before) == (1, [0, 1])


def test_more_than_was_sent_is_damage() -> None:
    content = make_content(64, (), (), 3)
    account = Ordered(content, STREAM, 1, None)
    account.take(content.run(STREAM, 0, 10), CAME)
    account.finish(8)
    assert account.tally.corrupted == 2


def test_a_message_of_another_length_is_damaged() -> None:
    content = make_content(64, (), (), 3)
    account = Ordered(content, STREAM, 1, None)
    messages = content.run(STREAM, 0, 3)
    account.take([messages[0], messages[1] + messages[2][:8], messages[2][8:]], CAME)
    account.finish(3)
    assert account.tally.corrupted == 2


@given(st.lists(st.integers(0, 30), max_size=30))
def test_missing_numbers_are_a_set(taken: list[int]) -> None:
    missing, known = Missing(), set()
    for first, end in ((0, 7), (9, 9), (10, 22)):
        missing.add(first, end)
        known |= set(range(first, end))
    for number in taken:
        assert missing.take(number) == (number in known)
        known.discard(number)
    assert missing.count == len(known)


@pytest.mark.parametrize("sent", [0, 1, 255, 256, 257, 65_536 * 3 + 5])
def test_values_of_any_number_of_messages_are_expected(sent: int) -> None:
    content = SmallContent(1)
    kept = bytearray(8 * value_entries(1))
    account = Values(content, STREAM, np.frombuffer(kept, dtype=np.int64))
    account.take(content.run(STREAM, 0, sent), CAME)
    found = compare_values([kept], [account.tally], 1, sent)
    assert (found.missing, found.surplus, found.only_sum) == (0, 0, False)
