"""``queuemark run``: measures, keeps every trial, shows the results."""

from __future__ import annotations

__all__ = ["command"]

import os
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import rich_click as click
from click.core import ParameterSource
from rich.console import Console

from queuemark.analysis.assertions import Assertion, check_assertions
from queuemark.brokers.registry import Servers, place_left_out, read_servers, without_login
from queuemark.cli.asked import Asked
from queuemark.cli.asserting import assert_option, judge_assertions, read_assertions
from queuemark.cli.lock import alone
from queuemark.cli.opening import left_out_texts, opening_text, outlook_text, say, surveyed
from queuemark.cli.output import STDOUT, check_writable, printing, write_json
from queuemark.cli.prepare import Prepared, Request, prepare
from queuemark.cli.presets import PRESETS
from queuemark.model.errors import UsageError, nearest
from queuemark.model.search import PERCENTS_DEFAULT
from queuemark.model.session import Session, encode_session
from queuemark.model.units import parse_duration_s
from queuemark.model.workload import FAULTS, PLACEMENTS, WAITS
from queuemark.runners.contract import STALL_DEFAULT_S
from queuemark.runners.registry import Survey

if TYPE_CHECKING:
    from queuemark.store import Store

F = TypeVar("F", bound=Callable[..., Any])

NEWEST = "\0newest"
"""What --resume means without a value; no session is named so."""

DEFAULT_WALK = ",".join(f"{percent:g}" for percent in PERCENTS_DEFAULT)
"""What --rate-sweep means without a value."""

_OF_OUTPUT = ("assertions", "json_target", "no_report", "resume", "seed", "strict")
"""Options that say what becomes of a session, and nothing of what it is."""

_SWEPT = "What is swept (comma lists; the sweep is their product)"
_EACH = "Each trial"
_FOUND = "Rates to find out, one of these; each trial is a case of its rate"
_WHOLE = "The session"

_HELP = f"""Push messages through transports, prove that they arrived, and keep every trial.

Without anything, the preset quick. With axes, your own sweep. With a preset or a plan file and axes, that plan
narrowed to the transports named, its other axes replaced.

Presets: {"; ".join(f"{name} ({preset.summary})" for name, preset in PRESETS.items())}.
"""


class _Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a session's results: where they go, and by what they are judged."""

    json_target: str | None
    strict: bool
    demands: Sequence[Assertion]
    reported: bool


def _option(*names: str, metavar: str, panel: str, help: str) -> Callable[[F], F]:
    return click.option(*names, metavar=metavar, panel=panel, help=help)


@click.command("run", help=_HELP)
@click.argument("name", metavar="[PRESET|PLAN.toml]", required=False)
@_option(
    "-t",
    "--transports",
    metavar="NAMES",
    panel=_SWEPT,
    help="Mechanisms; see: queuemark list. python:socketpair where two runtimes have one.  [default: all native ones]",
)
@_option(
    "--runtime",
    "runtimes",
    metavar="NAMES",
    panel=_SWEPT,
    help="Only mechanisms of these runtimes, all of them where none is named: python, or native,python.",
)
@_option(
    "-s",
    "--sizes",
    metavar="SIZES",
    panel=_SWEPT,
    help="Bytes: 64, 1..4096 (doubling), 16,1k; 64:70%,1k:30% mixes sizes.  [default: 64]",
)
@_option(
    "-c",
    "--consumers",
    metavar="COUNTS",
    panel=_SWEPT,
    help="Processes: 1, 1..32 (doubling); 0 where a broker takes what nobody receives.  [default: 1]",
)
@_option(
    "--pattern",
    "patterns",
    metavar="NAMES",
    panel=_SWEPT,
    help="share: each message goes to one consumer; fanout: to each of them; pingpong: to one, which replies.  "
    "[default: share]",
)
@_option(
    "--dispatch",
    "dispatches",
    metavar="NAMES",
    panel=_SWEPT,
    help="deal: the producer deals them out; compete: consumers take them.  [default: as the transport has it]",
)
@_option(
    "--policy",
    "policies",
    metavar="POLICIES",
    panel=_SWEPT,
    help="each: a call a message; split: length, then body; buffer:BYTES: a call when full; vector:N: a call for N.  "
    "[default: each]",
)
@_option(
    "--linger-us",
    metavar="US",
    panel=_SWEPT,
    help="A buffered message waits so long at most.  [default: 0, until full]",
)
@_option(
    "--ack",
    "acks",
    metavar="ACKS",
    panel=_SWEPT,
    help="fence: only the end is confirmed; none; each: every message, before the next call; window:N: up to N wait.  "
    "[default: fence; window:64 where there is none]",
)
@_option("--wait", "waits", metavar="NAMES", panel=_SWEPT, help=f"{', '.join(WAITS)} (for 50 us).  [default: block]")
@_option(
    "--placement", "placements", metavar="NAMES", panel=_SWEPT, help=f"{', '.join(PLACEMENTS)}.  [default: spread]"
)
@_option(
    "--rate",
    "rates",
    metavar="RATES",
    panel=_SWEPT,
    help="Messages offered a second: 10k,100k; latency counts from when each is due.  [default: as many as are taken]",
)
@_option(
    "--in-flight",
    "in_flights",
    metavar="COUNTS",
    panel=_SWEPT,
    help="Requests of a pingpong that are on their way at once: 1,8.  [default: 1]",
)
@_option(
    "--link-test",
    "links",
    metavar="RATES",
    panel=_SWEPT,
    help="Over a link of so many bits per second, made on this host: 10M,100M; 1G/9000 has an mtu. The table shows "
    "what came through beside what whole frames allow.",
)
@_option(
    "--payload",
    "payloads",
    metavar="KINDS",
    panel=_SWEPT,
    help="What holds a message where objects are taken: bytes, pickle:dict, pickle:numpy; within a process also dict, "
    "numpy, handed over as they are.  [default: bytes]",
)
@click.option(
    "-P", "params", metavar="NAME=VALUE", multiple=True, panel=_SWEPT, help="A transport's parameter: nodelay=0,1."
)
@_option("--items", metavar="N", panel=_EACH, help="Sends so many messages after warm-up: 1M.")
@_option("--duration", metavar="TIME", panel=_EACH, help="Or for so long: 200ms, 1s.  [default: 1s]")
@_option("--warmup", metavar="TIME", panel=_EACH, help="Traffic before that, dropped.  [default: 10ms]")
@_option(
    "--verify", metavar="full|sample:K", panel=_EACH, help="Content of each message, or one in K.  [default: full]"
)
@_option(
    "--stamp-every",
    metavar="N",
    panel=_EACH,
    help="Notes the sending of one message in N.  [default: what costs nothing]",
)
@_option("--messages", metavar="FILE", panel=_EACH, help="Sends these messages, looped, each at its own size.")
@_option(
    "--messages-format", metavar="lines|u32", panel=_EACH, help="One a line, or length-prefixed.  [default: lines]"
)
@_option("--inject", metavar="FAULT", panel=_EACH, help=f"Makes one fault: {', '.join(FAULTS)}.")
@click.option(
    "--server",
    "servers",
    metavar="ADDRESS",
    multiple=True,
    panel=_EACH,
    help="A broker that runs: nats://USER:PASSWORD@HOST:4222.  [default: one is started for each trial]",
)
@_option("--stall", metavar="TIME", panel=_EACH, help="Has failed when nothing moves for so long.  [default: 5s]")
@click.option(
    "--rate-sweep",
    metavar="[PERCENTS]",
    is_flag=False,
    flag_value=DEFAULT_WALK,
    panel=_FOUND,
    help="Walks each case from 10 to 110 % of what it delivers as fast as it goes, or over these shares: 25,50,80.",
)
@click.option(
    "--max-lossless",
    is_flag=True,
    panel=_FOUND,
    help="Finds the highest rate at which no message is lost, for transports that may lose some.",
)
@_option("--p99", metavar="TIME", panel=_FOUND, help="Finds the highest rate with p99 of latency within this: 50us.")
@_option(
    "--resolution",
    metavar="PERCENT",
    panel=_FOUND,
    help="How near the rate that is too much shall be to the one found.  [default: 5%]",
)
@_option("--repeats", metavar="N", panel=_WHOLE, help="Fresh process trees a case.  [default: 5; presets: 3]")
@_option(
    "--until",
    metavar="PERCENT",
    panel=_WHOLE,
    help="Repeats until half of the interval is within it: 2%; --repeats is then the most.  [default: 30]",
)
@_option("--seed", metavar="N", panel=_WHOLE, help="Order and content derive from it.  [default: drawn, and shown]")
@assert_option(panel=_WHOLE)
@_option("--json", "json_target", metavar="FILE|-", panel=_WHOLE, help="The session as JSON; -: stdout, and no table.")
@click.option(
    "--strict",
    is_flag=True,
    panel=_WHOLE,
    help="Ends with exit code 5 where a case is too noisy: its interval reaches farther than 10 % from its median.",
)
@click.option(
    "--no-probes", is_flag=True, panel=_WHOLE, help="Does not probe the machine before and after: no limits are shown."
)
@click.option("--no-report", is_flag=True, panel=_WHOLE, help="Writes no report of the finished session.")
@click.option(
    "--print-plan", is_flag=True, panel=_WHOLE, help="Writes the plan file that makes these cases; runs nothing."
)
@click.option(
    "--resume",
    metavar="[SESSION]",
    is_flag=False,
    flag_value=NEWEST,
    panel=_WHOLE,
    help="Go on with an interrupted session (the newest, or the one named); nothing is repeated.",
)
@click.pass_context
def command(
    ctx: click.RichContext,
    /,
    name: str | None,
    params: tuple[str, ...],
    servers: tuple[str, ...],
    assertions: tuple[str, ...],
    json_target: str | None,
    resume: str | None,
    print_plan: bool,
    strict: bool,
    no_probes: bool,
    no_report: bool,
    runtimes: str | None,
    **said: Any,
) -> None:
    _check_said(ctx)
    if print_plan and json_target is not None:
        raise UsageError("--print-plan runs nothing that --json could hold; leave one of them out")
    if print_plan and strict:
        raise UsageError("--print-plan runs nothing that --strict could judge; leave one of them out")
    if print_plan and assertions:
        raise UsageError("--print-plan runs nothing that --assert could be asked of; leave one of them out")
    if print_plan and servers:
        raise UsageError("--print-plan runs nothing that goes through a --server; leave one of them out")
    if json_target is not None:
        check_writable(json_target)
    named = Servers(read_servers(servers))
    reported = not no_report and json_target != STDOUT
    wanted = _Wanted(json_target=json_target, strict=strict, demands=read_assertions(assertions), reported=reported)
    if resume is not None:
        _only(ctx, {"assertions", "json_target", "no_report", "resume", "servers", "stall", "strict"})
        _resume(None if resume == NEWEST else resume, said["stall"], wanted, named)
    elif print_plan:
        _print_plan(ctx, _request(name, params, said), runtimes)
    else:
        probes = not (no_probes or os.environ.get("QUEUEMARK_NO_PROBES"))
        _new(ctx, _request(name, params, said), wanted, named, runtimes, probes=probes)


def _check_said(ctx: click.Context) -> None:
    """Raises: UsageError for an empty value, which a shell makes of an unset variable."""
    for param in ctx.command.params:
        if ctx.params.get(param.name or "") == "":
            word = param.human_readable_name if isinstance(param, click.Argument) else max(param.opts, key=len)
            raise UsageError(f"{word} has an empty value; give one or leave it out")


def _request(name: str | None, params: tuple[str, ...], said: dict[str, Any]) -> Request:
    axes = {key: value for key, value in said.items() if key in Asked.__struct_fields__}
    whole = {key: value for key, value in said.items() if key not in axes}
    if axes["items"] is not None and axes["duration"] is not None:
        raise UsageError("--items and --duration exclude each other; give one of them")
    return Request(name=name, asked=msgspec.convert({**axes, "params": _params(params)}, Asked), **whole)


def _params(params: tuple[str, ...]) -> dict[str, str]:
    """``-P nodelay=0 -P nodelay=1`` is ``-P nodelay=0,1``."""
    found: dict[str, str] = {}
    for text in params:
        key, equals, value = text.partition("=")
        if not (key and equals and value):
            raise UsageError(f"-P {text!r} is not NAME=VALUE; write for example -P nodelay=0,1")
        found[key] = f"{found[key]},{value}" if key in found else value
    return found


def _only(ctx: click.Context, allowed: set[str]) -> None:
    given = [param for param in ctx.command.params if param.name and _was_given(ctx, param.name)]
    for param in given:
        if param.name not in allowed:
            raise UsageError(f"--resume takes its plan from the session; leave {param.opts[-1]} out")


def _was_given(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE


def _command_text(ctx: click.Context, seed: int, *, paths: bool) -> str:
    """What makes this session again (M27), without what only concerned its output, and without any password.

    paths: as they were typed, for whoever is here; else the names of files alone, and of servers their kinds, for
        whoever reads the document.
    """
    words = ["queuemark", "run"]
    for param in ctx.command.params:
        name = param.name or ""
        if name in _OF_OUTPUT or not _was_given(ctx, name):
            continue
        value = ctx.params[name]
        if value is True:
            words.append(max(param.opts, key=len))
            continue
        for text in value if isinstance(value, tuple) else (value,):
            named = not paths and name in ("messages", "name") and text not in PRESETS
            shown = Path(text).name if named else text
            if name == "servers":
                shown = without_login(text) if paths else place_left_out(text)
            words += [shown] if isinstance(param, click.Argument) else [max(param.opts, key=len), shown]
    return shlex.join([*words, "--seed", str(seed)])


def _prepared(request: Request, found: Survey, text: str | None) -> Prepared:
    """As the runtimes that were asked for offer it; where no mechanism is named, all of these."""
    if text is None:
        return prepare(request, found.transports())
    runtimes = [name.strip() for name in text.split(",")]
    offered = dict.fromkeys(offer.transport.runtime for offer in found.offers)
    for name in runtimes:
        if name not in offered:
            raise UsageError(f"no runner here has the runtime {name!r}; {nearest(name, offered)}")
    known = found.transports(runtimes)
    if request.asked.transports is None:
        asked = msgspec.structs.replace(request.asked, transports=",".join(known))
        request = msgspec.structs.replace(request, asked=asked)
    return prepare(request, known)


def _print_plan(ctx: click.Context, request: Request, runtimes: str | None) -> None:
    from queuemark.cli.planprint import plan_text

    if request.rate_sweep is not None or request.max_lossless or request.p99 is not None:
        raise UsageError("a plan file holds no search; give --rate-sweep, --max-lossless or --p99 when you run it")
    console = Console(stderr=True)
    prepared = _prepared(request, surveyed(console), runtimes)
    options = [param for param in ctx.command.params if isinstance(param, click.Option)]
    click.echo(plan_text(prepared.words, {option.name or "": option.help or "" for option in options}), nl=False)
    for line in left_out_texts(prepared):
        say(console, line)


def _new(
    ctx: click.Context, request: Request, wanted: _Wanted, servers: Servers, runtimes: str | None, *, probes: bool
) -> None:
    from queuemark.cli.outcome import require_interval
    from queuemark.cli.session import begin, check_room
    from queuemark.store import Store, data_directory

    console = Console(stderr=True)
    found = surveyed(console, servers)
    prepared = _prepared(request, found, runtimes)
    offers = found.by_runtime()
    servers.check_needed({offers[case.transport, case.runtime].transport.facts.broker for case in prepared.plan.cases})
    if wanted.strict:
        require_interval(prepared.plan)
    check_assertions(wanted.demands, prepared.plan.cases)
    typed = _command_text(ctx, prepared.plan.seed, paths=True)
    plan = msgspec.structs.replace(prepared.plan, command=_command_text(ctx, prepared.plan.seed, paths=False))
    with alone(data_directory()), Store.open() as store:
        check_room(data_directory(), plan)
        session = begin(store, plan, found)
        say(console, f"{opening_text(session)}, {outlook_text(session, set())}")
        for line in left_out_texts(prepared):
            say(console, line)
        _finish(store, session, found, prepared.stall_s, console, wanted, servers, typed, probes=probes)


def _resume(name: str | None, stall: str | None, wanted: _Wanted, servers: Servers) -> None:
    from queuemark.cli.outcome import read
    from queuemark.cli.session import resume
    from queuemark.store import Store, data_directory

    console = Console(stderr=True)
    stall_s = parse_duration_s(stall, "stall") if stall is not None else STALL_DEFAULT_S
    with alone(data_directory()), Store.open() as store:
        session = resume(store, name, servers)
        check_assertions(wanted.demands, session.plan.cases)
        if session.state == "complete":
            say(
                console,
                f"session {session.id[:8]} is complete: nothing to resume; see: queuemark show {session.id[:8]}",
            )
            document = read(store, session)
            if wanted.json_target is not None:
                with printing(_kept(session)):
                    write_json(wanted.json_target, encode_session(document))
            judge_assertions([document], wanted.demands)
            return
        found = surveyed(console, servers)
        done = store.done(session.id)
        say(console, f"{opening_text(session)}, {len(done)} trials done before, {outlook_text(session, done)}")
        _finish(store, session, found, stall_s, console, wanted, servers, probes=bool(session.probes_before))


def _finish(
    store: Store,
    session: Session,
    found: Survey,
    stall_s: float,
    console: Console,
    wanted: _Wanted,
    servers: Servers,
    typed: str | None = None,
    *,
    probes: bool,
) -> None:
    from queuemark.cli.outcome import interruption, judge, judge_noise, read, show
    from queuemark.cli.reporting import tell_report
    from queuemark.cli.session import carry_out

    through = carry_out(store, session, found, stall_s, console, probes=probes, servers=servers)
    document = read(store, session)
    # What the trials say is the outcome, whether or not anybody reads the table to its end.
    with printing(_kept(session)):
        if wanted.json_target is not None:
            write_json(wanted.json_target, encode_session(document))
        if through and wanted.json_target != STDOUT:
            show(document, typed)
        if through and wanted.reported:
            tell_report(document, console)
    if not through:
        raise interruption(document)
    judge(document)
    judge_assertions([document], wanted.demands)
    if wanted.strict:
        judge_noise(document)


def _kept(session: Session) -> str:
    return f"the session is kept, show it again with: queuemark show {session.id[:8]}"
