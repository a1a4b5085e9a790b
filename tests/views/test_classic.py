"""The classical tables: what a cell holds, and what it must not hold."""

from __future__ import annotations

import csv
import io
from typing import Any

import msgspec

from queuemark.analysis.estimates import with_estimates
from queuemark.model.mix import parse_sizes
from queuemark.model.plan import Case
from queuemark.model.session import SessionDocument
from queuemark.model.trial import Trial
from queuemark.model.workload import MessagesSource
from queuemark.views.classic import classic_tables, is_grid
from queuemark.views.ending import UNPROVED
from queuemark.views.render import csv_text, rendered
from queuemark.views.table import Table
from tests.examples import case, document, said_trial, trial

SIZES, CONSUMERS = (1, 64, 4096), (1, 4, 32)


def three(of: Case, **changed: Any) -> tuple[Case, list[Trial]]:
    return of, [trial(of, repeat, **{"oversubscribed": False, **changed}) for repeat in range(3)]


def grid(*changed: tuple[Case, list[Trial]]) -> SessionDocument:
    """tcp and pipe over SIZES and CONSUMERS; ``changed`` replaces the results of its cases."""
    results = [
        three(case(transport, size_bytes=size_bytes, consumers=consumers, policy=policy))
        for transport, policy in (("tcp", "split"), ("pipe", "each"))
        for size_bytes in SIZES
        for consumers in CONSUMERS
    ]
    other = {str(of): (of, trials) for of, trials in changed}
    return with_estimates(document(*(other.get(str(of), (of, trials)) for of, trials in results)))


def titled(tables: list[Table], title: str) -> dict[tuple[int, str], Any]:
    """The cells of one table by size and column."""
    (table,) = [table for table in tables if table.title == title]
    names = [column.name for column in table.columns]
    return {(row[0], name): cell for row in table.rows for name, cell in zip(names[1:], row[1:], strict=True)}  # type: ignore[misc]


TO_4 = "Messages per s to 4 consumers, by size"
PIPE = case("pipe", size_bytes=64, consumers=4, policy="each")


def cell(changed: tuple[Case, list[Trial]], *, alone: bool = False) -> Any:
    return titled(classic_tables(grid(changed), alone=alone), TO_4)[64, "rate_per_s pipe each"]


def test_a_table_for_each_number_of_consumers_and_each_mechanism() -> None:
    tables = classic_tables(grid())
    assert [table.title for table in tables] == [
        "Messages per s to 1 consumer, by size",
        TO_4,
        "Messages per s to 32 consumers, by size",
        "Messages per s of tcp split, by size and number of consumers",
        "Messages per s of pipe each, by size and number of consumers",
    ]
    assert all([row[0] for row in table.rows] == list(SIZES) for table in tables)


def test_both_kinds_of_table_hold_the_median_of_the_same_case() -> None:
    tables = classic_tables(grid(three(PIPE, delivered=400_000)))
    by_size = titled(tables, TO_4)
    by_consumers = titled(tables, "Messages per s of pipe each, by size and number of consumers")
    assert by_size[64, "rate_per_s pipe each"] == by_consumers[64, "rate_per_s to 4"] == 400_000e9 / 201e6
    assert by_size[64, "rate_per_s tcp split"] == by_consumers[64, "rate_per_s to 1"] == 120_000e9 / 201e6


def test_m01_a_failed_case_has_a_mark_and_no_number() -> None:
    failed = three(PIPE, state="failed", reason="1 message was lost")
    assert cell(failed) == "failed [1]"
    assert cell(failed, alone=True) == "failed"
    assert "[1] failed: 1 message was lost" in rendered(classic_tables(grid(failed)), "text", 100)


def test_m01_a_rate_beside_a_failed_trial_is_marked() -> None:
    of, trials = three(PIPE)
    trials[1] = trial(of, 1, state="failed", reason="1 message was lost")
    assert cell((of, trials)).endswith(" k [1]")
    assert cell((of, trials), alone=True) == "1/3 failed"


def test_m01_a_rate_that_was_only_said_is_marked() -> None:
    said = PIPE, [said_trial(PIPE)]
    assert cell(said) == "400 k [1]"
    assert cell(said, alone=True) == "not proved"
    assert f"[1] {UNPROVED}" in rendered(classic_tables(grid(said)), "text", 100)


def test_m07_a_withheld_rate_is_marked() -> None:
    assert cell(three(PIPE, window_ns=5000)) == "withheld [1]"
    assert cell(three(PIPE, window_ns=5000), alone=True) == "withheld"


def test_loss_is_marked_beside_the_rate_of_what_was_delivered() -> None:
    lossy = three(PIPE, lost=10_000)
    assert cell(lossy) == "597 k [1]"
    assert cell(lossy, alone=True) == 120_000e9 / 201e6
    assert "[1] some messages were lost" in rendered(classic_tables(grid(lossy)), "text", 100)


def test_how_much_was_lost_has_a_table_of_its_own() -> None:
    lossy = three(PIPE, delivered=120_000, lost=30_000)
    tables = classic_tables(grid(lossy))
    title = "Lost of pipe each, by size and number of consumers"
    assert [table.title for table in tables][-2:] == [title.replace("Lost", "Messages per s"), title]
    shares = titled(tables, title)
    assert (shares[64, "lost_share to 4"], shares[64, "lost_share to 1"]) == (0.2, 0)
    assert "20 %" in rendered(tables, "text", 100)
    assert tables[-1].below[-1] == "again: queuemark run"
    assert not any(table.title.startswith("Lost") for table in classic_tables(grid()))


def test_what_never_ran_is_marked_and_what_was_not_asked_for_is_empty() -> None:
    assert cell((PIPE, [])) == "no trial [1]"
    ragged = grid()
    ragged.cases = [result for result in ragged.cases if result.case != PIPE]
    assert titled(classic_tables(ragged), TO_4)[64, "rate_per_s pipe each"] is None


def test_m20_oversubscription_is_said_of_columns() -> None:
    tables = classic_tables(grid(three(PIPE, oversubscribed=True)))
    said = {table.title: [line for line in table.below if "oversubscribed" in line] for table in tables}
    assert said[TO_4] == ["pipe each: oversubscribed: more workers than cpus to run them"]
    assert said["Messages per s of pipe each, by size and number of consumers"] == [
        "to 4: oversubscribed: more workers than cpus to run them"
    ]
    assert said["Messages per s to 1 consumer, by size"] == []


def test_m27_the_tables_name_the_session_and_the_command() -> None:
    tables = classic_tables(grid())
    assert tables[0].above[0].startswith("session 0123456789ab")
    assert tables[-1].below[-1] == "again: queuemark run"
    assert "nodelay=0" in tables[-1].below[-2]


def test_csv_holds_plain_numbers() -> None:
    (row, *_) = csv.DictReader(io.StringIO(csv_text(classic_tables(grid(), alone=True)[0])))
    assert row["size_bytes"] == "1"
    assert float(row["rate_per_s tcp split"]) == 120_000e9 / 201e6


def test_a_delay_option_is_part_of_the_name() -> None:
    results = [
        three(case("tcp", params={"nodelay": nodelay}, size_bytes=size_bytes, consumers=consumers))
        for nodelay in (0, 1)
        for size_bytes in (1, 2)
        for consumers in (1, 2)
    ]
    columns = [column.name for column in classic_tables(with_estimates(document(*results)))[0].columns]
    assert columns == ["size_bytes", "rate_per_s tcp each", "rate_per_s tcp nodelay=1 each"]


def test_what_is_a_grid() -> None:
    line = document(*(three(case("tcp", size_bytes=size_bytes)) for size_bytes in SIZES))
    apart = document(three(case("tcp", size_bytes=1)), three(case("pipe", consumers=4)))
    square = document(*(three(case("tcp", size_bytes=size, consumers=count)) for size in (1, 2) for count in (1, 4)))
    own = MessagesSource(name="mail", format="lines", sha256="5f" * 32, count=10, total_bytes=640, largest_bytes=108)
    mail = document(
        *(three(case("tcp", size_bytes=size, consumers=n, messages=own)) for size in (1, 2) for n in (1, 4))
    )
    assert [is_grid(each) for each in (line, apart, square, mail, document())] == [False, False, True, False, False]
    assert not is_grid(square, 3)
    assert is_grid(grid(), 3)


def test_mixes_of_sizes_are_left_out_and_said_to_be() -> None:
    mix = parse_sizes("64:70%,1k:30%")[0]
    mixed = [three(case("tcp", size_bytes=1024, mix=mix, consumers=consumers)) for consumers in CONSUMERS]
    plain = grid()
    results = [(result.case, [trial(result.case)]) for result in plain.cases]
    tables = classic_tables(with_estimates(document(*results, *mixed)))
    assert [table.title for table in tables] == [table.title for table in classic_tables(plain)]
    assert all(row[0] in SIZES for table in tables for row in table.rows)
    assert "not in these tables: 3 cases of mixed sizes; queuemark show has them" in tables[-1].below
    assert "mixed" not in " ".join(classic_tables(plain)[-1].below)
    assert not is_grid(with_estimates(document(*mixed)))


def test_m03_runtimes_have_tables_of_their_own() -> None:
    held = grid()
    other = [
        msgspec.structs.replace(each, case=msgspec.structs.replace(each.case, runtime="python")) for each in held.cases
    ]
    tables = classic_tables(msgspec.structs.replace(held, cases=[*held.cases, *other]))
    assert [table.title for table in tables if "tcp" in table.title] == [
        f"Messages per s of tcp ({runtime}) split, by size and number of consumers" for runtime in ("native", "python")
    ]
