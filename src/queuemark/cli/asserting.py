"""``--assert``: what is demanded of every case, read before anything is measured and judged at the end."""

from __future__ import annotations

__all__ = ["assert_option", "judge_assertions", "read_assertions"]

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import rich_click as click

from queuemark.model.errors import Regression
from queuemark.model.session import SessionDocument

if TYPE_CHECKING:
    from queuemark.analysis.assertions import Assertion

F = TypeVar("F", bound=Callable[..., Any])


def assert_option(**more: Any) -> Callable[[F], F]:
    """The option; its parameter is called ``assertions``."""
    return click.option(
        "--assert",
        "assertions",
        metavar="DEMAND",
        multiple=True,
        help="Exit code 10 unless every case meets it: 'p99<50us', 'rate>1M', 'tcp: loss<0.1%'.",
        **more,
    )


def read_assertions(texts: Sequence[str]) -> list[Assertion]:
    """Raises: UsageError for what is no demand."""
    from queuemark.analysis.assertions import read_assertion

    return [read_assertion(text) for text in texts]


def judge_assertions(documents: Sequence[SessionDocument], assertions: Sequence[Assertion]) -> None:
    """documents: with estimates. Raises: Regression, after a line on stderr for each case that does not meet one."""
    from queuemark.analysis.assertions import check_assertions, unmet
    from queuemark.cli.progress import CaseLabels
    from queuemark.views.render import printable

    cases = [result.case for document in documents for result in document.cases]
    check_assertions(assertions, cases)
    label = CaseLabels(cases)
    missed = [each for document in documents for each in unmet(document, assertions)]
    for each in missed:
        line = f"unmet: {each.assertion.text}: {label(each.case)}: {each.found}"
        click.echo(f"queuemark: {printable(line)}", err=True)
    if missed:
        wanted = [
            assertion for assertion in assertions for case in cases if assertion.transport in (None, case.transport)
        ]
        raise Regression(f"{len(missed)} of {len(wanted)} demands are unmet, see above")
