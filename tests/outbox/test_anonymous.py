"""What names a session's owner is taken out of every sentence, and nothing else changes."""

from __future__ import annotations

import msgspec

from queuemark.model.counters import Counters
from queuemark.model.finding import Finding
from queuemark.model.plan import case_key
from queuemark.model.probe import Probe
from queuemark.model.session import SessionDocument, encode_session
from queuemark.outbox.anonymous import Names, anonymous, names_here
from tests.examples import case, document, trial

NAMES = Names(hosts=("db7.corp.example", "db7"), users=("alice", "tcp"))


def told() -> SessionDocument:
    of = case("tcp")
    failed = trial(
        of,
        1,
        state="failed",
        reason="alice@db7: cannot open /home/alice/rings/ring: EACCES",
        remedy="ask DB7.corp.example",
    )
    made = document((of, [trial(of), failed]))
    session = made.session
    session.findings = [
        Finding(
            name="tcp",
            verdict="noisy",
            found="/srv/alice/x is slow",
            effect="see /proc/sys/net",
            remedy="~/fix.sh --now",
        )
    ]
    session.probes_before = [
        Probe(name="copy", unit="ns", value=None, low=None, high=None, samples=0, reason="/opt/lab/runner: killed")
    ]
    session.plan = msgspec.structs.replace(
        session.plan, command="queuemark run /home/alice/plan.toml -t tcp", messages_path="/home/alice/messages.txt"
    )
    return made


def test_names_and_places_are_gone_and_what_they_said_is_left() -> None:
    held = anonymous(told(), NAMES)
    text = encode_session(held.document).decode()
    for secret in ("alice", "db7", "DB7", "/home", "/srv", "/opt", "~/"):
        assert secret not in text
    session = held.document.session
    assert session.plan.command == "queuemark run plan.toml -t (user name)"
    assert session.findings[0].remedy == "fix.sh --now"
    assert session.findings[0].effect == "see /proc/sys/net"
    assert session.probes_before[0].reason == "runner: killed"
    reason = held.document.cases[0].trials[1].reason
    assert reason == "(user name)@(host name): cannot open ring: EACCES"


def test_what_was_taken_out_is_counted() -> None:
    assert anonymous(told(), NAMES).removed == {"path": 5, "user name": 2, "host name": 2}


def test_what_a_case_means_and_what_was_counted_stay() -> None:
    before, after = told(), anonymous(told(), NAMES).document
    assert [case_key(each.case) for each in after.cases] == [case_key(each.case) for each in before.cases]
    assert after.cases[0].trials[0] == before.cases[0].trials[0]
    assert after.session.machine == before.session.machine
    assert after.session.findings[0].name == "tcp"


def test_counters_that_could_not_be_read_say_so_without_names() -> None:
    of = case()
    made = document((of, [trial(of, counters=Counters(reason="/home/alice/perf: no"))]))
    found = anonymous(made, NAMES).document.cases[0].trials[0].counters
    assert found is not None
    assert found.reason == "perf: no"


def test_the_same_session_gives_the_same_text_again() -> None:
    once = anonymous(told(), NAMES).document
    assert encode_session(anonymous(once, NAMES).document) == encode_session(once)


def test_addresses_and_fractions_are_no_paths() -> None:
    of = case()
    made = document((of, [trial(of, state="failed", reason="see https://example.org/a/b; 3/4 of tcp/udp, s/x/y")]))
    assert anonymous(made, NAMES).document.cases[0].trials[0].reason == (
        "see https://example.org/a/b; 3/4 of (user name)/udp, s/x/y"
    )


def test_names_that_tell_nobody_apart_are_no_names() -> None:
    here = names_here()
    assert not {"root", "localhost", ""} & {*here.hosts, *here.users}
