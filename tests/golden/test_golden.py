"""The golden examples are what the structs read and write, and what the published schema allows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from queuemark.analysis.estimates import with_estimates
from queuemark.model.events import Ready, Result, Tick, decode_event
from queuemark.model.plan import case_key
from queuemark.model.schema import json_schema
from queuemark.model.session import decode_session, encode_session
from queuemark.model.transport import Listing, Transport

GOLDEN = Path(__file__).parent
PUBLISHED = GOLDEN.parents[1] / "docs" / "reference" / "session.schema.json"
EVENT_FILES = sorted(GOLDEN.glob("events-*.ndjson"))
TRANSPORTS = {"tcp", "unix-stream", "pipe", "mq-posix"}


def valid(document: Any, name: str) -> None:
    """Raises unless the document is what the published schema calls by that name."""
    published = msgspec.json.decode(PUBLISHED.read_bytes())
    schema = {"$ref": f"#/$defs/{name}", "$defs": published["$defs"]}
    jsonschema.Draft202012Validator(schema).validate(document)


def test_the_published_schema_is_that_of_the_structs() -> None:
    assert msgspec.json.decode(PUBLISHED.read_bytes()) == json_schema(), "stale: make schema"
    jsonschema.Draft202012Validator.check_schema(json_schema())


def test_a_session_comes_back_as_it_is_published() -> None:
    text = (GOLDEN / "session.json").read_bytes()
    valid(msgspec.json.decode(text), "SessionDocument")
    again = encode_session(with_estimates(decode_session(text)))
    assert msgspec.json.decode(again) == msgspec.json.decode(text)


def test_the_golden_session_shows_every_transport_and_every_end_of_a_trial() -> None:
    document = decode_session((GOLDEN / "session.json").read_bytes())
    assert {result.case.transport for result in document.cases} == TRANSPORTS
    assert {trial.state for result in document.cases for trial in result.trials} == {"ok", "failed", "unavailable"}
    assert {case_key(result.case) for result in document.cases} == {case_key(c) for c in document.session.plan.cases}
    assert any(trial.rate_withheld for result in document.cases for trial in result.trials if trial.state == "ok")


@pytest.mark.parametrize(
    ("path", "value"),
    [(("schema",), 2), (("session", "id"), "x"), (("session", "more"), 1), (("cases", 0, "trials", 0, "sent"), -1)],
)
def test_the_published_schema_refuses_what_the_structs_refuse(path: tuple[str | int, ...], value: Any) -> None:
    document = place = msgspec.json.decode((GOLDEN / "session.json").read_bytes())
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        valid(document, "SessionDocument")


def test_the_list_comes_back_as_it_is_published() -> None:
    text = (GOLDEN / "list.json").read_bytes()
    listed = msgspec.json.decode(text, type=list[Transport])
    assert {transport.name for transport in listed} == TRANSPORTS
    assert msgspec.json.decode(msgspec.json.encode(listed)) == msgspec.json.decode(text)
    for transport in msgspec.json.decode(text):
        valid(transport, "Transport")
        assert transport["available"] or (transport["reason"] and transport["remedy"])


def test_a_runners_list_comes_back_as_it_is_published() -> None:
    text = (GOLDEN / "runner-list.json").read_bytes()
    assert text.count(b"\n") == 1
    valid(msgspec.json.decode(text), "Listing")
    assert msgspec.json.encode(msgspec.json.decode(text, type=Listing)) + b"\n" == text


@pytest.mark.parametrize("path", EVENT_FILES, ids=lambda path: path.stem)
def test_a_runners_events_come_back_as_they_are_published(path: Path) -> None:
    lines = path.read_bytes().splitlines()
    events = [decode_event(line) for line in lines]
    for line, event in zip(lines, events, strict=True):
        valid(msgspec.json.decode(line), type(event).__name__)
        assert msgspec.json.decode(msgspec.json.encode(event)) == msgspec.json.decode(line)
    assert isinstance(events[-1], Result)
    assert [type(event) for event in events[:-1]] in ([], [Ready, Tick])


@pytest.mark.parametrize("path", EVENT_FILES, ids=lambda path: path.stem)
def test_m01_every_golden_result_is_conserved(path: Path) -> None:
    result = decode_event(path.read_bytes().splitlines()[-1])
    assert isinstance(result, Result)
    assert result.sent == result.delivered + result.lost
    assert result.delivered == sum(consumer.delivered for consumer in result.consumers)
    assert result.reason is not None or result.state == "ok"


def test_there_is_an_example_of_every_end_and_of_every_transport() -> None:
    names = {path.stem for path in EVENT_FILES}
    assert names >= {f"events-ok-{name}" for name in TRANSPORTS} | {"events-failed-pipe", "events-unavailable"}
