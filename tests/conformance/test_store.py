"""What every store promises; a new kind of store joins with one line in STORES.

1. What ``add_trial`` returned from is there, once, also after a kill at any moment.
2. A repeat of a case is stored once.
3. Documents come back as they went in, derived figures computed.
4. A session whose process died is interrupted, and can be resumed by one process at a time.
5. The plan of a session grows at its end, or not at all.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from queuemark.model.errors import QueuemarkError, UsageError
from queuemark.model.plan import Plan, Stage, case_key
from queuemark.model.session import Session, decode_session, encode_session
from queuemark.model.trial import Injected, Trial
from queuemark.store import Store
from tests.examples import SESSION_ID, case, document, machine, session, trial

STORES: dict[str, Callable[[Path], Store]] = {
    "sqlite": Store.open,
}

ANOTHER_ID = "0123456789abcdeffedcba9876543210"

ADD_TRIALS = Path(__file__).parent / "add_trials.py"


@pytest.fixture(params=sorted(STORES))
def reopened(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Store]:
    return lambda: STORES[request.param](tmp_path)


@pytest.fixture
def store(reopened: Callable[[], Store]) -> Iterator[Store]:
    with reopened() as opened:
        yield opened


def test_a_session_comes_back_with_its_trials(store: Store, reopened: Callable[[], Store]) -> None:
    tcp, pipe = case("tcp"), case("pipe", consumers=3)
    begun = session(tcp, pipe, repeats=2)
    store.begin(begun)
    added = [(of, trial(of, repeat)) for repeat in (0, 1) for of in (pipe, tcp)]
    for of, counted in added:
        store.add_trial(begun.id, of, counted)
    store.finish(begun.id, "complete")
    with reopened() as again:
        found = again.document(begun.id)
    assert [result.case for result in found.cases] == [tcp, pipe]
    expected = document((tcp, [t for of, t in added if of == tcp]), (pipe, [t for of, t in added if of == pipe]))
    assert found.cases == expected.cases
    begun.state = "complete"
    assert found.session == begun


def test_a_plan_grows_and_loses_nothing(store: Store, reopened: Callable[[], Store]) -> None:
    tcp, pipe = case("tcp"), case("pipe")
    begun = session(tcp)
    store.begin(begun)
    store.add_trial(SESSION_ID, tcp, trial(tcp))
    grown = msgspec.structs.replace(begun.plan, cases=[tcp, pipe], stages=[Stage(cases=[0, 1], repeats=2)])
    store.extend(SESSION_ID, grown)
    store.add_trial(SESSION_ID, pipe, trial(pipe))
    with reopened() as again:
        assert again.find(SESSION_ID).plan == grown
        found = again.document(SESSION_ID)
        assert [(result.case, len(result.trials)) for result in found.cases] == [(tcp, 1), (pipe, 1)]
        assert again.sessions()[0].planned_trials == 4
    with pytest.raises(QueuemarkError, match="its cases would change; nothing was changed"):
        store.extend(SESSION_ID, msgspec.structs.replace(grown, cases=[pipe]))
    assert store.find(SESSION_ID).plan == grown


def test_a_trial_keeps_every_field(store: Store) -> None:
    of = case("mq-posix", consumers=2)
    store.begin(session(of))
    counted = trial(of, steal_ns=5, lost=0, injected=Injected(fault="flip", consumer=None, message=17))
    counted.state, counted.reason, counted.corrupted = "failed", "1 message was corrupted", 1
    store.add_trial(SESSION_ID, of, counted)
    stored = msgspec.convert(
        {
            name: value
            for name, value in msgspec.to_builtins(store.document(SESSION_ID).cases[0].trials[0]).items()
            if name in Trial.__struct_fields__ and name != "consumers"
        },
        Trial,
    )
    assert msgspec.structs.replace(stored, consumers=counted.consumers) == counted


def test_cases_without_trials_are_in_the_document(store: Store) -> None:
    store.begin(session(case("tcp"), case("pipe")))
    assert [(result.case.transport, result.trials) for result in store.document(SESSION_ID).cases] == [
        ("tcp", []),
        ("pipe", []),
    ]


def test_a_session_begins_once(store: Store) -> None:
    store.begin(session(case("tcp")))
    with pytest.raises(QueuemarkError, match="already stored"):
        store.begin(session(case("pipe")))
    assert store.find().plan.cases == [case("tcp")]


def test_a_repeat_is_stored_once(store: Store) -> None:
    of = case("tcp")
    store.begin(session(of))
    store.add_trial(SESSION_ID, of, trial(of, 1))
    with pytest.raises(QueuemarkError, match=f"repeat 1 of case {case_key(of)}"):
        store.add_trial(SESSION_ID, of, trial(of, 1, delivered=5))
    assert [counted.delivered for counted in store.document(SESSION_ID).cases[0].trials] == [120_000]


def test_a_trial_of_no_case_of_the_session_is_refused(store: Store) -> None:
    store.begin(session(case("tcp")))
    with pytest.raises(QueuemarkError, match="not of that session"):
        store.add_trial(SESSION_ID, case("pipe"), trial(case("pipe")))
    with pytest.raises(QueuemarkError, match="not of that session"):
        store.add_trial(ANOTHER_ID, case("tcp"), trial(case("tcp")))
    assert store.done(SESSION_ID) == frozenset()


def test_what_is_done_is_known_by_case_and_repeat(store: Store) -> None:
    tcp, pipe = case("tcp"), case("pipe")
    store.begin(session(tcp, pipe))
    store.add_trial(SESSION_ID, tcp, trial(tcp, 2))
    store.add_trial(SESSION_ID, pipe, trial(pipe, 0))
    assert store.done(SESSION_ID) == {(case_key(tcp), 2), (case_key(pipe), 0)}


def test_a_session_is_found_by_id_prefix_and_last(store: Store) -> None:
    store.begin(session(created_at="2026-03-01T12:00:00Z"))
    store.begin(session(id=ANOTHER_ID, created_at="2026-03-01T12:00:00.5+00:00"))
    store.begin(session(id="f" * 32, created_at="2026-03-01T12:59:59+02:00"))
    assert store.find("last").id == store.find().id == ANOTHER_ID
    assert store.find(SESSION_ID).id == SESSION_ID
    assert store.find("0123456789abcdeff").id == ANOTHER_ID
    assert store.find("FF").id == "f" * 32


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("0123", "fits several sessions .*write more of the id"),
        ("e", "no stored session .*show --sessions"),
        ("%", "no stored session"),
        ("_", "no stored session"),
    ],
)
def test_a_name_that_does_not_fit_is_told_what_to_do(store: Store, name: str, said: str) -> None:
    store.begin(session())
    store.begin(session(id=ANOTHER_ID))
    with pytest.raises(UsageError, match=said):
        store.find(name)


@pytest.mark.parametrize("name", ["last", "0123"])
def test_an_empty_store_names_the_command_that_fills_it(store: Store, name: str) -> None:
    with pytest.raises(UsageError, match="queuemark run"):
        store.find(name)
    assert store.sessions() == []


@pytest.mark.parametrize("unknown", ["document", "reopen"])
def test_an_unknown_session_is_an_error(store: Store, unknown: str) -> None:
    with pytest.raises(UsageError, match=f"no session {ANOTHER_ID}"):
        getattr(store, unknown)(ANOTHER_ID)


def test_sessions_are_summed_up_newest_first(store: Store) -> None:
    of = case("tcp")
    store.begin(session(of, repeats=4))
    store.add_trial(SESSION_ID, of, trial(of, 0))
    store.add_trial(SESSION_ID, of, trial(of, 1, state="failed"))
    store.begin(session(of, case("pipe"), id=ANOTHER_ID))
    newest, oldest = store.sessions()
    assert (newest.id, newest.cases, newest.planned_trials, newest.trials) == (ANOTHER_ID, 2, 6, {})
    assert (oldest.id, oldest.planned_trials, oldest.trials) == (SESSION_ID, 4, {"ok": 1, "failed": 1})
    assert oldest.state == "running"


def test_a_session_that_runs_is_running_and_ends_as_said(store: Store) -> None:
    store.begin(session())
    assert store.find().state == "running"
    store.finish(SESSION_ID, "interrupted")
    assert store.find().state == "interrupted"
    store.reopen(SESSION_ID)
    assert store.find().state == "running"
    store.finish(SESSION_ID, "complete")
    assert store.document(SESSION_ID).session.state == "complete"


def test_a_complete_session_is_not_resumed(store: Store) -> None:
    store.begin(session())
    store.finish(SESSION_ID, "complete")
    with pytest.raises(UsageError, match="nothing to resume"):
        store.reopen(SESSION_ID)
    assert store.find().state == "complete"


def test_where_a_persons_files_lie_stays_here(store: Store) -> None:
    held = session()
    held.plan = msgspec.structs.replace(held.plan, messages_path="/home/ann/mail.txt")
    store.begin(held)
    assert store.find().plan.messages_path == "/home/ann/mail.txt"
    assert b"/home/ann" not in encode_session(store.document(SESSION_ID))


def test_a_document_is_imported_once(store: Store) -> None:
    of = case("tcp", consumers=2)
    given = document((of, [trial(of, repeat) for repeat in range(3)]), (case("pipe"), []))
    assert store.add_document(given) is True
    assert store.document(SESSION_ID) == given
    assert store.add_document(document((of, []))) is False
    assert store.document(SESSION_ID) == given


def test_an_imported_document_never_says_that_it_runs(store: Store) -> None:
    store.add_document(document((case("tcp"), []), state="running"))
    assert store.find().state == "interrupted"


def test_a_document_that_holds_a_repeat_twice_is_refused_whole(store: Store) -> None:
    of = case("tcp")
    with pytest.raises(UsageError, match="twice"):
        store.add_document(document((of, [trial(of, 1), trial(of, 1)])))
    assert store.sessions() == []


def test_a_document_without_a_time_is_refused_whole(store: Store) -> None:
    with pytest.raises(UsageError, match="'yesterday' is not a time"):
        store.add_document(document((case("tcp"), []), created_at="yesterday"))
    assert store.sessions() == []


def test_what_derives_is_not_stored_from_outside(store: Store) -> None:
    of = case("tcp")
    given = document((of, [trial(of)]))
    given.cases[0].trials[0].rate_per_s = 1e15
    store.add_document(given)
    assert store.document(SESSION_ID) == decode_session(encode_session(given))
    assert store.document(SESSION_ID).cases[0].trials[0].rate_per_s == 600_000


def test_two_openings_write_side_by_side(store: Store, reopened: Callable[[], Store]) -> None:
    of = case("tcp")
    store.begin(session(of))
    with reopened() as other:
        for repeat in range(20):
            (store if repeat % 2 else other).add_trial(SESSION_ID, of, trial(of, repeat))
        assert len(store.done(SESSION_ID)) == len(other.done(SESSION_ID)) == 20


def _begun_elsewhere(directory: Path, kind: str) -> subprocess.Popen[str]:
    """Another process that begins or resumes the session and then adds trials until it is killed."""
    arguments = [sys.executable, str(ADD_TRIALS), str(directory), kind]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)


@pytest.mark.parametrize("kind", sorted(STORES))
def test_killed_at_any_moment_every_acknowledged_trial_is_there_once(tmp_path: Path, kind: str) -> None:
    of = case("tcp", consumers=4)
    moments = random.Random(20)
    acknowledged: set[int] = set()
    for _ in range(4):
        with _begun_elsewhere(tmp_path, kind) as writer:
            assert writer.stdout is not None
            for _ in range(moments.randint(1, 60)):
                acknowledged.add(int(writer.stdout.readline()))
            writer.send_signal(signal.SIGKILL)
            acknowledged.update(
                int(line) for line in writer.stdout.read().splitlines(keepends=True) if line.endswith("\n")
            )
        with STORES[kind](tmp_path) as store:
            stored = [counted.repeat for counted in store.document(SESSION_ID).cases[0].trials]
            assert len(stored) == len(set(stored))
            # The one that was being added when the kill came may be there too; it was not acknowledged.
            assert acknowledged <= set(stored)
            assert len(set(stored) - acknowledged) <= 4
            assert store.document(SESSION_ID).cases[0].trials[0] == document((of, [trial(of)])).cases[0].trials[0]
            assert store.find().state == "interrupted"


@pytest.mark.parametrize("kind", sorted(STORES))
def test_a_session_that_another_process_runs_is_not_resumed(tmp_path: Path, kind: str) -> None:
    with _begun_elsewhere(tmp_path, kind) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "0\n"
        try:
            with STORES[kind](tmp_path) as store:
                assert store.find().state == "running"
                with pytest.raises(QueuemarkError, match=f"being run by process {writer.pid}"):
                    store.reopen(SESSION_ID)
        finally:
            writer.kill()
    with STORES[kind](tmp_path) as store:
        store.reopen(SESSION_ID)
        assert store.find().state == "running"


def test_a_plan_of_no_cases_is_stored(store: Store) -> None:
    empty = Session(id=SESSION_ID, created_at="2026-03-01", version="0", seed=1, machine=machine(), plan=Plan(cases=[]))
    store.begin(empty)
    assert store.document(SESSION_ID).cases == []
