"""A runner that breaks a promise is told which, in words; everything else that it does is still tried."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from queuemark.brokers.kept import Kept
from queuemark.conform.check import Finding
from queuemark.conform.suite import CHECKS, finding_of
from queuemark.runners.python.catalogue import VARIABLE as TRANSPORTS
from queuemark.runners.registry import NATIVE_NAME, Offer, survey
from queuemark.runners.stop import Stop

LIAR = """#!{python}
# Performs what it is asked for, by another runner, and changes what that one says.
import subprocess, sys
words = sys.argv[1:]
if "--parent" in words:  # that is this process's parent, not its child's
    place = words.index("--parent")
    del words[place : place + 2]
said = subprocess.run([{runner!r}, *words], capture_output=True)
out, err, code = said.stdout.decode(), said.stderr.decode(), said.returncode
{lie}
sys.stdout.write(out)
sys.stderr.write(err)
sys.exit(code)
"""

LIES = {
    "a message that is dropped on its way is found and named": (
        "out = out.replace('\"state\":\"failed\"', '\"state\":\"ok\"').replace('1 lost', ''); code = 0",
        "the laboratory noticed the fault, and not the runner",
    ),
    "a trial that is called ok proves its delivery, to two consumers": (
        "out = out.replace('\"delivered\":', '\"delivered\":1')",
        "contradicts itself",
    ),
    "what cannot be understood is refused in one line, with exit code 2": (
        "code = 1 if code == 2 else code",
        "a size of zero: it ended with exit code 1",
    ),
    "a message above the largest is refused, and the largest is named": (
        "err = err and 'no\\n'",
        "does not say that the largest message has",
    ),
    "a file of messages that cannot be used is named": ("err = err and 'cannot read it\\n'", "is not named"),
    "a duration is kept": (
        'out = out.replace(\'"run_id":"conform\', \'"run_id":"another\')',
        "answered for run",
    ),
    "SIGTERM and SIGINT end the whole tree, with exit code 130": ("", "it was not ready within"),
    "no paced message is sent before it is due, and each has a latency": (
        'out = __import__(\'re\').sub(r\'"latency":.*?,"progress"\', \'"latency":null,"progress"\', out)',
        "each of 200 paced messages has a latency, 0 samples are told",
    ),
}


def native_pipe() -> Offer:
    found = next((offer for offer in survey().offers if offer.transport.name == "pipe"), None)
    if found is None or not found.transport.available or not found.command[0].endswith(NATIVE_NAME):
        pytest.skip("no native runner with pipes is here")
    return found


def lying(tmp_path: Path, lie: str) -> Offer:
    honest = native_pipe()
    liar = tmp_path / "liar"
    liar.write_text(LIAR.format(python=sys.executable, runner=honest.command[0], lie=lie))
    liar.chmod(liar.stat().st_mode | stat.S_IXUSR)
    return Offer(transport=honest.transport, command=(str(liar),))


def found_of(promise: str, offer: Offer) -> Finding:
    [check] = [check for check in CHECKS if check.promise == promise]
    with Stop() as stop:
        return finding_of(check, offer, stop, Kept())


@pytest.mark.parametrize("promise", LIES)
def test_a_broken_promise_is_told_in_words(promise: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("queuemark.conform.endings._READY_WITHIN_S", 0.6)
    lie, named = LIES[promise]
    finding = found_of(promise, lying(tmp_path, lie))
    assert finding.state == "broken"
    assert named in finding.words


def test_a_runner_that_tells_the_truth_through_another_is_believed(tmp_path: Path) -> None:
    promise = "messages of every size arrive, from 1 byte to 1 MiB or the largest"
    assert found_of(promise, lying(tmp_path, "")).state == "kept"


def test_what_a_transport_does_not_offer_is_not_tried(tmp_path: Path) -> None:
    finding = found_of("in a fan-out every consumer gets every message", lying(tmp_path, ""))
    assert (finding.state, finding.words) == ("not here", "it offers no fan-out")


LACK = """
if {choice!r} in words:
    result = __import__("json").loads(out.splitlines()[-1])
    result.update(state="unavailable", reason="none here", remedy={remedy!r})
    out, err, code = __import__("json").dumps(result) + "\\n", "", 3
"""


@pytest.mark.parametrize(
    ("choice", "remedy", "state"),
    [
        ("mode=packet", "install it", "kept"),
        ("mode=packet", None, "broken"),
        ("mode=auto", "install it", "broken"),
    ],
)
def test_a_choice_may_be_lacking_here_with_a_remedy_and_the_default_may_not(
    choice: str, remedy: str | None, state: str, tmp_path: Path
) -> None:
    promise = "every parameter works at its lowest, and with each of its choices that can be had here"
    finding = found_of(promise, lying(tmp_path, LACK.format(choice=choice, remedy=remedy)))
    assert finding.state == state, finding.words
    assert state == "kept" or "unavailable: none here" in finding.words


FORGETFUL = """
from queuemark.runners.python.transports.simple_queue import SimpleQueue

class Forgetful(SimpleQueue):
    name = "forgetful"
    def open_producer(self):
        put, self.count = self.queue.put, 0
        def send(message):
            self.count += 1
            if self.count % 1000 or not message:
                put(message)
        return [send]
"""


def test_one_message_in_a_thousand_is_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "forgetful.py").write_text(FORGETFUL)
    monkeypatch.setenv(TRANSPORTS, f"{tmp_path / 'forgetful.py'}:Forgetful")
    [offer] = [offer for offer in survey({}).offers if offer.transport.name == "forgetful"]
    finding = found_of("a trial that is called ok proves its delivery, to two consumers", offer)
    assert finding.state == "broken"
    assert "2 lost of 2500 messages" in finding.words
