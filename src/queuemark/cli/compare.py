"""``queuemark compare``: is B faster than A, case by case."""

from __future__ import annotations

__all__ = ["command"]

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

import rich_click as click

from queuemark.cli.asserting import assert_option, judge_assertions, read_assertions
from queuemark.cli.output import STDOUT, check_writable, write_file, write_json
from queuemark.model.errors import Regression, UsageError
from queuemark.model.units import parse_percent
from queuemark.views.picture import PICTURES, check_picture, draw
from queuemark.views.render import FORMATS, printable, rendered, terminal_width

if TYPE_CHECKING:
    from queuemark.analysis.comparison import Comparison
    from queuemark.model.session import SessionDocument


@click.command("compare")
@click.argument("a", metavar="A[,A...]")
@click.argument("b", metavar="B[,B...]")
@click.argument("more", metavar="[C...]", nargs=-1)
@click.option("--across", is_flag=True, help="Also unlike machines, and sessions with cases of unlike meanings.")
@click.option(
    "--fail-on-regression", "bound", metavar="PERCENT", help="Exit code 10 when a case is slower by more: 5%."
)
@assert_option()
@click.option("--json", "json_target", metavar="FILE|-", help="The comparison as JSON; -: stdout, and no table.")
@click.option("--chart", "chart_target", metavar="FILE", help=f"Writes the picture, too: {', '.join(PICTURES)}.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="How to print.")
@click.pass_context
def command(
    ctx: click.Context,
    a: str,
    b: str,
    more: tuple[str, ...],
    across: bool,
    bound: str | None,
    assertions: tuple[str, ...],
    json_target: str | None,
    chart_target: str | None,
    form: str,
) -> None:
    """Is B faster than A? Per case a ratio, its interval, and faster, slower or undecided.

    Each side is a session, by id, by the first digits of it, by `last`, or by a file; or several, parted by commas,
    whose differences are then what the intervals are made of. What --assert demands is demanded of B.

    Up to six sessions may stand one behind the other: each is then compared with the first alone.
    """
    from queuemark.analysis.comparison import compare
    from queuemark.analysis.estimates import with_estimates
    from queuemark.analysis.matching import check_comparable
    from queuemark.views.compared_chart import comparison_chart

    if chart_target is not None:
        check_picture(chart_target)
        check_writable(chart_target)
    if more:
        if bound is not None or assertions or json_target is not None:
            raise UsageError("--fail-on-regression, --assert and --json are of two sides; leave out C and what follows")
        _several([a, b, *more], across, chart_target, form)
        return
    demands = read_assertions(assertions)
    percent = None if bound is None else parse_percent(bound, "regression")
    if json_target is not None:
        check_writable(json_target)
    side_a, side_b = _sessions("A", a), _sessions("B", b)
    check_comparable(side_a, side_b, across=across)
    found = compare(side_a, side_b)
    if not found.compared:
        raise UsageError(f"nothing to compare: {'; '.join(dict.fromkeys(each.reason for each in found.left_out))}")
    if chart_target is not None:
        command = _command_text(ctx)
        write_file(chart_target, draw(lambda: comparison_chart(found, side_a, side_b, command), chart_target))
    _show(ctx, found, side_a, side_b, json_target, form)
    if percent is not None:
        _judge(found, side_a, side_b, percent)
    if demands:
        judge_assertions([with_estimates(document) for document in side_b], demands)


def _sessions(side: str, names: str) -> list[SessionDocument]:
    from queuemark.store import load

    if not all(name.strip() for name in names.split(",")):
        raise UsageError(f"side {side} {names!r}: a session's name is missing beside a comma")
    return [load(name.strip()) for name in names.split(",")]


def _several(names: Sequence[str], across: bool, chart_target: str | None, form: str) -> None:
    """Each session beside the first."""
    from queuemark.analysis.matching import check_comparable
    from queuemark.store import load
    from queuemark.views.compared import compared_tables
    from queuemark.views.compared_chart import compared_chart

    if any("," in name for name in names):
        raise UsageError("several sessions a side make two sides; leave out the commas, or C and what follows")
    documents = [load(name) for name in names]
    for name, other in zip(names[1:], documents[1:], strict=True):
        try:
            check_comparable(documents[:1], [other], across=across)
        except UsageError as error:
            raise UsageError(f"{names[0]} as A and {name} as B: {error}") from error
    tables = compared_tables(documents)
    if chart_target is not None:
        write_file(chart_target, draw(lambda: compared_chart(documents), chart_target))
    click.echo(rendered(tables, form, terminal_width()), nl=False)


def _show(
    ctx: click.Context,
    found: Comparison,
    a: Sequence[SessionDocument],
    b: Sequence[SessionDocument],
    json_target: str | None,
    form: str,
) -> None:
    from queuemark.views.comparison import comparison_table, encode_comparison

    if json_target is not None:
        write_json(json_target, encode_comparison(found))
    if json_target != STDOUT:
        table = comparison_table(found, a, b, _command_text(ctx))
        click.echo(rendered([table], form, terminal_width()), nl=False)


def _command_text(ctx: click.Context) -> str:
    words = ["queuemark", "compare", ctx.params["a"], ctx.params["b"]]
    words += ["--across"] * ctx.params["across"]
    words += ["--fail-on-regression", ctx.params["bound"]] if ctx.params["bound"] is not None else []
    words += [word for text in ctx.params["assertions"] for word in ("--assert", text)]
    return shlex.join(words)


def _judge(found: Comparison, a: Sequence[SessionDocument], b: Sequence[SessionDocument], percent: float) -> None:
    """Raises: Regression, after a line for each case that is slower by more than that beyond doubt, or not proved any
    more."""
    from queuemark.analysis.comparison import newly_unproved, slower_than
    from queuemark.views.comparison import regression_text, unproved_text
    from queuemark.views.numbers import counted

    slower, unproved = slower_than(found, percent / 100), newly_unproved(a, b)
    for line in [*map(regression_text, slower), *map(unproved_text, unproved)]:
        click.echo(f"queuemark: {printable(line)}", err=True)
    if slower:
        raise Regression(
            f"{len(slower)} of {len(found.compared)} comparisons: B is slower than A by more than {percent:g} % "
            "beyond doubt, see above"
        )
    if unproved:
        raise Regression(f"{counted(len(unproved), 'case')} with failed trials in B and none in A, see above")
