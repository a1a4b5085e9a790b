"""What is said of a machine that changed while it was measured."""

from __future__ import annotations

from queuemark.analysis.estimates import with_estimates
from queuemark.model.probe import Probe
from queuemark.views.rates import rates_text
from tests.examples import case, document, trial


def figure(value: float) -> Probe:
    return Probe(name="syscall", unit="ns", value=value, low=value, high=value, samples=5)


def test_m22_a_drift_is_said_under_the_table() -> None:
    held = with_estimates(document((case(), [trial(case())])))
    held.session.probes_before, held.session.probes_after = [figure(100.0)], [figure(101.0)]
    assert "the machine changed" not in rates_text(held, None)
    held.session.probes_after = [figure(150.0)]
    assert "behind it the probes found syscall 50 % slower" in rates_text(held, None)
