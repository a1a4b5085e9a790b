"""The kernel only pretends: a call returns success and did nothing. The check must not trust the sender's books.

``strace -e inject`` makes the call return what is asked for without performing it. Whatever it was, the trial must
end as not proved: never ok, never later than its stall limit.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import pytest

from queuemark.model.events import Ready, Result, decode_event
from queuemark.runners.registry import Offer
from tests.conformance.runs import (
    OFFERS,
    Load,
    Run,
    assert_kept_contract,
    assert_proved,
    offer_of,
    run_load,
    trial_command,
)

ITEMS = 60
SIZE = 16
STALL_S = 0.6


@dataclass(frozen=True)
class Calls:
    """The system calls of a transport's two ends.

    frame_bytes: a message of SIZE as one call. first: which of the sends carries the first message behind the
    probes. sent: what a send of a whole message returns; request, reply: of these, where they have other frames.
    behind: bytes that follow a message in its frame. mark: whether the end is an empty message.
    """

    send: str
    receive: str
    frame_bytes: int
    first: int
    sent: int
    boundaries: bool = False
    mark: bool = False
    request: int | None = None
    reply: int | None = None
    behind: int = 0


# Of a pipe the producer's writes to its parent count, too: one after the probe, one when the window opens.
CALLS = {
    "tcp": Calls("sendto", "recvfrom", SIZE + 4, first=2, sent=SIZE + 4),
    "udp": Calls("sendto", "recvfrom", SIZE, first=2, sent=SIZE, boundaries=True),
    "unix-stream": Calls("sendto", "recvfrom", SIZE + 4, first=2, sent=SIZE + 4),
    "unix-seqpacket": Calls("sendto", "recvfrom", SIZE, first=2, sent=SIZE, boundaries=True),
    "unix-dgram": Calls("sendto", "recvfrom", SIZE, first=2, sent=SIZE, boundaries=True, mark=True),
    # PUB, a subject of 11 letters and the size before the message, the end of a line behind it; in a request a subject
    # of 13 letters and that of its reply, which has 18.
    "nats": Calls(
        "sendto",
        "recvfrom",
        SIZE + 22,
        first=2,
        sent=SIZE + 22,
        request=SIZE + 22 + 2 + 19,
        reply=SIZE + 22 + 7,
        behind=2,
    ),
    "pipe": Calls("write", "read", SIZE, first=4, sent=SIZE),
    "mq-posix": Calls("mq_timedsend", "mq_timedreceive", SIZE, first=2, sent=0, boundaries=True, mark=True),
}

IN_PLACE = {"shm-ring"}
"""No call carries a message there; what there is to pretend is at the end of this file."""

# PUB, subjects of 14 and of 17 letters for the message and for the answer, the size; the end of a line behind.
STORED = {"nats-js": Calls("sendto", "recvfrom", SIZE + 43, first=2, sent=SIZE + 43)}
"""Each message is answered before the next, and a consumer's calls carry requests; at the end of this file, too."""


@cache
def refusal() -> str | None:
    """Why calls cannot be pretended here, or None."""
    if shutil.which("strace") is None:
        return "strace is not installed (apt-get install strace)"
    tried = subprocess.run(["strace", "-f", "-o", "/dev/null", "true"], capture_output=True, check=False)
    return None if tried.returncode == 0 else f"ptrace is not permitted here: {tried.stderr.decode().strip()}"


def possible(name: str) -> Offer:
    """The transport of that name, where it is available and its calls can be pretended."""
    found = offer_of(name)
    if found is None or not found.transport.available:
        pytest.skip(f"{name} is unavailable here")
    if (reason := refusal()) is not None:
        pytest.skip(reason)
    return found


@pytest.fixture(params=CALLS)
def offer(request: pytest.FixtureRequest) -> Offer:
    return possible(request.param)


@pytest.fixture
def ring() -> Offer:
    return possible("shm-ring")


@pytest.fixture
def calls(offer: Offer) -> Calls:
    return CALLS[offer.transport.name]


def run_pretending(offer: Offer, load: Load, call: str, what: str, when: int | str) -> Run:
    """One trial in which the when-th such call of each process (``1+``: every one) has its pretended result."""
    inject = f"inject={call}:{what}:when={when}"
    before = ("strace", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", inject)
    return run_load(offer, load, before=before)


def run_attached(offer: Offer, load: Load, whose: Callable[[Ready], int], call: str, what: str) -> Result:
    """One trial in which such calls of one of its workers have pretended results, from early in its traffic on."""
    command = [*trial_command(offer, load.params), "--run-id", "test-attached", *load.words()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as runner:
        assert runner.stdout is not None
        ready = decode_event(runner.stdout.readline())
        assert isinstance(ready, Ready)
        attach = ["strace", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:{what}"]
        watching = subprocess.run([*attach, "-p", str(whose(ready))], capture_output=True, check=False)
        rest, _ = runner.communicate(timeout=30)
    result = decode_event(rest.splitlines()[-1])
    assert isinstance(result, Result), watching
    assert runner.returncode == {"ok": 0, "failed": 4}[result.state], (result, watching)
    return result


def loaded(consumers: int = 1, policy: str = "each", **params: int) -> Load:
    return Load(size=SIZE, consumers=consumers, items=ITEMS, policy=policy, params=params, more={"stall": STALL_S})


def assert_not_proved(offer: Offer, run: Run) -> None:
    """A transport that may lose has to count what was lost or came twice; everything else is a failure."""
    result = assert_kept_contract(run)
    if not offer.transport.facts.lossless and result.state == "ok":
        assert result.sent == result.delivered + result.lost
        assert result.lost + result.duplicated == 1, run
        return
    assert (result.state, run.exit_code) == ("failed", 4), run
    assert result.reason


def test_every_native_transport_has_its_calls_named_here() -> None:
    native = {offer.transport.name for offer in OFFERS if offer.transport.runtime == "native"}
    assert native <= CALLS.keys() | IN_PLACE | STORED.keys()


def test_nothing_is_found_where_nothing_is_pretended(offer: Offer, calls: Calls) -> None:
    """The watching itself changes nothing: the calls are the named ones, and they are counted right."""
    load = loaded()
    run = run_pretending(offer, load, calls.send, "delay_exit=1", 2)
    assert_proved(offer, load, run)


@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_m01_m05_a_pretended_send(offer: Offer, calls: Calls, place: str) -> None:
    when = calls.first + {"first": 0, "middle": ITEMS // 2, "last": ITEMS - 1}[place]
    assert_not_proved(offer, run_pretending(offer, loaded(), calls.send, f"retval={calls.sent}", when))


def test_a_pretended_probe(offer: Offer, calls: Calls) -> None:
    run = run_pretending(offer, loaded(), calls.send, f"retval={calls.sent}", 1)
    # Of a pipe the first write of the parent is an event, which is lost here as well.
    assert run.exit_code == 4, run


def test_a_pretended_send_to_one_of_four_consumers(offer: Offer, calls: Calls) -> None:
    dealing = offer.transport.facts.dispatches[0] == "deal"
    load = loaded(consumers=4, **({"deal_items": 1} if dealing else {}))
    # Four probes where there are four streams.
    first = calls.first + 3 * dealing
    for when in (first, first + ITEMS // 2, first + ITEMS - 1):
        assert_not_proved(offer, run_pretending(offer, load, calls.send, f"retval={calls.sent}", when))


def test_a_pretended_half_of_a_split_message(offer: Offer, calls: Calls) -> None:
    if "split" not in offer.transport.facts.policies:
        pytest.skip(f"{offer.transport.name} has no split")
    for half, size_bytes in ((0, 4), (1, SIZE)):
        for message in (0, ITEMS // 2, ITEMS - 1):
            when = 2 * calls.first - 1 + 2 * message + half
            run = run_pretending(offer, loaded(policy="split"), calls.send, f"retval={size_bytes}", when)
            assert_not_proved(offer, run)


def test_a_pretended_flush_of_a_buffer(offer: Offer, calls: Calls) -> None:
    if "buffer" not in offer.transport.facts.policies:
        pytest.skip(f"{offer.transport.name} has no buffer")
    load = loaded(policy=f"buffer:{10 * calls.frame_bytes}")
    for flush in (0, ITEMS // 20, ITEMS // 10 - 1):
        what = f"retval={10 * calls.frame_bytes}"
        assert_not_proved(offer, run_pretending(offer, load, calls.send, what, calls.first + flush))


def test_a_send_that_claims_more_than_it_did(offer: Offer, calls: Calls) -> None:
    """Some of a message's bytes vanish."""
    if calls.boundaries:
        pytest.skip(f"{offer.transport.name} sends whole messages")
    for pretended in (1, calls.frame_bytes - 1):
        run = run_pretending(offer, loaded(), calls.send, f"retval={pretended}", calls.first + ITEMS // 2)
        assert_not_proved(offer, run)


@pytest.mark.parametrize("consumers", [1, 4])
def test_a_pretended_end_mark(offer: Offer, calls: Calls, consumers: int) -> None:
    if not calls.mark:
        pytest.skip(f"{offer.transport.name} ends by being closed")
    for mark in range(consumers):
        when = calls.first + ITEMS + mark
        assert_not_proved(offer, run_pretending(offer, loaded(consumers), calls.send, "retval=0", when))


def test_a_pretended_shutdown_loses_nothing(offer: Offer, calls: Calls) -> None:
    """The kernel closes the sockets of a producer that has ended: the end comes all the same."""
    if calls.send != "sendto" or calls.mark or not offer.transport.facts.lossless:
        pytest.skip(f"{offer.transport.name} is not shut down")
    load = loaded(consumers=4)
    assert_proved(offer, load, run_pretending(offer, load, "shutdown", "retval=0", 1))


# The loader and the parent read as well, 20 times at the most, so no earlier read of a consumer is pretended.
@pytest.mark.parametrize("when", [25, ITEMS])
@pytest.mark.parametrize("share", [0, 1, SIZE])
def test_m02_a_pretended_receive(offer: Offer, calls: Calls, share: int, when: int) -> None:
    """Of no bytes (which is the end), of some, and of a whole message, while nothing was read."""
    whole = share == SIZE
    load = loaded(**({} if calls.boundaries else {"read_bytes": 1}))
    retval = calls.frame_bytes if whole else share
    # A receive takes as many bytes as were asked for, not more: here those of a message without its framing.
    assert_not_proved(offer, run_pretending(offer, load, calls.receive, f"retval={min(retval, SIZE)}", when))


def test_a_pretended_first_receive(offer: Offer, calls: Calls) -> None:
    if calls.receive == "read":
        pytest.skip("the loader's own first read would be pretended, too")
    for size, consumers in ((1, 1), (1, 4), (SIZE, 1)):
        # A repetition before the window, which is what this looks like in one byte, is allowed to UDP.
        for retval in (0, size) if size == SIZE or offer.transport.facts.lossless else (0,):
            load = Load(size=size, consumers=consumers, items=ITEMS, more={"stall": STALL_S})
            assert_not_proved(offer, run_pretending(offer, load, calls.receive, f"retval={retval}", 1))


@pytest.mark.parametrize("phase", ["warm-up", "window"])
def test_a_pretended_end_at_one_of_four_consumers(offer: Offer, calls: Calls, phase: str) -> None:
    """Where consumers compete the others take what it leaves; yet one that left early was no consumer."""
    # From the time when strace has attached itself on, which is early in the phase that lasts long.
    warmup, duration = (0.8, 0.2) if phase == "warm-up" else (0.001, 1)
    load = Load(size=SIZE, consumers=4, items=None, warmup=warmup, more={"duration": duration, "stall": STALL_S})
    result = run_attached(offer, load, lambda ready: ready.consumer_pids[1], calls.receive, "retval=0:when=20")
    assert result.state == "failed", result


def test_a_pretended_end_mark_received_as_a_message(offer: Offer, calls: Calls) -> None:
    """The last receive of a consumer says that a message came, where there was the end."""
    if calls.receive == "recvfrom" and not calls.boundaries:
        pytest.skip("how many receives a byte stream takes is not known beforehand")
    load = loaded(**({} if calls.boundaries else {"read_bytes": 1}))
    assert_not_proved(offer, run_pretending(offer, load, calls.receive, f"retval={SIZE}", ITEMS + 2))


@pytest.mark.parametrize("error", ["ENOBUFS", "EMSGSIZE", "EPIPE", "EBADF", "EIO"])
def test_m05_a_failed_send_fails_the_trial_and_is_not_counted(offer: Offer, calls: Calls, error: str) -> None:
    run = run_pretending(offer, loaded(), calls.send, f"error={error}", calls.first + 20)
    assert_not_proved(offer, run)
    assert run.result.sent == 20
    assert "the producer failed after 20 messages" in (run.result.reason or "")


@pytest.mark.parametrize("error", ["EIO", "EBADF"])
def test_m05_a_failed_receive_fails_the_trial(offer: Offer, calls: Calls, error: str) -> None:
    load = loaded(**({} if calls.boundaries else {"read_bytes": 1}))
    run = run_pretending(offer, load, calls.receive, f"error={error}", 30)
    assert_not_proved(offer, run)
    assert "consumer 0 failed" in (run.result.reason or "")


@pytest.mark.parametrize("error", ["EINTR", "EAGAIN"])
def test_a_call_that_is_to_be_made_again_is_made_again(offer: Offer, calls: Calls, error: str) -> None:
    load = loaded(**({} if calls.boundaries else {"read_bytes": 1}))
    for call, when in ((calls.send, calls.first + 20), (calls.receive, 30)):
        assert_proved(offer, load, run_pretending(offer, load, call, f"error={error}", when))


def test_m07_a_late_start_does_not_shorten_the_window(offer: Offer, calls: Calls) -> None:
    """The producer loses its cpu between saying that the window opens and opening it."""
    load = Load(items=None, more={"duration": "0.1"})
    # The producer's write that says so; of a pipe the probe was one, too.
    when = 3 if calls.send == "write" else 2
    result = assert_proved(offer, load, run_pretending(offer, load, "write", "delay_exit=60000", when))
    assert result.window_ns >= 100_000_000


# ---- requests and replies: both ends make both calls


def asking() -> Load:
    return Load(size=SIZE, pattern="pingpong", items=None, more={"duration": 1, "stall": STALL_S})


def whose(end: str) -> Callable[[Ready], int]:
    return lambda ready: ready.producer_pid if end == "producer" else ready.consumer_pids[0]


@pytest.mark.parametrize("end", ["producer", "consumer"])
def test_m05_a_request_or_a_reply_that_is_only_pretended(offer: Offer, calls: Calls, end: str) -> None:
    """Nothing goes out, and what was to come of it is waited for in vain."""
    sent = (calls.request if end == "producer" else calls.reply) or calls.sent
    result = run_attached(offer, asking(), whose(end), calls.send, f"retval={sent}:when=20")
    assert result.state == "failed"
    assert "waits for a reply" in (result.reason or ""), result


@pytest.mark.parametrize("share", [0, SIZE])
@pytest.mark.parametrize("end", ["producer", "consumer"])
def test_m02_a_pretended_receive_of_a_request_or_a_reply(offer: Offer, calls: Calls, end: str, share: int) -> None:
    """Of the end, and of a message that is what lay in the buffer before."""
    retval = calls.frame_bytes if share else 0
    result = run_attached(offer, asking(), whose(end), calls.receive, f"retval={retval}:when=20")
    repeated = share and end == "consumer" and not offer.transport.facts.lossless
    assert (result.state, result.duplicated) == (("ok", 1) if repeated else ("failed", result.duplicated)), result


@pytest.mark.parametrize("error", ["EINTR", "EAGAIN"])
@pytest.mark.parametrize("end", ["producer", "consumer"])
def test_requests_and_replies_are_tried_again(offer: Offer, calls: Calls, end: str, error: str) -> None:
    for call in (calls.send, calls.receive):
        result = run_attached(offer, asking(), whose(end), call, f"error={error}:when=20+7")
        assert result.state == "ok", result


# ---- in place: the calls are those of sleeping and waking


def handing_over(items: int | None = ITEMS, **more: object) -> Load:
    """On one cpu, through a ring of one slot: each end sleeps until the other has moved."""
    params = {"slots": 1}
    return Load(size=SIZE, items=items, placement="same", params=params, more={"stall": STALL_S, **more})


def test_sleeps_that_are_only_pretended_change_nothing(ring: Offer) -> None:
    """Nobody sleeps and nobody is woken; who is back from sleep looks again whatever the call has said."""
    assert_proved(ring, handing_over(), run_pretending(ring, handing_over(), "futex", "retval=1", "1+"))


@pytest.mark.parametrize("consumer_wakes", [True, False])
def test_m01_a_lost_wake_up_is_a_stall_and_never_a_success(ring: Offer, consumer_wakes: bool) -> None:
    """One end only pretends to sleep and to wake; the other one sleeps for good."""
    load = handing_over(items=None, duration=1)
    result = run_attached(
        ring,
        load,
        lambda ready: ready.consumer_pids[0] if consumer_wakes else ready.producer_pid,
        "futex",
        "retval=1:when=1+",
    )
    assert result.state == "failed"
    assert "stalled: nothing moved" in (result.reason or "")


@pytest.mark.parametrize("when", [4, 9])
def test_m05_a_refused_sleep_or_wake_up_fails_the_trial(ring: Offer, when: int) -> None:
    run = run_pretending(ring, handing_over(), "futex", "error=EPERM", when)
    assert_not_proved(ring, run)
    assert "the other end of the ring" in (run.result.reason or "")


def test_memory_that_is_refused_makes_the_ring_unavailable(ring: Offer) -> None:
    run = run_pretending(ring, handing_over(), "memfd_create", "error=EPERM", "1+")
    assert (run.exit_code, run.result.state) == (3, "unavailable")
    assert "memfd_create" in (run.result.reason or "")
    assert "filter of system calls" in (run.result.remedy or "")


# ---- stored: the producer takes an answer to each message


@pytest.fixture(params=STORED)
def storing(request: pytest.FixtureRequest) -> Offer:
    return possible(request.param)


def storing_each() -> Load:
    """The answer to each message is received before the next."""
    return Load(size=SIZE, items=None, more={"ack": "each", "duration": 0.5, "rate": 500, "stall": STALL_S})


def test_m01_m05_a_message_that_was_only_pretended_to_be_stored(storing: Offer) -> None:
    """Its answer is waited for in vain."""
    calls = STORED[storing.transport.name]
    result = run_attached(storing, storing_each(), whose("producer"), calls.send, f"retval={calls.sent}:when=20")
    assert result.state == "failed"
    assert "stalled" in (result.reason or "")


def test_m05_a_message_that_could_not_be_sent_is_not_stored(storing: Offer) -> None:
    calls = STORED[storing.transport.name]
    result = run_attached(storing, storing_each(), whose("producer"), calls.send, "error=EPIPE:when=20")
    assert result.state == "failed"
    assert f"the producer failed after {result.sent} messages" in (result.reason or "")


@pytest.mark.parametrize("retval", [0, SIZE])
@pytest.mark.parametrize("end", ["producer", "consumer"])
def test_m02_a_pretended_receive_of_what_is_stored(storing: Offer, end: str, retval: int) -> None:
    """Of the end, and of what lay in the buffer before; by a consumer of messages, by the producer of answers."""
    load = storing_each()
    result = run_attached(storing, load, whose(end), STORED[storing.transport.name].receive, f"retval={retval}:when=20")
    assert result.state == "failed", result


@pytest.mark.parametrize("error", ["EINTR", "EAGAIN"])
@pytest.mark.parametrize("end", ["producer", "consumer"])
def test_storing_and_pulling_are_tried_again(storing: Offer, end: str, error: str) -> None:
    load = storing_each()
    for call in ("sendto", "recvfrom"):
        result = run_attached(storing, load, whose(end), call, f"error={error}:when=20+7")
        assert result.state == "ok", result
