"""What a report says: every question that a session answers, once, and what is left out and why."""

from __future__ import annotations

import pytest

from queuemark.analysis.estimates import with_estimates
from queuemark.model.errors import UsageError
from queuemark.report.content import Pictures, content
from queuemark.views.registry import VIEWS
from tests.examples import case, document, trial
from tests.report.sessions import sweep

NONE = Pictures(scales=())


def test_every_view_that_has_something_to_say_has_a_section_with_its_tables() -> None:
    [told] = content([sweep()], Pictures()).told
    names = [section.name.removeprefix("01234567-") for section in told.sections]
    assert names[0] == "rates"
    assert {"offered", "findings", "latency", "case", "machine"} <= set(names)
    assert "scaling" not in names
    assert len(names) == len(set(names))
    assert all(table.rows for section in told.sections for table in section.tables)
    asked = {name: section.question for name, section in zip(names, told.sections, strict=True)}
    assert all(asked[name] == VIEWS[name].question for name in set(names) & set(VIEWS))


def test_pictures_have_a_linear_one_beside_them_where_that_is_another() -> None:
    [told] = content([sweep()], Pictures(scales=("log", "linear"))).told
    rates = told.sections[0]
    assert rates.chart is not None
    assert rates.linear is not None
    assert rates.linear != rates.chart


def test_without_pictures_there_are_the_same_sections() -> None:
    drawn, plain = (content([sweep()], Pictures(scales=scales)).told[0].sections for scales in (("log",), ()))
    assert [section.name for section in plain] == [section.name for section in drawn]
    assert all(section.chart is None for section in plain)


def test_what_the_report_says_once_no_table_repeats() -> None:
    [told] = content([sweep()], Pictures()).told
    lines = [line for section in told.sections for table in section.tables for line in (*table.above, *table.below)]
    assert lines
    assert not any(line == f"again: {told.again}" for line in lines)
    assert not any(line.startswith("session 0123456789ab of") for line in lines)


def test_every_trial_of_many_cases_is_left_out_and_the_report_says_how_to_see_them() -> None:
    held = [case("pipe", size_bytes=16, consumers=count) for count in range(1, 26)]
    [told] = content([with_estimates(document(*((of, [trial(of)]) for of in held)))], NONE).told
    assert "01234567-case" not in [section.name for section in told.sections]
    [line] = told.left_out
    assert "queuemark show 01234567 --view case" in line


def test_a_session_without_a_trial_has_a_report_too() -> None:
    [told] = content([with_estimates(document((case(), [])))], Pictures()).told
    assert told.headlines[-1].text == "no trial ran"


def test_one_to_six_sessions_each_once() -> None:
    with pytest.raises(UsageError, match="1 to 6"):
        content([sweep(f"{number:032x}") for number in range(7)], NONE)
    with pytest.raises(UsageError, match="1 to 6"):
        content([], NONE)
    with pytest.raises(UsageError, match="named twice"):
        content([sweep(), sweep()], NONE)


def test_several_sessions_are_compared_before_each_is_told_of() -> None:
    begun: list[str] = []
    held = content([sweep(), sweep("f" * 32)], Pictures(begun=lambda name, spec: begun.append(name)))
    assert held.compared is not None
    assert held.compared.chart is not None
    assert "compared" in begun
    assert len(begun) == len(set(begun))
    assert {name.partition("-")[0] for name in begun} == {"compared", "01234567", "ffffffff"}


def test_sessions_with_nothing_in_common_say_so() -> None:
    other = with_estimates(document((case("unix-stream"), [trial(case("unix-stream"))]), id="f" * 32))
    held = content([sweep(), other], NONE)
    assert held.compared is None
    assert held.apart is not None
    assert "nothing to compare" in held.apart


def test_sessions_whose_ids_begin_alike_have_names_that_do_not() -> None:
    held = content([sweep("a" * 31 + "0"), sweep("a" * 31 + "1")], NONE)
    assert [told.name for told in held.told] == ["a" * 31 + "0", "a" * 31 + "1"]
