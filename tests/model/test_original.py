"""The sessions that the original's results become: what they say, and what is not made up."""

from __future__ import annotations

from queuemark.analysis.estimates import with_estimates
from queuemark.model.original import RUNTIME, session_id_of, session_of
from queuemark.model.original_xml import read_original
from queuemark.model.session import SessionDocument, decode_session, encode_session
from tests.originals import BACKENDS, UHASH, original_file, run_line

AT = "2026-03-01T12:00:00.000Z"


def session(*runs: str, **told: str) -> SessionDocument:
    results = read_original(original_file(runs or None, **told))
    return session_of(results, results.batches[0], AT)


def test_each_backend_is_a_case_of_the_way_in_which_it_was_used() -> None:
    held = [result.case for result in session(*map(run_line, BACKENDS)).cases]
    ways = [(case.transport, case.workload.dispatch, case.workload.policy, case.params) for case in held]
    assert ways == [
        ("tcp", "deal", "split", {"deal_items": 1000, "nodelay": 0}),
        ("unix-stream", "deal", "split", {"deal_items": 1000}),
        ("unix-dgram", "deal", "each", {"deal_items": 1000}),
        ("mq-posix", "compete", "each", {}),
    ]
    assert {case.runtime for case in held} == {RUNTIME}
    assert {(case.workload.placement, case.workload.verify) for case in held} == {("free", "none")}


def test_m01_a_run_is_a_trial_of_a_million_messages_that_is_not_proved() -> None:
    (result,) = with_estimates(session(run_line("TCP Socket", 4, "2.500000", 64))).cases
    (trial,) = result.trials
    assert (result.case.workload.consumers, result.case.workload.size_bytes) == (4, 64)
    assert (trial.sent, trial.delivered, trial.window_ns) == (1_000_000, 1_000_000, 2_500_000_000)
    assert (trial.state, trial.proved, trial.rate_per_s) == ("ok", False, 400_000)
    assert result.unproved


def test_runs_of_one_cell_are_its_repeats() -> None:
    made = session(run_line("TCP Socket"), run_line("POSIX Message Queue"), run_line("TCP Socket", seconds="3.0"))
    assert [[trial.position for trial in result.trials] for result in made.cases] == [[0, 2], [1]]
    assert [[trial.repeat for trial in result.trials] for result in made.cases] == [[0, 1], [0]]
    assert made.session.plan.repeats == 2


def test_the_machine_is_what_the_file_says_and_no_more() -> None:
    machine = session().session.machine
    assert (machine.system, machine.release, machine.architecture) == ("Linux", "3.2.0-4-amd64", "x86_64")
    assert machine.version == "#1 SMP Debian 3.2.15-1"
    assert (machine.cpus, machine.cpu_model, machine.cores) == ([], None, None)


def test_the_same_batch_is_the_same_session_and_does_not_tell_its_password() -> None:
    made = session()
    assert made.session.id == session(run_line("TCP Socket")).session.id == session_id_of(UHASH)
    assert made.session.id != session(uhash="another").session.id
    assert UHASH.encode() not in encode_session(made)


def test_it_is_a_session_like_any_other() -> None:
    made = session()
    assert encode_session(decode_session(encode_session(made))) == encode_session(made)
