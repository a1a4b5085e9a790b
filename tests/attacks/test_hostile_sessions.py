"""Sessions that keep to the schema and mean harm: each number and each text at an extreme, through all that is done
with a session that comes in. It is refused in words or kept and shown; nothing else happens.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle
from typing import Any

import msgspec
import pytest

from queuemark.analysis.estimates import with_estimates
from queuemark.analysis.summary import summaries
from queuemark.model.errors import UsageError
from queuemark.model.session import SessionDocument, decode_session, encode_session
from queuemark.store.record import Record
from queuemark.store.rows import CaseFilter, SessionFilter
from queuemark.views.registry import VIEWS
from queuemark.web import submission
from queuemark.web.problem import Refusal
from tests.attacks.places import Place, places, put, shape
from tests.examples import case, document, trial
from tests.serving import TOKEN
from tests.submissions import encoded, golden

NUMBERS = (2**63 - 1, 1e300, 5e-324, 0, 2**31, 2**53, 0.5, 1, -1e300)
TEXTS = (
    "\0",
    "",
    "x" * 100_000,
    "a:b",
    "9999-12-31T23:59:59+99:99",
    "0001-01-01T00:00:00+23:00",
    "\u2028",
    "2026",
    "%s{}",
)

FEW, ALL = 1, len(NUMBERS)


def hostile(extremes: int) -> Iterator[bytes]:
    """Of each field so many, at its first place and everywhere in turn; a session each."""
    text = encoded(golden())
    found: dict[Place, list[Place]] = {}
    for place in places(msgspec.json.decode(text), (int, float, str)):
        found.setdefault(shape(place), []).append(place)
    turns, everywhere = {int: cycle(NUMBERS), float: cycle(NUMBERS), str: cycle(TEXTS)}, cycle((True, False))
    for number, same in enumerate(found.values()):
        for turn in range(extremes):
            document = msgspec.json.decode(text)
            document["session"]["id"] = f"{number:016x}{turn:016x}"
            kind = type(value_at(document, same[0]))
            value = next(turns[kind])
            for place in same if next(everywhere) else same[:1]:
                put(document, place, value)
            yield msgspec.json.encode(document)


def value_at(document: Any, place: Place) -> Any:
    for step in place:
        document = document[step]
    return document


def taken(record: Record, text: bytes, charts: bool) -> bool:
    """Whether the session is kept; whatever is kept is shown."""
    try:
        document = with_estimates(decode_session(text))
        receipt = record.accept(document, source="queuemark", token=TOKEN, disputed=[], summaries=summaries(document))
    except UsageError:
        return False
    assert record.session_row(receipt.session_id).id == receipt.session_id
    shown(with_estimates(record.document(receipt.session_id)), charts)
    return True


def shown(document: SessionDocument, charts: bool) -> None:
    for view in VIEWS.values():
        with suppress(UsageError):
            view.tables(document, wide=True)
            if charts and view.chart is not None:
                view.chart(document)


def judged(database_url: str, extremes: int, charts: bool = False) -> None:
    with Record.open(database_url) as record:
        kept = [taken(record, text, charts) for text in hostile(extremes)]
        assert 0 < sum(kept) < len(kept), "some are kept and some refused"
        assert record.totals().sessions == sum(kept)
        assert len(record.recent(10_000)) == sum(kept)
        record.best(20)


def test_a_session_with_an_extreme_anywhere_is_refused_in_words_or_shown(database_url: str) -> None:
    judged(database_url, FEW)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_sessions_with_all_extremes_everywhere_are_refused_in_words_or_shown(database_url: str) -> None:
    judged(database_url, ALL, charts=True)


@pytest.mark.parametrize("number", [2**63 - 1, 2**63, 10**30, 0, -1, -(10**30)])
def test_a_number_that_no_column_holds_finds_nothing(database_url: str, number: int) -> None:
    with Record.open(database_url) as record:
        assert record.recent(3, before=number) == []
        assert record.cases(CaseFilter(size_bytes=number, consumers=1), 3) == []
        assert record.cases(CaseFilter(size_bytes=1, consumers=number), 3) == []


@pytest.mark.parametrize("text", ["x" * 1_000_000, "%", "'", "\u2028"], ids=lambda text: ascii(text[:6]))
def test_a_filter_that_nothing_has_finds_nothing(database_url: str, text: str) -> None:
    with Record.open(database_url) as record:
        for name in ("system", "release", "cpu_model", "transport", "platform_id"):
            assert record.recent(3, None, SessionFilter(**{name: text})) == []
        assert record.platforms(3, text, SessionFilter(system=text)) == []


def test_more_than_anybody_measures_is_refused_in_words(database_url: str) -> None:
    with Record.open(database_url) as record:
        document = golden()
        planned = msgspec.structs.replace(document.session.plan, repeats=2**63 - 1)
        document.session = msgspec.structs.replace(document.session, plan=planned)
        with pytest.raises(UsageError, match="more than"):
            record.accept(document, source="queuemark", token=TOKEN, disputed=[], summaries=summaries(document))


@pytest.mark.parametrize(
    ("cases", "repeats", "told"), [(1, 201, "at most 200 of each"), (251, 200, "50,200 trials; at most 50,000")]
)
def test_thousands_of_trials_are_refused_before_any_is_judged(
    cases: int, repeats: int, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = case()
    many = document(*((of, [trial(of, repeat) for repeat in range(repeats)]) for _ in range(cases)))
    monkeypatch.delattr(submission, "judged")
    with pytest.raises(Refusal, match=told) as refused:
        submission.decoded(encode_session(many))
    assert refused.value.problem.status == 422


def test_millions_of_small_trials_are_refused_before_they_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(submission, "read_session")
    with pytest.raises(Refusal, match="more than 1,000,000 objects") as refused:
        submission.decoded(b'{"cases":[{"trials":[' + b'{"state":"ok"},' * 1_000_000)
    assert refused.value.problem.status == 422


def test_as_many_trials_as_are_taken_are_not_too_many() -> None:
    of = case()
    submission.check_trials(document(*((of, [trial(of)] * 200) for _ in range(250))))
