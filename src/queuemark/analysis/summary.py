"""What the record lists a session's cases by, from their estimates."""

from __future__ import annotations

__all__ = ["summaries"]

from queuemark.model.plan import case_key
from queuemark.model.session import CaseResult, SessionDocument
from queuemark.model.summary import CaseState, CaseSummary


def summaries(document: SessionDocument) -> list[CaseSummary]:
    """One a case, in the document's order; document: with estimates."""
    return [_summary(ordinal, result) for ordinal, result in enumerate(document.cases)]


def _summary(ordinal: int, result: CaseResult) -> CaseSummary:
    load, rate, limit = result.case.workload, result.rate_per_s, result.limit
    p99 = result.latency.p99_ns if result.latency else None
    return CaseSummary(
        key=case_key(result.case),
        ordinal=ordinal,
        transport=result.case.transport,
        runtime=result.case.runtime,
        pattern=load.pattern,
        policy=load.policy,
        size_bytes=load.size_bytes,
        consumers=load.consumers,
        offered_per_s=load.rate_per_s,
        state=_state(result),
        trials=len(result.trials),
        median_per_s=rate.median if rate else None,
        low_per_s=rate.low if rate else None,
        high_per_s=rate.high if rate else None,
        limit_share=limit.share if limit else None,
        beyond=limit is not None and limit.beyond,
        bound_by=limit.bound_by if limit else None,
        p99_ns=p99.value_ns if p99 else None,
    )


def _state(result: CaseResult) -> CaseState:
    states = {trial.state for trial in result.trials}
    if "failed" in states:
        return "failed"
    if any(trial.state == "ok" and not trial.proved for trial in result.trials):
        return "unproved"
    return "ok" if "ok" in states else "unavailable"
