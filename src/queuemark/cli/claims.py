"""``queuemark claims``: the old argument, claim by claim, measured here or judged from a stored session."""

from __future__ import annotations

__all__ = ["DURATION", "REPEATS", "cases_of", "command"]

import secrets
import shlex
from collections.abc import Sequence

import msgspec
import rich_click as click
from rich.console import Console

from queuemark.analysis.claims import CLAIMS, Asking, Claim, Evidence
from queuemark.cli.asked import Asked, read_seed, read_sweep
from queuemark.cli.opening import missing_texts, say, surveyed
from queuemark.cli.output import STDOUT, check_writable, printing, write_file, write_json
from queuemark.model.errors import NothingAvailable, UsageError
from queuemark.model.plan import Case, NothingLeft, Plan, case_key, expand
from queuemark.model.session import SessionDocument
from queuemark.model.transport import Transport
from queuemark.runners.registry import Survey
from queuemark.views.claims import Judged, claims_chart, claims_tables
from queuemark.views.picture import PICTURES, check_picture, draw
from queuemark.views.render import FORMATS, rendered, terminal_width

REPEATS = 5
REPEATS_HURRIED = 3
DURATION = "150ms"


class _Output(msgspec.Struct, frozen=True, kw_only=True):
    """How the answer leaves: as text in a form, with every part or without, as JSON, as a picture."""

    wide: bool
    form: str
    json_target: str | None
    chart_target: str | None


@click.command("claims")
@click.option("--quick", is_flag=True, help="Fewer cases and 3 repeats: under a minute.")
@click.option("--only", metavar="NUMBERS", help="Only these claims: 1,4.  [default: all]")
@click.option("--session", "session_name", metavar="SESSION", help="Measures nothing: judges this stored session.")
@click.option("--seed", metavar="N", help="Order and content derive from it.  [default: drawn, and shown]")
@click.option("--chart", "chart_target", metavar="FILE", help=f"Writes the picture, too: {', '.join(PICTURES)}.")
@click.option("--json", "json_target", metavar="FILE|-", help="The verdicts with their figures; -: stdout, no table.")
@click.option("--wide", is_flag=True, help="Part by part, too, as wide as it takes.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="How to print.")
def command(
    quick: bool,
    only: str | None,
    session_name: str | None,
    seed: str | None,
    chart_target: str | None,
    json_target: str | None,
    wide: bool,
    form: str,
) -> None:
    """The old argument about two million messages a second: each claim, measured here, with a verdict.

    A verdict follows from 95 % intervals by stated rules: holds, does not hold, depends on something, or not decided.
    What was measured is a session like any other; queuemark show has its figures.
    """
    if session_name is not None and (quick or seed is not None):
        raise UsageError("--session measures nothing; leave out --quick and --seed")
    claims = _chosen(only)
    output = _Output(wide=wide, form=form, json_target=json_target, chart_target=chart_target)
    if chart_target is not None:
        check_picture(chart_target)
        check_writable(chart_target)
    if json_target is not None:
        check_writable(json_target)
    if session_name is not None:
        _judge_stored(session_name, claims, only, output)
    else:
        _measure(claims, quick, only, seed, output)


def _chosen(only: str | None) -> list[Claim]:
    if only is None:
        return list(CLAIMS.values())
    numbers = list(dict.fromkeys(part.strip() for part in only.split(",")))
    known = {str(number): claim for number, claim in CLAIMS.items()}
    for number in numbers:
        if number not in known:
            raise UsageError(f"--only {only!r}: {number!r} is no claim; there are {', '.join(known)}")
    return [known[number] for number in numbers]


def _judge_stored(name: str, claims: Sequence[Claim], only: str | None, output: _Output) -> None:
    from queuemark.store import load

    document = load(name)
    words = ["queuemark", "claims", "--session", document.session.id[:8]]
    typed = shlex.join([*words, *(["--only", only] if only else [])])
    _answer(claims, False, document, typed, output, ran=False)


def _measure(claims: Sequence[Claim], quick: bool, only: str | None, seed: str | None, output: _Output) -> None:
    chosen_seed = read_seed(seed) if seed is not None else secrets.randbelow(2**32)
    words = ["queuemark", "claims", *(["--quick"] if quick else []), *(["--only", only] if only else [])]
    typed = shlex.join([*words, "--seed", str(chosen_seed)])
    askings = [asking for claim in claims for asking in claim.askings(quick)]
    if not askings:
        _answer(claims, quick, None, shlex.join(words), output)
        return
    console = Console(stderr=True)
    try:
        found = surveyed(console)
        cases = _cases(askings, found.transports())
    except NothingAvailable as error:
        if not _computed(claims):
            raise
        say(console, f"queuemark: nothing is measured: {error}")
        _answer(claims, quick, None, shlex.join(words), output, ran=False)
        return
    repeats = REPEATS_HURRIED if quick else REPEATS
    plan = Plan(preset="claims", command=typed, repeats=repeats, seed=chosen_seed, cases=cases)
    _carry_out(plan, found, claims, quick, missing_texts(_missing(askings, found.transports())), console, output)


def _missing(askings: Sequence[Asking], known: dict[str, Transport]) -> list[str]:
    named = (name for asking in askings for name in asking.transports.split(","))
    return [name for name in dict.fromkeys(named) if name not in known]


def _computed(claims: Sequence[Claim]) -> bool:
    """Whether any of them has something to say without measurement."""
    return any(claim.judge(Evidence(None)).parts for claim in claims)


def _cases(askings: Sequence[Asking], known: dict[str, Transport]) -> list[Case]:
    """Every case once, whichever claims ask for it.

    Raises: NothingAvailable.
    """
    cases = {case_key(case): case for asking in askings for case in cases_of(asking, known)}
    if not cases:
        raise NothingAvailable("no runner here offers anything that the claims are about; see: queuemark list")
    return list(cases.values())


def cases_of(asking: Asking, known: dict[str, Transport]) -> list[Case]:
    """What is run for it, of the transports that are known; nothing where their facts rule everything out."""
    offered = [name for name in asking.transports.split(",") if name in known]
    words = {name: getattr(asking, name) for name in Asking.__struct_fields__}
    amount = {} if asking.items else {"duration": DURATION}
    asked = Asked(**{**words, **amount, "transports": ",".join(offered)})
    try:
        return expand(read_sweep(asked, known), known).cases if offered else []
    except NothingLeft:
        return []


def _carry_out(
    plan: Plan,
    found: Survey,
    claims: Sequence[Claim],
    quick: bool,
    left_out: Sequence[str],
    console: Console,
    output: _Output,
) -> None:
    from queuemark.cli.measured import carried_out
    from queuemark.cli.outcome import judge

    document = carried_out(plan, found, console, left_out)
    kept = f"the session is kept, judge it again with: queuemark claims --session {document.session.id[:8]}"
    with printing(kept):
        _answer(claims, quick, document, plan.command, output)
    try:
        judge(document)
    except NothingAvailable:
        if not _computed(claims):
            raise


def _answer(
    claims: Sequence[Claim],
    quick: bool,
    document: SessionDocument | None,
    command: str,
    output: _Output,
    *,
    ran: bool = True,
) -> None:
    evidence = Evidence(document)
    repeats = REPEATS_HURRIED if quick else REPEATS
    judged = [
        Judged(
            claim=claim,
            judgement=claim.judge(evidence),
            ran=ran,
            commands=[asking.command(DURATION, repeats) for asking in claim.askings(quick)],
        )
        for claim in claims
    ]
    if output.chart_target is not None:
        picture = draw(lambda: claims_chart(judged, evidence.document, command), output.chart_target)
        write_file(output.chart_target, picture)
    if output.json_target is not None:
        write_json(output.json_target, _encoded(judged, document, command))
    if output.json_target != STDOUT:
        alone = output.form == "csv"
        tables = claims_tables(judged, evidence.document, command, wide=output.wide, alone=alone)
        click.echo(rendered(tables, output.form, None if output.wide else terminal_width()), nl=False)


def _encoded(judged: Sequence[Judged], document: SessionDocument | None, command: str) -> bytes:
    told = {
        "session": document.session.id if document is not None else None,
        "command": command,
        "claims": [_told(each) for each in judged],
    }
    return msgspec.json.encode(told) + b"\n"


def _told(each: Judged) -> dict[str, object]:
    claim, found = each.claim, each.judgement
    return {
        "number": claim.number,
        "claim": claim.text,
        "voice": claim.voice,
        "rule": claim.rule,
        "commands": each.commands,
        "verdict": found.verdict,
        "depends_on": found.depends_on or None,
        "parts": [{**msgspec.to_builtins(part), "holds": part.holds} for part in found.parts],
        "remarks": found.remarks,
    }
