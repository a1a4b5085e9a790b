"""A packed session comes back as it was, with and without its histograms, judged afresh or as it was shown."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from queuemark.analysis.estimates import with_estimates
from queuemark.model.session import CaseResult, SessionDocument
from queuemark.store import packing
from queuemark.store.packing import estimated, pack, session_in, unpack
from tests.examples import document
from tests.measured import measured


@pytest.fixture
def whole() -> SessionDocument:
    """Two cases; the second one's messages have no latencies."""
    of, trials = measured("tcp", 300_000, 900)
    bare, others = measured("pipe", 500_000, 10, size_bytes=1)
    for trial in others:
        trial.latency = None
    return document((of, trials), (bare, others))


def without_latencies(results: list[CaseResult]) -> Iterator[CaseResult]:
    for result in results:
        trials = [msgspec.structs.replace(trial, latency=None) for trial in result.trials]
        yield msgspec.structs.replace(result, trials=trials)


def test_a_digest_is_of_all_that_is_in_a_session(whole: SessionDocument) -> None:
    known = pack(whole).digest
    assert pack(msgspec.convert(msgspec.to_builtins(whole), SessionDocument)).digest == known
    for field, value in (("seed", whole.session.seed + 1), ("created_at", "2026-01-02T03:04:05Z")):
        other = msgspec.structs.replace(whole, session=msgspec.structs.replace(whole.session, **{field: value}))
        assert pack(other).digest != known
    trial = whole.cases[0].trials[0]
    assert trial.latency is not None
    trial.latency = msgspec.structs.replace(trial.latency, missed=trial.latency.missed + 1)
    assert pack(whole).digest != known


def test_a_session_comes_back_as_it_was_packed(whole: SessionDocument) -> None:
    assert unpack(pack(whole)) == whole
    assert unpack(pack(with_estimates(whole))) == whole
    assert session_in(pack(whole).packed) == whole.session


def test_estimates_come_back_with_it(whole: SessionDocument) -> None:
    shown = with_estimates(whole)
    assert estimated(*pack(shown)) == shown
    assert shown.cases[0].latency is not None


def test_without_histograms_everything_else_is_there(whole: SessionDocument) -> None:
    shown = with_estimates(whole)
    found = estimated(pack(shown).packed)
    assert found is not None
    assert found.cases == list(without_latencies(shown.cases))
    assert found.cases[0].trials[0].p99_ns == 900_000


def test_estimates_of_another_version_are_not_used(whole: SessionDocument, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = pack(with_estimates(whole))
    assert estimated(*pack(whole)) is None
    monkeypatch.setattr(packing, "SUMMARY_VERSION", packing.SUMMARY_VERSION + 1)
    assert estimated(*packed) is None
    assert unpack(packed) == whole


def test_a_stored_verdict_is_judged_again(whole: SessionDocument) -> None:
    whole.cases[0].trials[0].delivered += 1
    assert unpack(pack(whole)).cases[0].trials[0].state == "failed"


def test_what_names_a_persons_files_is_not_packed(whole: SessionDocument) -> None:
    whole.session.plan = msgspec.structs.replace(whole.session.plan, messages_path="/home/somebody/messages")
    assert session_in(pack(whole).packed).plan.messages_path is None
    assert b"somebody" not in packing._decompressor().decompress(pack(whole).packed)
