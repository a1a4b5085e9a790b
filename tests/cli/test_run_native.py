"""The native runner under the caller's own checks: what it calls ok is believed, what it catches is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from queuemark.analysis.estimates import with_estimates
from queuemark.analysis.plausibility import faults
from queuemark.model.session import decode_session
from queuemark.runners.registry import NATIVE_NAME, Offer, survey

from .conftest import Call


@pytest.fixture
def native(settings: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> list[Offer]:
    monkeypatch.delenv("QUEUEMARK_RUNNER")
    found = survey()
    if found.troubles:
        pytest.skip(f"{NATIVE_NAME} is missing: {found.troubles[0].reason}")
    return [offer for offer in found.offers if offer.transport.runtime == "native"]


def test_m01_every_transport_is_conserved_under_both_checks(native: list[Offer], call: Call) -> None:
    names = [offer.transport.name for offer in native if offer.transport.available]
    words = ("-s", "1,64,4096", "-c", "1,4", "--policy", "each,buffer:4k", "--items", "2k", "--repeats", "1")
    answer = call("run", "-t", ",".join(names), *words, "--json", "-")
    assert answer.code == 0, answer.err
    trials = [trial for case in answer.json["cases"] for trial in case["trials"]]
    assert {trial["state"] for trial in trials} == {"ok"}
    assert {(trial["sent"], trial["delivered"] + trial["lost"]) for trial in trials} == {(2000, 2000)}
    assert all(trial["checked"] == trial["delivered"] for trial in trials)
    lossless = {offer.transport.name for offer in native if offer.transport.facts.lossless}
    kept = [case["trials"] for case in answer.json["cases"] if case["case"]["transport"] in lossless]
    assert not any(trial["lost"] for trials in kept for trial in trials)
    assert {case["case"]["transport"] for case in answer.json["cases"]} == set(names)


def test_m01_every_fan_out_vector_and_wait_is_conserved_under_both_checks(native: list[Offer], call: Call) -> None:
    offered = {offer.transport.name: offer.transport.facts for offer in native if offer.transport.available}
    axes = ("--pattern", "share,fanout", "--policy", "each,vector:9", "--wait", "block,spin-then-block")
    words = ("-t", ",".join(offered), "-s", "64", "-c", "1,3", *axes, "--items", "2k", "--repeats", "1")
    answer = call("run", *words, "--json", "-")
    assert answer.code == 0, answer.err
    fanned = [case for case in answer.json["cases"] if case["case"]["workload"]["pattern"] == "fanout"]
    assert {case["case"]["transport"] for case in fanned} == {
        name for name, facts in offered.items() if "fanout" in facts.patterns
    }
    for case in answer.json["cases"]:
        copies = case["case"]["workload"]["consumers"] if case in fanned else 1
        (trial,) = case["trials"]
        assert (trial["state"], trial["sent"]) == ("ok", 2000)
        assert trial["delivered"] + trial["lost"] == 2000 * copies
        assert case not in fanned or {consumer["dealt"] for consumer in trial["consumers"]} == {2000}


@pytest.mark.parametrize(
    "words",
    [
        ("--pattern", "share,fanout", "-c", "1,3", "--items", "1k"),
        ("--pattern", "pingpong", "-c", "2", "--items", "200"),
        ("-c", "1", "--rate", "20k", "--duration", "100ms"),
        ("-c", "2", "-s", "16,64:70%,1k:30%", "--items", "1k"),
        ("-c", "2", "--items", "1k", "--inject", "flip", "--stall", "1s"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_what_is_measured_here_is_never_disputed(native: list[Offer], call: Call, words: tuple[str, ...]) -> None:
    names = ",".join(offer.transport.name for offer in native if offer.transport.available)
    answer = call("run", "-t", names, "--repeats", "1", "--no-probes", *words, "--json", "-")
    assert answer.code in (0, 4), answer.err
    assert faults(with_estimates(decode_session(answer.out))) == []


def test_own_messages_are_counted_alike_on_both_sides(native: list[Offer], call: Call, tmp_path: Path) -> None:
    (tmp_path / "own").write_bytes(b"short\r\n\r\n\na longer line\nlast without an end")
    answer = call("run", "--messages", str(tmp_path / "own"), "--items", "1k", "--repeats", "1", "--json", "-")
    assert answer.code == 0, answer.err
    assert {trial["state"] for case in answer.json["cases"] for trial in case["trials"]} == {"ok"}


def test_a_mix_is_told_and_shown_as_it_was_asked_for(native: list[Offer], call: Call) -> None:
    words = ("-t", "tcp,pipe", "-s", "16,1k:30%,64:70%", "-c", "1,2", "--items", "20k", "--repeats", "1")
    answer = call("run", *words, "--json", "-")
    assert answer.code == 0, answer.err
    mixed = [case for case in answer.json["cases"] if case["case"]["workload"]["mix"]]
    assert len(mixed) == 4
    for case in mixed:
        assert case["case"]["workload"]["size_bytes"] == 1024
        assert case["trials"][0]["message_bytes"] == 20_000 * (0.3 * 1024 + 0.7 * 64)
    shown = call("show")
    assert "64:70%,1k:30%: 352 B on average" in shown.out
    assert "16 B" in shown.out
    again = call("run", *words, "--print-plan")
    assert 'sizes = [16, "1k:30%,64:70%"]' in again.out


@pytest.mark.parametrize("fault", ["flip", "drop", "duplicate"])
def test_m02_one_fault_is_caught_and_told(native: list[Offer], call: Call, fault: str) -> None:
    words = ("-t", "tcp", "-c", "2", "--items", "2k", "--repeats", "1", "--inject", fault)
    answer = call("run", *words, "--json", "-")
    assert answer.code == 4
    ((trial,),) = [case["trials"] for case in answer.json["cases"]]
    assert trial["state"] == "failed"
    assert trial["injected"]["fault"] == fault
    assert trial["rate_per_s"] is None
    wrong = {"flip": "corrupted", "drop": "lost", "duplicate": "duplicated"}[fault]
    assert trial[wrong] == 1


def test_the_duration_is_kept(native: list[Offer], call: Call) -> None:
    answer = call("run", "-t", "pipe", "--duration", "50ms", "--repeats", "1", "--json", "-")
    assert answer.code == 0, answer.err
    ((trial,),) = [case["trials"] for case in answer.json["cases"]]
    assert trial["window_ns"] >= 45_000_000
