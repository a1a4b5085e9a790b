"""Every operation that /openapi.json describes, asked with what its schema allows and with what it does not.

Nothing is answered with a 5xx, and an answer is what the document says: its status, its type, its shape.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from queuemark.model.plan import case_key
from tests.serving import Site
from tests.submissions import encoded, golden

FEW = 100
MANY = 10_000

PROMISES = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)

KNOWN = {"session_id": golden().session.id, "key": case_key(golden().cases[0].case), "view": "rates"}
"""Names of what is there, since drawn ones never are."""


def asked(site: Site, examples: int) -> set[str]:
    """Asks the whole interface so often; the operations that were asked."""
    schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
    schemathesis.checks.load_all_checks()
    promises = schemathesis.checks.CHECKS.get_by_names(PROMISES)
    site.submit(encoded(golden()))
    described = schemathesis.openapi.from_url(f"{site.url}/openapi.json")
    operations = [found.ok() for found in described.get_all_operations()]
    modes = list(schemathesis.GenerationMode)
    cases = st.one_of([operation.as_strategy(mode) for operation in operations for mode in modes])
    labels: set[str] = set()

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=cases, there=st.booleans())
    def ask(case: Any, there: bool) -> None:
        if there:
            case.path_parameters |= {name: KNOWN[name] for name in case.path_parameters if name in KNOWN}
        labels.add(case.operation.label)
        case.call_and_validate(checks=promises)

    ask()
    return labels


def test_the_interface_answers_as_it_is_described(site: Site) -> None:
    assert len(asked(site, FEW)) > 10


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_the_interface_answers_as_it_is_described_ten_thousand_times(site: Site) -> None:
    assert len(asked(site, MANY)) > 10
