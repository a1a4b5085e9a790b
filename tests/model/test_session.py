"""The document in and out."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from queuemark.model.errors import UsageError
from queuemark.model.histogram import PERCENTILES
from queuemark.model.session import Estimate, SessionDocument, decode_session, encode_session
from queuemark.model.trial import Trial, TrialFigures
from tests.examples import case, document, trial


def example() -> SessionDocument:
    of = case("tcp", consumers=2)
    return document((of, [trial(of, repeat) for repeat in range(3)]))


def changed(path: str, value: Any) -> bytes:
    """The example's JSON with one place set to another value."""
    held = msgspec.json.decode(encode_session(example()))
    *way, last = path.split(".")
    place = held
    for step in way:
        place = place[int(step)] if step.isdigit() else place[step]
    place[last] = value
    return msgspec.json.encode(held)


def test_a_session_comes_back_as_it_went() -> None:
    assert decode_session(encode_session(example())) == example()
    assert encode_session(example()).count(b"\n") == 1


DERIVED = sorted(set(TrialFigures.__struct_fields__) - set(Trial.__struct_fields__))
OF_ANOTHER_TYPE = {"rate_withheld": "too little", "saturated": True, **dict.fromkeys(PERCENTILES, 7)}


@pytest.mark.parametrize("name", [*DERIVED, "consumers.0.rate_per_s"])
@pytest.mark.parametrize("trial", [0, 1])
def test_a_derived_figure_in_the_input_is_ignored(trial: int, name: str) -> None:
    assert decode_session(changed(f"cases.0.trials.{trial}.{name}", OF_ANOTHER_TYPE.get(name, 1e12))) == example()


def test_an_estimate_in_the_input_is_dropped() -> None:
    estimate = msgspec.to_builtins(Estimate(median=9e9, low=None, high=None))
    assert decode_session(changed("cases.0.rate_per_s", estimate)) == example()


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("nonsense", 1, "unknown field `nonsense`"),
        ("session.nonsense", 1, "unknown field `nonsense`"),
        ("cases.0.trials.1.nonsense", 1, r"\$.cases\[0\].trials\[1\]"),
        ("schema", 2, "`schema`|schema"),
        ("session.id", "short", r"\$.session.id"),
        ("cases.0.trials.0.sent", -1, r"\$.cases\[0\].trials\[0\].sent"),
        ("cases.0.trials.0.sent", 2**63, r"\$.cases\[0\].trials\[0\].sent"),
        ("cases.0.trials.0.state", "fine", r"\$.cases\[0\].trials\[0\].state"),
        ("cases.0.case.workload.consumers", -1, r"\$.cases\[0\].case.workload.consumers"),
        ("session.plan.repeats", 0, r"\$.session.plan.repeats"),
    ],
)
def test_what_is_no_session_is_refused_with_its_place(path: str, value: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        decode_session(changed(path, value), "file.json")
    assert str(caught.value).startswith("file.json is not a queuemark session: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff\xfe", b'{"schema": 1}'])
def test_what_is_no_document_is_refused(text: bytes) -> None:
    with pytest.raises(UsageError, match="is not a queuemark session"):
        decode_session(text)
