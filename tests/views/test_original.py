"""A session in the original's form: what goes there comes back, and what the form cannot say stays away."""

from __future__ import annotations

import pytest

from queuemark.analysis.estimates import with_estimates
from queuemark.model.errors import UsageError
from queuemark.model.original import session_of
from queuemark.model.original_xml import read_original
from queuemark.views.original import original_xml
from tests.examples import SESSION_ID, case, document, said_trial, trial
from tests.originals import UHASH, original_file

CLASSIC = {"items": 1_000_000, "policy": "split"}
TCP = case("tcp", params={"deal_items": 1000, "nodelay": 0}, consumers=4, **CLASSIC)


def test_what_the_original_sent_comes_back_under_another_uhash() -> None:
    results = read_original(original_file())
    text = original_xml(with_estimates(session_of(results, results.batches[0], "2026-03-01T12:00:00Z")))
    again = read_original(text.encode())
    assert UHASH not in text
    assert (again.sysname, again.release, again.version) == (results.sysname, results.release, results.version)
    assert again.batches[0].runs == results.batches[0].runs


def test_what_was_measured_in_its_way_has_its_form() -> None:
    made = document((TCP, [trial(TCP, delivered=1_000_000, window_ns=2_500_000_001)]))
    (batch,) = read_original(original_xml(made).encode()).batches
    assert batch.uhash == SESSION_ID
    (run,) = batch.runs
    assert (run.backend, run.threads, run.msg_size) == ("TCP Socket", 4, 64)
    assert str(run.seconds) == "2.500000001"


@pytest.mark.parametrize(
    "other",
    [
        case("tcp", params={"deal_items": 1000, "nodelay": 1}, **CLASSIC),
        case("tcp", params={"deal_items": 1, "nodelay": 0}, **CLASSIC),
        case("tcp", params={"deal_items": 1000, "nodelay": 0}, items=1_000_000),
        case("tcp", params={"deal_items": 1000, "nodelay": 0}, policy="split"),
        case("tcp", params={"deal_items": 1000, "nodelay": 0}, pattern="fanout", **CLASSIC),
        case("tcp", params={"deal_items": 1000, "nodelay": 0}, rate_per_s=1000.0, **CLASSIC),
        case("pipe", items=1_000_000),
    ],
)
def test_what_the_form_cannot_say_is_left_out(other: object) -> None:
    assert isinstance(other, type(TCP))
    runs = read_original(original_xml(document((other, [said_trial(other)]), (TCP, [said_trial(TCP)]))).encode())
    assert [run.backend for run in runs.batches[0].runs] == ["TCP Socket"]
    with pytest.raises(UsageError, match="queuemark run classic"):
        original_xml(document((other, [said_trial(other)])))


def test_a_trial_that_failed_is_left_out() -> None:
    failed = trial(TCP, state="failed", reason="1 message was lost")
    with pytest.raises(UsageError, match="no case in the original's form"):
        original_xml(document((TCP, [failed])))


def test_what_a_machine_is_called_is_text() -> None:
    made = document((TCP, [said_trial(TCP)]))
    machine = made.session.machine
    made.session.machine = type(machine)(system="<a>&\x00", release="6", architecture="x86_64", cpus=[])
    assert read_original(original_xml(made).encode()).sysname == "<a>&?"
