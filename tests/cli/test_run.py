"""``queuemark run`` from end to end: what it prints, keeps and ends with, and how it is interrupted."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import resource
import select
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from queuemark.model.errors import QueuemarkError
from queuemark.model.plan import Case, case_key
from queuemark.model.session import SessionDocument, decode_session
from queuemark.model.trial import Trial
from queuemark.store import Store

from .conftest import Answer, Call

Spawn = Callable[..., subprocess.Popen[str]]

SMALL = ("run", "-t", "tcp,pipe", "--items", "100", "--repeats", "2", "--seed", "7")
LONG = ("run", "-t", "tcp", "-s", "1,2,4", "--duration", "30s", "--repeats", "1")


def stored(data: Path, name: str = "last") -> SessionDocument:
    with Store.open(data) as store:
        return store.document(store.find(name).id)


def states(document: SessionDocument) -> list[str]:
    return [trial.state for case in document.cases for trial in case.trials]


def started(document: SessionDocument) -> dict[tuple[str, int], str]:
    """When each trial began: a trial that is run again begins at another time."""
    return {(case_key(case.case), trial.repeat): trial.started_at for case in document.cases for trial in case.trials}


def log_of(tmp_path: Path) -> list[list[Any]]:
    log = tmp_path / "log"
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def test_a_session_is_measured_shown_and_kept(call: Call, data: Path) -> None:
    answer = call(*SMALL)
    assert answer.code == 0
    document = stored(data)
    assert document.session.state == "complete"
    assert states(document) == ["ok"] * 4
    assert "tcp" in answer.out
    assert "pipe" in answer.out
    assert document.session.id[:8] in answer.out
    assert re.search(r"2 cases x 2 repeats, seed 7, about \d+ s to go", answer.err)
    assert "trial 4 of 4" in answer.err


def test_a_preset_runs_without_what_no_runner_offers(call: Call, data: Path) -> None:
    answer = call("run", "classic", "-s", "8", "-c", "1,2", "--items", "100", "--repeats", "1")
    assert answer.code == 0
    assert answer.err.count("left out: unix-dgram, udp: no runner here offers them") == 1
    assert {case.case.transport for case in stored(data).cases} == {"tcp", "unix-stream", "mq-posix", "pipe"}
    assert stored(data).session.plan.preset == "classic"


def test_classic_ends_with_the_classical_tables(call: Call) -> None:
    answer = call("run", "classic", "-t", "tcp", "-s", "8,16", "-c", "1,2", "--items", "100", "--repeats", "1")
    assert answer.code == 0
    assert "Messages per s of tcp split, by size and number of consumers" in answer.out
    assert "Which mechanism moves the most messages?" not in answer.out


def test_m27_the_command_makes_the_same_session_again(call: Call, data: Path) -> None:
    call("run", "-t", "tcp,pipe", "-s", "16,1k", "--items", "100", "--repeats", "1", "-P", "nodelay=0,1")
    first = stored(data)
    words = first.session.plan.command.split()
    assert words[:2] == ["queuemark", "run"]
    call(*words[1:])
    second = stored(data)
    assert second.session.id != first.session.id
    assert second.session.plan == first.session.plan
    order = [[trial.position for trial in case.trials] for case in first.cases]
    assert [[trial.position for trial in case.trials] for case in second.cases] == order


def test_m27_the_command_that_is_printed_works_from_here(call: Call, data: Path, tmp_path: Path) -> None:
    plan = tmp_path / "a place" / "plan.toml"
    plan.parent.mkdir()
    plan.write_text('transports = "tcp"\nitems = 100\nrepeats = 1\nseed = 7\n')
    answer = call("run", str(plan))
    assert answer.code == 0
    said = " ".join(answer.out.split("again: ")[1].split("in full: ")[0].split())
    again = call(*shlex.split(said)[1:])
    assert again.code == 0, again.err
    assert stored(data).session.plan.command == "queuemark run plan.toml --seed 7"
    assert str(plan) not in call("show").out


@pytest.mark.parametrize(("behave", "code"), [("ok", 0), ("failed", 4), ("not-set-up", 1)])
@pytest.mark.parametrize("more", [(), ("--json", "-")])
def test_a_reader_that_leaves_does_not_decide_the_code(
    spawn: Spawn, data: Path, behave: str, code: int, more: tuple[str, ...]
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    words = ("run", "-t", "tcp", "--items", "100", "--repeats", "1", "-P", f"behave={behave}", *more)
    with spawn(*words, stdout=writing) as process:
        os.close(writing)
        _, err = process.communicate(timeout=30)
    assert process.returncode == code, err
    assert "Broken" not in err
    assert stored(data).session.state == "complete"


@pytest.mark.parametrize("more", [(), ("--json", "-")])
def test_a_stdout_that_is_full_is_named_and_the_session_is_kept(
    spawn: Spawn, data: Path, more: tuple[str, ...]
) -> None:
    with Path("/dev/full").open("w") as full, spawn(*SMALL, *more, stdout=full) as process:
        _, err = process.communicate(timeout=30)
    session = stored(data).session
    assert process.returncode == 1
    assert err.splitlines()[-1] == (
        "queuemark: cannot write to standard output: No space left on device; "
        f"the session is kept, show it again with: queuemark show {session.id[:8]}"
    )
    assert session.state == "complete"


def test_json_on_stdout_is_the_session_and_nothing_else(call: Call, data: Path) -> None:
    answer = call(*SMALL, "--json", "-")
    assert answer.code == 0
    document = decode_session(answer.out)
    assert answer.json["schema"] == 1
    assert document.session.id == stored(data).session.id
    assert [trial["state"] for case in answer.json["cases"] for trial in case["trials"]] == ["ok"] * 4
    assert answer.json["cases"][0]["rate_per_s"]["median"] > 0
    assert "seed 7" in answer.err


def test_json_in_a_file_stands_beside_the_table(call: Call, tmp_path: Path) -> None:
    target = tmp_path / "out" / "session.json"
    target.parent.mkdir()
    answer = call(*SMALL, "--json", str(target))
    assert answer.code == 0
    assert decode_session(target.read_bytes()).session.seed == 7
    assert "tcp" in answer.out
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("target", ["missing/session.json", "."])
def test_json_that_cannot_be_written_is_said_first(call: Call, target: str, tmp_path: Path, data: Path) -> None:
    answer = call(*SMALL, "--json", str(tmp_path / target))
    assert answer.code == 1
    assert answer.err.startswith(f"queuemark: cannot write {tmp_path / target}")
    assert not data.exists()


def test_nothing_private_is_in_the_document(call: Call, tmp_path: Path, data: Path) -> None:
    own = tmp_path / "secret-place" / "own.txt"
    own.parent.mkdir()
    own.write_text("one\ntwo\n")
    answer = call("run", "-t", "tcp", "--items", "10", "--repeats", "1", "--messages", str(own), "--json", "-")
    assert answer.code == 0
    assert "secret-place" not in answer.out
    assert answer.json["cases"][0]["case"]["workload"]["messages"]["name"] == "own.txt"


def test_a_failed_trial_is_exit_4_and_the_others_are_kept(call: Call, data: Path) -> None:
    answer = call("run", "-t", "tcp", "--items", "100", "--repeats", "1", "-P", "behave=ok,killed,wrong-sum")
    assert answer.code == 4
    assert "2 of 3 trials did not prove their delivery" in answer.last_line
    assert sorted(states(stored(data))) == ["failed", "failed", "ok"]


@pytest.mark.parametrize(
    ("behave", "remedy"),
    [("not-set-up", "raise the limit of open files (ulimit -n)"), ("system-error", "mend what the system names")],
)
def test_a_trial_that_could_not_be_set_up_says_nothing_of_delivery(
    call: Call, data: Path, behave: str, remedy: str
) -> None:
    answer = call("run", "-t", "tcp", "--items", "100", "--repeats", "1", "-P", f"behave=ok,{behave}")
    assert answer.code == 1
    assert "1 of 2 trials could not be set up" in answer.last_line
    assert "open a pipe: Too many open files; " in answer.last_line
    assert remedy in answer.last_line
    assert "deliver" not in answer.last_line
    assert sorted(states(stored(data))) == ["failed", "ok"]


def test_a_delivery_that_failed_outweighs_what_was_not_set_up(call: Call) -> None:
    answer = call("run", "-t", "tcp", "--items", "100", "--repeats", "1", "-P", "behave=not-set-up,failed")
    assert answer.code == 4
    assert "1 of 2 trials did not prove their delivery" in answer.last_line
    assert "3 messages were lost" in answer.last_line


def test_what_the_runner_refuses_whole_is_a_mistake_in_the_request(call: Call, data: Path) -> None:
    answer = call("run", "-t", "tcp", "--items", "100", "--repeats", "1", "-P", "behave=refuse")
    assert answer.code == 2
    assert "a pipe of packets cannot do policy buffer; it offers each" in answer.last_line
    assert states(stored(data)) == ["unavailable"]
    assert call("run", "-t", "tcp", "--items", "100", "--repeats", "1", "-P", "behave=ok,refuse").code == 0


def test_the_remedy_is_told_with_the_reason(call: Call) -> None:
    answer = call("run", "-t", "absent", "--items", "100", "--repeats", "1")
    assert "this kernel has no absent; load the module absent" in answer.last_line


def test_an_injected_fault_is_exit_4(call: Call, data: Path) -> None:
    answer = call("run", "-t", "tcp", "--items", "100", "--repeats", "1", "--inject", "flip")
    assert answer.code == 4
    assert stored(data).session.plan.inject == "flip"


def test_what_is_unavailable_is_a_listed_result(call: Call, data: Path) -> None:
    answer = call("run", "-t", "tcp,absent", "--items", "100", "--repeats", "1")
    assert answer.code == 0
    assert sorted(states(stored(data))) == ["ok", "unavailable"]
    assert "this kernel has no absent" in answer.out


def test_nothing_available_is_exit_3(call: Call, data: Path) -> None:
    answer = call("run", "-t", "absent", "--items", "100", "--repeats", "2")
    assert answer.code == 3
    assert "nothing that was asked for could run here: absent: this kernel has no absent" in answer.last_line
    assert states(stored(data)) == ["unavailable"] * 2


def test_no_runner_is_exit_3(call: Call, monkeypatch: pytest.MonkeyPatch, data: Path) -> None:
    monkeypatch.setenv("QUEUEMARK_RUNNER", "/nowhere/runner")
    answer = call(*SMALL)
    assert answer.code == 3
    assert "there is no such executable" in answer.err
    assert not data.exists()


def test_what_is_left_out_is_said_once(call: Call) -> None:
    answer = call(
        "run", "-t", "tcp,mq-posix", "--policy", "each,buffer:4k,buffer:8k", "--items", "10", "--repeats", "2"
    )
    assert answer.code == 0
    assert answer.err.count("left out: 2 cases of mq-posix: policy buffer is not possible here") == 1


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("-s", "4Q"), "unknown unit 'Q'"),
        (("-c", "100000"), "at most 1024 consumer processes"),
        (("-t", "tpc"), "did you mean 'tcp'?"),
        (("quikc",), "did you mean 'quick'?"),
        (
            ("nosuch",),
            "unknown preset 'nosuch'; known: classic, front, python-queues, quick "
            "(a plan is a file that ends in .toml)",
        ),
        (("gone.toml",), "No such file or directory"),
        (("-s", ""), "--sizes has an empty value; give one or leave it out"),
        (("-t", ""), "--transports has an empty value"),
        (("-c", " "), "consumers ' ' is not a number"),
        (("--policy", ""), "--policy has an empty value"),
        (("--wait", ","), "unknown wait ''"),
        (("--json", ""), "--json has an empty value"),
        (("--resume", ""), "--resume has an empty value"),
        (("-P", ""), "-P '' is not NAME=VALUE"),
        (("",), "has an empty value"),
        (("/dev/null",), "plan /dev/null is empty; name what to measure"),
        (("-s", "1.."), "size '1..': the range has no end"),
        (("-s", "-1"), "size '-1' must be at least 1"),
        (("--items", "-5"), "items '-5' must be at least 1"),
        (("--repeats", "-1"), "repeats '-1' must be at least 1"),
        (("--items", "1", "--duration", "1"), "exclude each other"),
        (("-P", "nodelay"), "is not NAME=VALUE"),
        (("--resume", "-t", "tcp"), "--resume takes its plan from the session; leave --transports out"),
        (("--resume",), "no session is stored"),
        (("--resume", "abc"), "no session is stored"),
    ],
)
def test_what_cannot_be_run_is_one_line_and_exit_2(call: Call, words: tuple[str, ...], named: str) -> None:
    answer = call("run", *words)
    assert answer.code == 2
    assert answer.out == ""
    assert answer.err.count("\n") == 1
    assert named in answer.err


def test_a_data_directory_that_is_a_file(call: Call, data: Path) -> None:
    data.write_text("in the way")
    answer = call(*SMALL)
    assert answer.code == 1
    assert answer.err.startswith(f"queuemark: cannot use the data directory {data}")
    assert answer.err.count("\n") == 1


def test_a_full_disk_is_found_before_the_first_trial(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FAKE_LOG", str(tmp_path / "log"))
    monkeypatch.setattr("shutil.disk_usage", lambda path: shutil._ntuple_diskusage(10, 9, 1))  # type: ignore[attr-defined]
    answer = call(*SMALL)
    assert answer.code == 1
    assert "1 B free" in answer.last_line
    assert log_of(tmp_path) == []


def test_a_disk_that_fills_ends_the_session_and_keeps_what_it_has(
    call: Call, monkeypatch: pytest.MonkeyPatch, data: Path
) -> None:
    kept = Store.add_trial
    refuse = iter([False, False, True])

    def add_trial(store: Store, session_id: str, case: Case, trial: Trial) -> None:
        if next(refuse):
            raise QueuemarkError("cannot store repeat 1: database or disk is full; make room")
        kept(store, session_id, case, trial)

    monkeypatch.setattr(Store, "add_trial", add_trial)
    answer = call(*SMALL)
    assert answer.code == 1
    assert answer.last_line == "queuemark: cannot store repeat 1: database or disk is full; make room"
    monkeypatch.setattr(Store, "add_trial", kept)
    assert states(stored(data)) == ["ok"] * 2
    assert call("run", "--resume").code == 0
    assert states(stored(data)) == ["ok"] * 4


def test_a_limit_of_file_size_is_named(spawn: Spawn) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

    with spawn(*SMALL, preexec_fn=limit) as process:
        _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert err.endswith("run.lock: File too large; raise the limit of file size (ulimit -f)\n")


def test_a_second_run_waits_its_turn(call: Call, data: Path) -> None:
    data.mkdir()
    with (data / "run.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("4242\n")
        lock.flush()
        answer = call(*SMALL)
    assert answer.code == 1
    assert answer.err.count("\n") == 1
    assert "another run (process 4242) is measuring" in answer.err
    assert call(*SMALL).code == 0


def interrupted(spawn: Spawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *words: str, number: int) -> Answer:
    """The command, sent a signal as soon as its second trial is under way."""
    process = spawn(*words)
    _wait_for(lambda: len(log_of(tmp_path)) >= 2, process)
    began = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert time.monotonic() - began < 3.0, "the promise is three seconds"
    return Answer(code=process.returncode, out=out, err=err)


def _wait_for(happened: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 30
    while not happened():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_saves_and_resume_goes_on_without_repeating(
    spawn: Spawn,
    call: Call,
    settings: dict[str, str],
    tmp_path: Path,
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
) -> None:
    settings["FAKE_LOG"] = str(tmp_path / "log")
    words = ("run", "-t", "tcp", "-s", "1,2,4", "--duration", "0.3", "--repeats", "2", "--seed", "3", "--json", "-")
    answer = interrupted(spawn, tmp_path, monkeypatch, *words, number=number)
    assert answer.code == 130
    document = decode_session(answer.out)
    assert document.session.state == "interrupted"
    kept = len(states(document))
    assert 1 <= kept <= 2
    assert f"interrupted, {kept} of 6 trials are kept; go on with: queuemark run --resume" in answer.last_line

    resumed = call("run", "--resume", "--json", "-")
    assert resumed.code == 0
    assert f"{kept} trials done before" in resumed.err
    whole = decode_session(resumed.out)
    assert (whole.session.id, whole.session.state) == (document.session.id, "complete")
    assert states(whole) == ["ok"] * 6
    assert sorted(trial.position for case in whole.cases for trial in case.trials) == list(range(6))
    assert started(document).items() <= started(whole).items()

    again = call("run", "--resume", whole.session.id[:8])
    assert again.code == 0
    assert "is complete: nothing to resume" in again.err
    assert call("run", "--resume").code == 0


def test_a_second_ctrl_c_aborts_at_once(spawn: Spawn, settings: dict[str, str], tmp_path: Path, data: Path) -> None:
    settings["FAKE_LOG"] = str(tmp_path / "log")
    process = spawn("run", "-t", "tcp", "--duration", "30", "--repeats", "1", "-P", "behave=hang-hard")
    _wait_for(lambda: len(log_of(tmp_path)) >= 1, process)
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)  # two signals at once would be one; the first one's grace is a second
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.endswith("queuemark: interrupted\n")
    assert stored(data).session.state == "interrupted"
    assert not Path(f"/proc/{log_of(tmp_path)[0][2]}").exists()


def test_kill_9_loses_no_finished_trial(
    spawn: Spawn, call: Call, settings: dict[str, str], tmp_path: Path, data: Path
) -> None:
    settings["FAKE_LOG"] = str(tmp_path / "log")
    process = spawn("run", "-t", "tcp", "-s", "1,2,4", "--duration", "0.3", "--repeats", "1")
    _wait_for(lambda: len(log_of(tmp_path)) >= 3, process)
    process.kill()
    process.communicate(timeout=30)
    assert states(stored(data)) == ["ok"] * 2
    os.kill(log_of(tmp_path)[2][2], signal.SIGKILL)  # the pretended runner does not heed --parent
    resumed = call("run", "--resume", "--json", "-")
    assert resumed.code == 0
    assert states(decode_session(resumed.out)) == ["ok"] * 3


def test_resume_elsewhere_or_with_other_messages_is_refused(
    spawn: Spawn, call: Call, settings: dict[str, str], tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings["FAKE_LOG"] = str(tmp_path / "log")
    own = tmp_path / "own.txt"
    own.write_text("one\ntwo\n")
    words = ("run", "-t", "tcp", "-c", "1,2,4", "--duration", "0.3", "--repeats", "1", "--messages", str(own))
    assert interrupted(spawn, tmp_path, monkeypatch, *words, number=signal.SIGINT).code == 130
    own.write_text("one\ntwo\nthree\n")
    changed = call("run", "--resume")
    assert changed.code == 2
    assert "changed since session" in changed.err
    own.write_text("one\ntwo\n")
    monkeypatch.setattr("platform.release", lambda: "9.9.9")
    elsewhere = call("run", "--resume")
    assert elsewhere.code == 2
    assert "cannot go on here: release was" in elsewhere.err


def test_on_a_terminal_one_line_is_rewritten(spawn: Spawn, settings: dict[str, str]) -> None:
    settings["TERM"] = "xterm-256color"
    ours, theirs = pty.openpty()
    with spawn("run", "-t", "tcp", "-s", "1,2", "--duration", "0.3", "--repeats", "2", stderr=theirs) as process:
        os.close(theirs)
        shown = _read_all(ours)
    os.close(ours)
    assert process.returncode == 0
    assert b"\x1b[2K" in shown, "the line is erased before it is written again"
    assert b"of 4" in shown


def test_no_color_is_kept(spawn: Spawn, settings: dict[str, str]) -> None:
    settings.update(TERM="xterm-256color", NO_COLOR="1")
    ours, theirs = pty.openpty()
    words = ("run", "-t", "tcp", "--items", "10", "--repeats", "2", "-P", "behave=killed")
    with spawn(*words, stderr=theirs) as process:
        os.close(theirs)
        shown = _read_all(ours)
    os.close(ours)
    assert process.returncode == 4
    assert b"\x1b[31m" not in shown


def _read_all(terminal: int) -> bytes:
    """Until the other end is closed, which a pty tells by EIO."""
    shown = b""
    while select.select([terminal], [], [], 30)[0]:
        try:
            data = os.read(terminal, 65536)
        except OSError:
            break
        if not data:
            break
        shown += data
    return shown


def test_m16_repeats_end_when_the_interval_is_narrow_and_the_rule_is_stored(call: Call) -> None:
    answer = call("run", "-t", "tcp", "--items", "1000", "--until", "99%", "--repeats", "8", "--json", "-")
    assert answer.code == 0
    told = answer.json
    assert told["session"]["plan"]["until_percent"] == 99.0
    assert told["session"]["state"] == "complete"
    assert len(told["cases"][0]["trials"]) == 5
    assert "--until 99%" in told["session"]["plan"]["command"]
    assert "at most" in answer.err


def test_m16_a_session_that_goes_on_counts_the_trials_it_has(call: Call, data: Path) -> None:
    words = ("run", "-t", "tcp", "--items", "1000", "--until", "99%", "--repeats", "8", "--json", "-")
    session_id = call(*words).json["session"]["id"]
    with Store.open(data) as store:
        store.finish(session_id, "interrupted")
    assert len(call("run", "--resume", "--json", "-").json["cases"][0]["trials"]) == 5


def test_a_demand_that_is_unmet_ends_with_10_after_the_results(call: Call) -> None:
    words = ("run", "-t", "tcp", "--items", "1000", "--repeats", "1", "--assert", "loss<=0%")
    assert call(*words).code == 0
    answer = call(*words, "--assert", "rate>900G")
    assert answer.code == 10
    assert "Which mechanism" in answer.out
    assert "--assert" not in answer.out
    assert "queuemark: unmet: rate>900G: tcp 64 B to 1, each: rate is" in answer.err
    assert answer.last_line == "queuemark: 1 of 2 demands are unmet, see above"


def test_a_demand_that_makes_no_sense_is_refused_before_anything_runs(call: Call, data: Path) -> None:
    for demand in ("rate", "pipe: rate>1", "speed>1M"):
        answer = call("run", "-t", "tcp", "--items", "1000", "--assert", demand)
        assert (answer.code, answer.err.count("\n")) == (2, 1)
    assert "no session is stored" in call("show", "--sessions").err or not call("show", "--sessions").out.count("tcp")


def test_delivery_that_is_not_proved_comes_before_any_demand(call: Call) -> None:
    answer = call("run", "-t", "tcp", "-P", "behave=failed", "--items", "1000", "--assert", "rate>1")
    assert answer.code == 4


def test_m22_probes_surround_the_trials_and_are_kept(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_PROBES", "ok")
    words = ["run", "-t", "tcp", "--items", "10", "--repeats", "1", "--json", "-"]
    session = call(*words).json["session"]
    for probes in (session["probes_before"], session["probes_after"]):
        assert [figure["name"] for figure in probes] == ["syscall", "copy", "cache-line"]
    kept = call("export").json["session"]
    assert kept["probes_before"] == session["probes_before"]
    without = call(*words, "--no-probes").json["session"]
    assert (without["probes_before"], without["probes_after"]) == ([], [])
    assert "--no-probes" in without["plan"]["command"]
    monkeypatch.setenv("QUEUEMARK_NO_PROBES", "1")
    unasked = call(*words).json["session"]
    assert (unasked["probes_before"], unasked["probes_after"]) == ([], [])


def test_a_session_holds_what_its_transports_promise(call: Call) -> None:
    words = ["run", "-t", "tcp,pipe", "--items", "10", "--repeats", "1", "--no-probes", "--json", "-"]
    facts = call(*words).json["session"]["facts"]
    assert sorted(facts) == ["pipe", "tcp"]
    assert all(promised["lossless"] and promised["ordered"] for promised in facts.values())
    assert call("export").json["session"]["facts"] == facts


def test_a_runner_without_probes_measures_all_the_same(call: Call) -> None:
    answer = call("run", "-t", "tcp", "--items", "10", "--repeats", "1", "--json", "-")
    assert (answer.code, answer.json["session"]["probes_before"]) == (0, [])
