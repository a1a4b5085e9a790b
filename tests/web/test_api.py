"""What the site says of itself to programs is what it does."""

from __future__ import annotations

import json
import re

import pytest

from queuemark.model.plan import case_key
from queuemark.web.routes import ROUTES
from tests.serving import TOKEN
from tests.submissions import encoded, sweep

ID = "12" * 16


@pytest.fixture
def document(client):
    return client.get("/openapi.json").json()


def references(value) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*(references(each) for each in value.values()))
    return set().union(*(references(each) for each in value)) if isinstance(value, list) else set()


def operations(document):
    return [operation for path in document["paths"].values() for operation in path.values()]


def test_every_reference_leads_to_a_schema(document):
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert references(document) <= known


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does(document):
    names = [operation["operationId"] for operation in operations(document)]
    assert len(set(names)) == len(names)
    assert all(operation["summary"].endswith(".") for operation in operations(document))


def test_every_operation_answers_problems(document):
    for path, methods in document["paths"].items():
        for operation in methods.values():
            told = set(operation["responses"]["default"]["content"])
            assert "application/problem+json" in told
            assert told == {"application/problem+json"} or not path.startswith("/api/")
            assert not [status for status in operation["responses"] if status.startswith(("4", "5"))]


def test_every_page_has_its_data_in_it(document):
    pages = {path for handler in ROUTES for path in handler.paths if path.startswith("/api/")}
    assert {re.sub(r":\w+}", "}", path) for path in pages} <= set(document["paths"])


def test_the_schema_of_a_session_is_the_published_one(document):
    taken = document["paths"]["/sessions"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert taken == {"$ref": "#/components/schemas/SessionDocument"}
    assert document["components"]["schemas"]["SessionDocument"]["additionalProperties"] is False


def test_the_page_names_every_operation(client, document):
    page = client.get("/docs").text
    for path, methods in document["paths"].items():
        for method in methods:
            assert f"<code>{method.upper()} {path}</code>" in page


def addresses(session) -> list[str]:
    values = {
        "session_id": ID,
        "name": "rates.svg",
        "key": case_key(session.cases[0].case),
        "view": "rates",
        "platform_id": "0" * 16,
        "file": "nothing",
    }
    paths = {path for handler in ROUTES if "GET" in handler.http_methods for path in handler.paths}
    return sorted(re.sub(r"{(\w+):\w+}", lambda found: values[found[1]], path) for path in paths)


def test_head_is_answered_as_get_on_every_route(client):
    session = sweep(ID, repeats=1, sizes=(64,))
    answer = client.post("/sessions", content=encoded(session), headers={"queuemark-token": TOKEN})
    assert answer.status_code == 201
    found = addresses(session)
    assert len(found) > 10
    for address in found:
        got, headed = client.get(address), client.head(address)
        assert headed.status_code == got.status_code < 500, address
        assert headed.content == b"", address
        assert dict(headed.headers) == dict(got.headers), address


def test_a_problem_is_what_the_document_says(client, document):
    problem = client.get(f"/api/sessions/{ID}").json()
    schema = document["components"]["schemas"]["Problem"]
    assert set(problem) == set(schema["properties"])
    assert json.dumps(problem)
