"""What the installed programs print is what the golden examples promise."""

from __future__ import annotations

import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from queuemark.model.events import Ready, Result, decode_event
from queuemark.model.schema import json_schema
from queuemark.model.session import decode_session
from queuemark.model.transport import Listing, Transport

BIN = Path(sysconfig.get_path("scripts"))
TRANSPORTS = {"tcp", "unix-stream", "pipe", "mq-posix"}


def printed(name: str, *arguments: str, environment: dict[str, str] | None = None) -> bytes:
    """What an installed program writes to stdout."""
    program = BIN / name
    if not program.exists():
        pytest.skip(f"{name} is not installed in {BIN}")
    ended = subprocess.run(
        [program, *arguments], capture_output=True, timeout=60, check=False, stdin=subprocess.DEVNULL, env=environment
    )
    assert ended.returncode in (0, 3), ended.stderr.decode()
    return ended.stdout


def valid(line: bytes, name: str) -> None:
    schema = {"$ref": f"#/$defs/{name}", "$defs": json_schema()["$defs"]}
    jsonschema.Draft202012Validator(schema).validate(msgspec.json.decode(line))


def same_names(one: Any, other: Any) -> bool:
    """Whether two documents have the same field names in the same places, as far as both have these places."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_names(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list) and one and other:
        return same_names(one[0], other[0])
    return True


def test_the_native_runner_lists_its_transports() -> None:
    text = printed("queuemark-runner", "list")
    assert text.count(b"\n") == 1
    valid(text, "Listing")
    listed = msgspec.json.decode(text, type=Listing)
    assert {transport.name for transport in listed.transports} >= TRANSPORTS
    for transport in listed.transports:
        assert transport.available or (transport.reason and transport.remedy)


@pytest.mark.parametrize("transport", sorted(TRANSPORTS))
def test_the_native_runner_prints_events(transport: str) -> None:
    lines = printed("queuemark-runner", "trial", transport, "--items", "2000", "--consumers", "2").splitlines()
    for line in lines:
        valid(line, type(decode_event(line)).__name__)
    result = decode_event(lines[-1])
    assert isinstance(result, Result)
    if result.state == "unavailable":
        pytest.skip(f"{transport} is unavailable here: {result.reason}")
    assert isinstance(decode_event(lines[0]), Ready)
    assert (result.state, result.sent, result.delivered) == ("ok", 2000, 2000)
    golden = (Path(__file__).parent / f"events-ok-{transport}.ndjson").read_bytes().splitlines()[-1]
    told, promised = msgspec.json.decode(lines[-1]), msgspec.json.decode(golden)
    # What is granted differs from system to system; steal and the whole time are the caller's to know.
    for document in (told, promised):
        document.pop("granted")
    assert told.keys() <= promised.keys()
    assert same_names(told["consumers"], promised["consumers"])
    assert same_names(told["producer"], promised["producer"])


def test_queuemark_lists_every_transport() -> None:
    text = printed("queuemark", "list", "--json", "-")
    for transport in msgspec.json.decode(text):
        valid(msgspec.json.encode(transport), "Transport")
    assert {transport.name for transport in msgspec.json.decode(text, type=list[Transport])} >= TRANSPORTS


def test_queuemark_prints_a_session(tmp_path: Path) -> None:
    environment = {"QUEUEMARK_DATA_DIR": str(tmp_path), "PATH": f"{BIN}:/usr/bin:/bin"}
    arguments = ("run", "-t", "unix-stream", "--items", "2000", "--repeats", "2", "--json", "-")
    text = printed("queuemark", *arguments, environment=environment)
    valid(text, "SessionDocument")
    document = decode_session(text)
    assert [trial.delivered for trial in document.cases[0].trials] == [2000, 2000]
    golden = msgspec.json.decode((Path(__file__).parent / "session.json").read_bytes())
    told = msgspec.json.decode(text)
    assert told.keys() == golden.keys()
    assert told["cases"][0].keys() == golden["cases"][0].keys()
    for document in (told, golden):
        for made in document["cases"][0]["trials"]:
            made.pop("granted")
    assert same_names(told["cases"][0]["trials"], golden["cases"][0]["trials"])
