"""Rates that ``queuemark run`` finds out by itself, with a runner that takes 10,000/s and loses above 6,000/s."""

from __future__ import annotations

import pytest

from queuemark.measure.schedule import staged
from queuemark.store import Store
from tests.cli.conftest import Call


@pytest.fixture(autouse=True)
def udp(settings: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_LIST", "udp")


def test_m26_the_highest_rate_without_loss_is_found_and_confirmed(call: Call) -> None:
    ended = call("run", "-t", "udp", "--max-lossless", "--duration", "50ms", "--repeats", "3")
    assert ended.code == 0, ended.err
    (found,) = [line for line in ended.out.splitlines() if line.startswith("udp 64 B to 1, each:")]
    assert "without loss, confirmed by 3 trials" in found
    assert 5_700 <= 1000 * float(found.split(": ")[1].split()[0]) <= 6_000
    assert "nothing to resume" in call("run", "--resume", "last").err


def test_the_highest_rate_with_p99_within_a_bound_is_found(call: Call) -> None:
    ended = call("run", "-t", "udp", "--p99", "50us", "--resolution", "20%", "--duration", "500ms", "--repeats", "2")
    assert ended.code == 0, ended.err
    (found,) = [line for line in ended.out.splitlines() if line.startswith("udp 64 B to 1, each:")]
    assert "with p99 within 50 us, confirmed by 2 trials" in found
    assert 2_400 <= 1000 * float(found.split(": ")[1].split()[0]) <= 3_000


def test_a_walk_ends_in_saturation(call: Call) -> None:
    ended = call("run", "-t", "udp", "--rate-sweep", "50,120", "--duration", "50ms", "--repeats", "1")
    assert ended.code == 0, ended.err
    half, over, unpaced = [line for line in ended.out.splitlines() if "  udp  " in line]
    assert "50 %" in half and "saturated" not in half
    assert "120 %" in over and "saturated" in over
    assert "saturated" not in unpaced


def test_too_few_samples_for_p99_are_said_and_end_the_search(call: Call) -> None:
    ended = call("run", "-t", "udp", "--p99", "50us", "--duration", "20ms", "--repeats", "1")
    assert ended.code == 0
    assert "too few samples: take a longer --duration" in " ".join(ended.out.split())


def test_an_interrupted_search_goes_on_where_it_stopped(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("run", "-t", "udp", "--max-lossless", "--duration", "20ms", "--repeats", "2", "--seed", "3")
    assert call(*words).code == 0
    with Store.open() as store:
        whole = store.find()
    kept = Store.add_trial

    def fails(self: Store, session_id: str, of: object, trial: object) -> None:
        if len(self.done(session_id)) == 4:
            raise KeyboardInterrupt
        kept(self, session_id, of, trial)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(Store, "add_trial", fails)
        assert call(*words).code == 130
    assert call("run", "--resume").code == 0
    with Store.open() as store:
        again = store.find()
        assert again.id != whole.id
        assert again.plan.cases == whole.plan.cases
        assert again.plan.stages == whole.plan.stages
        assert len(store.done(again.id)) == len(staged(again.plan))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--max-lossless", "--p99", "50us"], "--max-lossless and --p99 are searches of their own"),
        (["--rate-sweep", "10,x"], "rate-sweep 'x' is not a number of percent"),
        (["--rate-sweep", "0,50"], "shares of the ceiling above 0 %"),
        (["--rate-sweep", "50", "--rate", "10k"], "leave --rate out"),
        (["--p99", "fast"], "p99 'fast' is not a duration"),
        (["--p99", "50us", "--resolution", "0.1%"], "is not from 0.5 % to 100 %"),
        (["--resolution", "2%"], "--resolution is for a search"),
        (["--rate-sweep", "50", "--resolution", "2%"], "--resolution is for a search"),
        (["--max-lossless", "--print-plan"], "a plan file holds no search"),
    ],
)
def test_what_cannot_be_searched_is_said_in_one_line(call: Call, words: list[str], said: str) -> None:
    ended = call("run", "-t", "udp", *words)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.last_line


def test_a_session_that_goes_on_takes_its_search_from_itself(call: Call) -> None:
    ended = call("run", "--resume", "last", "--max-lossless")
    assert (ended.code, ended.out) == (2, "")
    assert "leave --max-lossless out" in ended.last_line


def test_m26_a_transport_that_loses_nothing_is_left_out_of_the_search(call: Call) -> None:
    ended = call("run", "-t", "tcp", "--max-lossless")
    assert ended.code == 2
    assert "tcp: it loses nothing" in ended.last_line
    ended = call("run", "-t", "tcp,udp", "--max-lossless", "--duration", "20ms", "--repeats", "1")
    assert ended.code == 0
    assert "left out: 1 case of tcp: it loses nothing" in ended.err
