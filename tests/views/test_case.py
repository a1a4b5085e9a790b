"""One case in full, and whole sessions for other programs."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from queuemark.analysis.estimates import with_estimates
from queuemark.model.broker import BrokerUse
from queuemark.model.plan import Case
from queuemark.model.trial import ConsumerFigures, Trial, TrialFigures
from queuemark.store import SessionSummary
from queuemark.views.case import case_tables, consumer_table, trial_table
from queuemark.views.record import record_table
from queuemark.views.render import text
from queuemark.views.sessions import sessions_table
from tests.examples import SESSION_ID, case, document, said_trial, trial


def test_every_trial_and_every_consumer_is_told() -> None:
    of = case("tcp", consumers=4)
    held = with_estimates(document((of, [trial(of, repeat) for repeat in range(3)])))
    trials, consumers = case_tables(held, 1, held.cases[0])
    assert len(trials.rows) == 3
    assert len(consumers.rows) == 12
    shown = text(trials)
    assert "rate: median 597 k/s, 95 % interval 594 k/s to 600 k/s" in shown
    assert "granted: deal_items=1000, send_buffer_bytes=0" in shown


def test_m04_what_was_offered_stands_below_the_rate() -> None:
    def told(of: Case, **changed: Any) -> str:
        held = with_estimates(document((of, [trial(of, **changed)])))
        return text(case_tables(held, 1, held.cases[0])[0])

    fanned = case("tcp", consumers=4, pattern="fanout")
    assert "published 150 k/s, delivered to all 150 k/s\n" in told(fanned)
    assert "published 150 k/s, delivered to all at most 145 k/s, lost 0.83 %\n" in told(
        fanned, delivered=119_000, lost=1_000
    )
    assert "sent 601 k/s, lost 0.83 %\n" in told(case("tcp"), delivered=119_000, lost=1_000)
    assert "sent 6" not in told(case("tcp"))


def test_m01_a_trial_that_counted_nothing_says_so() -> None:
    of = case("tcp", items=1_000_000)
    table = trial_table(document((of, [said_trial(of), trial(of, 1)])).cases[0])
    rows = [dict(zip((column.name for column in table.columns), row, strict=True)) for row in table.rows]
    assert [(row["state"], row["proved"]) for row in rows] == [("not proved", "no"), ("ok", "yes")]


def test_the_broker_is_named_with_what_it_took() -> None:
    of = case("tcp")
    used = BrokerUse(name="nats", version="2.1", started=True, sha256="ab" * 32, cpu_ns=7_000_000, slow_consumers=0)
    through = msgspec.structs.replace(trial(of), broker=used)
    held = document((of, [through, msgspec.structs.replace(trial(of, 1), broker=used)]))
    (table, _) = case_tables(held, 1, held.cases[0])
    assert [line for line in table.above if line.startswith("broker")] == [
        f"broker: nats 2.1, started for each trial, sha256 {'ab' * 32}"
    ]
    rows = [dict(zip((column.name for column in table.columns), row, strict=True)) for row in table.rows]
    assert [row["broker_cpu_ns"] for row in rows] == [7_000_000] * 2
    plain = document((of, [trial(of)]))
    assert not any("broker" in line for line in case_tables(plain, 1, plain.cases[0])[0].above)
    named = msgspec.structs.replace(used, version=None, started=False, sha256=None)
    held = document((of, [msgspec.structs.replace(trial(of), broker=named)]))
    assert "broker: nats, one that ran already" in case_tables(held, 1, held.cases[0])[0].above


def test_every_field_is_told() -> None:
    of = case("tcp")
    held = document((of, [trial(of)])).cases[0]
    told = {column.name for column in trial_table(held).columns}
    assert set(TrialFigures.__struct_fields__) - told == {
        *("granted", "producer", "consumers", "latency", "progress", "conditions", "broker")
    }
    told = {column.name for column in consumer_table(held).columns}
    assert set(ConsumerFigures.__struct_fields__) <= told


def test_what_did_not_run_has_no_counts() -> None:
    of = case("mq-posix")
    held = document((of, [Trial(state="unavailable", reason="no mqueue here", repeat=1, position=4)])).cases[0]
    table = trial_table(held)
    (row,) = table.rows
    told = {column.name: cell for column, cell in zip(table.columns, row, strict=True) if cell not in (None, "")}
    assert told == {
        "repeat": 1,
        "position": 4,
        "state": "unavailable",
        "seed": 0,
        "reason": "no mqueue here",
        "rate_withheld": "it did not run",
    }


def test_a_case_without_a_finished_trial_says_so_and_has_no_table() -> None:
    of = case("tcp")
    held = document((of, []), state="interrupted")
    (table,) = case_tables(held, 1, held.cases[0])
    shown = text(table)
    assert "no trial: none of this case was finished" in shown
    assert "position" not in shown
    assert "no room" not in shown


def test_a_record_has_a_row_for_each_at_its_level() -> None:
    tcp, pipe = case("tcp", consumers=4), case("pipe")
    held = with_estimates(document((tcp, [trial(tcp, repeat) for repeat in range(3)]), (pipe, [trial(pipe)])))
    for level, rows in (("case", 2), ("trial", 4), ("consumer", 13)):
        table = record_table(held, level)
        names = [column.name for column in table.columns]
        assert len(table.rows) == rows
        assert len(names) == len(set(names))
        assert {row[0] for row in table.rows} == {SESSION_ID}
        assert {"transport", "size_bytes", "consumers", "policy", "wait", "placement", "delivered"} <= set(names)


def test_a_record_of_nothing_has_no_rows() -> None:
    assert record_table(document(), "trial").rows == []


def test_sessions_are_listed() -> None:
    summary = SessionSummary(
        id=SESSION_ID,
        created_at="2026-03-01T12:00:00Z",
        state="interrupted",
        command="queuemark run quick",
        cases=4,
        planned_trials=12,
        trials={"ok": 5, "failed": 1},
    )
    shown = text(sessions_table([summary]), None)
    assert "0123456789ab  2026-03-01 12:00  interrupted      4       12   5       1          0" in shown


@pytest.mark.parametrize("width", [80, 100])
def test_the_list_of_sessions_fits(width: int) -> None:
    command = (
        "queuemark run -t tcp,unix-stream,pipe,mq-posix -s 1..4096 -c 1,2,4,8 --policy each,buffer:16k --seed 159673529"
    )
    summary = SessionSummary(
        id=SESSION_ID,
        created_at="2026-03-01T12:00:00Z",
        state="interrupted",
        command=command,
        cases=400,
        planned_trials=1200,
        trials={"ok": 1150, "failed": 1},
    )
    shown = text(sessions_table([summary]), width)
    assert max(map(len, shown.splitlines())) <= width
    assert {word for part in command.split() for word in part.split(",")} <= set(shown.replace(",", " ").split())
