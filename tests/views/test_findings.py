"""What was found, for people: the worst first, the remedies below, and one line under a session's table."""

from __future__ import annotations

from queuemark.analysis.estimates import with_estimates
from queuemark.model.conditions import Conditions
from queuemark.model.finding import Finding
from queuemark.views.case import case_tables
from queuemark.views.findings import findings_table, noise_texts
from queuemark.views.rates import rates_text
from queuemark.views.render import text
from tests.examples import case, document, machine, trial

FINDINGS = [
    Finding(name="load", verdict="noisy", found="9 in the last minute", effect="others take the cpus", remedy="top"),
    Finding(name="SMT", verdict="noisy", found="on", effect="two workers share a core", remedy="echo off"),
    Finding(name="steal", verdict="good", found="0 %", effect="the hypervisor takes the cpus", remedy=None),
]


def test_each_finding_has_a_line_and_what_is_not_good_a_remedy() -> None:
    shown = text(findings_table(machine(), FINDINGS, "now"), 100)
    assert "2 cpus of AMD EPYC 7B13 (hypervisor KVM), Linux 6.1.0-28-amd64, now\n" in shown
    assert "load   noisy    9 in the last minute  others take the cpus\n" in shown
    assert "steal  good     0 %                   -\n" in shown
    assert "load: top\nSMT: echo off\n2 noisy, 0 limited, 0 unknown, 1 good\n" in shown


def test_one_line_under_a_sessions_table_says_what_is_noisy() -> None:
    of = case("tcp")
    quiet = with_estimates(document((of, [trial(of)])))
    assert noise_texts(quiet) == []
    noisy = with_estimates(document((of, [trial(of)]), findings=FINDINGS))
    line = "this machine: 2 things make results noisy (load, SMT); see: queuemark doctor"
    assert noise_texts(noisy) == [line]
    assert line in rates_text(noisy, None)
    assert line in text(case_tables(noisy, 1, noisy.cases[0])[0], None)


def test_what_happened_during_the_session_stands_in_the_same_line() -> None:
    of = case("tcp")
    held = document((of, [trial(of, conditions=Conditions(others_cpu_ns=10**9), outside_ns=10**9 - 200_000_000)]))
    assert noise_texts(held) == ["this machine: during the session other programs used 1.0 cpus; see: queuemark doctor"]
