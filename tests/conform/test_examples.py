"""What lies in examples/ keeps the contract, and is what the pages show."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from queuemark.brokers.kept import Kept
from queuemark.conform.check import Check
from queuemark.conform.suite import CHECKS, finding_of
from queuemark.model.transport import Listing
from queuemark.runners.python.catalogue import VARIABLE
from queuemark.runners.registry import Offer, ask, survey
from queuemark.runners.stop import Stop
from tests.docs.pages import ROOT, blocks

EXAMPLES = ROOT / "examples"
PERL_RUNNER = EXAMPLES / "pipe-runner.pl"
PYTHON_TRANSPORT = EXAMPLES / "deque_transport.py"
PAGE = ROOT / "docs" / "how-to" / "bring-your-own.md"


@pytest.fixture(scope="module")
def perl_pipe() -> Offer:
    """Debian's perl has the modules, its perl-base has not."""
    modules = subprocess.run(["perl", "-MJSON::PP", "-MTime::HiRes", "-e1"], check=False) if perl() else None
    if modules is None or modules.returncode != 0 or shutil.which("taskset") is None:
        pytest.skip("perl with its own modules, or taskset, is not installed")
    listing = ask((str(PERL_RUNNER),))
    assert isinstance(listing, Listing), listing
    return Offer(transport=listing.transports[0], command=(str(PERL_RUNNER),))


def perl() -> str | None:
    return shutil.which("perl", path="/usr/bin")


@pytest.mark.parametrize("check", [pytest.param(check, id=check.promise) for check in CHECKS])
def test_a_runner_in_perl_keeps_the_promise(check: Check, perl_pipe: Offer) -> None:
    with Stop() as stop:
        finding = finding_of(check, perl_pipe, stop, Kept())
    if finding.state == "not here":
        pytest.skip(finding.words)
    assert (finding.state, finding.words) == ("kept", "")


@pytest.mark.parametrize("check", [pytest.param(check, id=check.promise) for check in CHECKS if check.brief])
def test_a_transport_of_ones_own_keeps_the_promise(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, f"{PYTHON_TRANSPORT}:Deque")
    [offer] = [offer for offer in survey().offers if offer.transport.name == "deque"]
    with Stop() as stop:
        finding = finding_of(check, offer, stop, Kept())
    assert (finding.state, finding.words) == ("kept", "")


def test_the_page_shows_the_example() -> None:
    shown = next(block.text for block in blocks(PAGE, "python"))
    _, _, code = PYTHON_TRANSPORT.read_text().partition('"""\n\n')
    assert code == shown


def test_every_example_is_named_by_a_page() -> None:
    pages = [path.read_text() for path in (ROOT / "docs").rglob("*.md")] + [(ROOT / "README.md").read_text()]
    files = [path.name for path in EXAMPLES.iterdir() if path.is_file()]
    assert [name for name in files if not any(name in page for page in pages)] == []


def test_executables_are_executable() -> None:
    assert PERL_RUNNER.stat().st_mode & 0o111 == 0o111
    assert Path(PERL_RUNNER).read_text().startswith("#!/usr/bin/perl\n")
