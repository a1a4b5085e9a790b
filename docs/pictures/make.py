"""Measures what docs/claims.md shows, draws its pictures and writes its table, in two to three minutes.

.venv/bin/python docs/pictures/make.py            # measures here
.venv/bin/python docs/pictures/make.py SESSION    # draws a stored session of `queuemark claims` again
"""

from __future__ import annotations

__all__ = ["PAGE", "replaced", "subset"]

import subprocess
import sys
from pathlib import Path

import msgspec

from queuemark.analysis.claims import CLAIMS, Evidence
from queuemark.analysis.estimates import with_estimates
from queuemark.cli.claims import cases_of
from queuemark.model.plan import case_key
from queuemark.model.session import SessionDocument
from queuemark.runners.registry import survey
from queuemark.store import load
from queuemark.views.claims import Judged, claims_chart, claims_tables
from queuemark.views.picture import draw
from queuemark.views.rates_chart import rates_chart
from queuemark.views.render import markdown
from queuemark.views.scaling_chart import scaling_chart
from queuemark.views.theme import Spec

HERE = Path(__file__).parent
PAGE = HERE.parent / "claims.md"
BEGIN, END = "<!-- measured: written by docs/pictures/make.py -->", "<!-- /measured -->"


def main(arguments: list[str]) -> int:
    if not arguments:
        arguments = [_measured()]
    document = with_estimates(load(arguments[0]))
    command = document.session.plan.command
    evidence = Evidence(document)
    judged = [Judged(claim=claim, judgement=claim.judge(evidence), commands=[], ran=True) for claim in CLAIMS.values()]
    _write("claims.svg", claims_chart(judged, document, command))
    _write("claims-consumers.svg", scaling_chart(subset(document, 8)))
    _write("claims-sizes.svg", rates_chart(subset(document, 9)))
    table = claims_tables(judged, document, command)[0]
    PAGE.write_text(replaced(PAGE.read_text(encoding="utf-8"), markdown(table)), encoding="utf-8")
    return 0


def _measured() -> str:
    """The new session, by the queuemark that this Python has, wherever it is run from."""
    command = [sys.executable, "-m", "queuemark", "claims", "--json", "-"]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    session: str = msgspec.json.decode(told)["session"]
    return session


def _write(name: str, spec: Spec) -> None:
    (HERE / name).write_bytes(draw(lambda: spec, name))


def subset(document: SessionDocument, number: int) -> SessionDocument:
    """The cases that were run for one claim."""
    known = survey().transports()
    wanted = {case_key(case) for asking in CLAIMS[number].askings(False) for case in cases_of(asking, known)}
    cases = [result for result in document.cases if case_key(result.case) in wanted]
    return msgspec.structs.replace(document, cases=cases)


def replaced(page: str, table: str) -> str:
    """The page with the table in its place."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table}\n{END}{after}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
