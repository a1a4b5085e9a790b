"""The original's file: read as it is written, and nothing else is."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from queuemark.model.errors import UsageError
from queuemark.model.original_xml import Misplaced, read_original
from tests.originals import BACKENDS, UHASH, original_file, posted, run_line

BATCH = f"<batch><uhash>{UHASH}</uhash><runs_attributes>{run_line('TCP Socket')}</runs_attributes></batch>"


def platform(inner: str) -> bytes:
    named = "<sysname>Linux</sysname><release>6</release><version/><machine>x86_64</machine>"
    return f"<platform>{named}<batches_attributes>{inner}</batches_attributes></platform>".encode()


def test_what_the_program_writes_is_read_with_and_without_ends_of_lines() -> None:
    file = original_file()
    read = read_original(file)
    assert read == read_original(posted(file)) == read_original(file.replace(b"\n", b"\r\n"))
    assert (read.sysname, read.release, read.machine) == ("Linux", "3.2.0-4-amd64", "x86_64")
    assert [batch.uhash for batch in read.batches] == [UHASH]
    assert [run.backend for run in read.batches[0].runs[::9]] == list(BACKENDS)
    assert len(read.batches[0].runs) == 4 * 3 * 3


def test_a_whole_sweep_is_read() -> None:
    runs = [run_line(backend, 2**at, "1.000001", 2**of) for backend in BACKENDS for at in range(6) for of in range(13)]
    assert len(read_original(original_file(runs)).batches[0].runs) == 312


def test_several_batches_are_read() -> None:
    read = read_original(platform(BATCH + BATCH.replace(UHASH, "another")))
    assert [batch.uhash for batch in read.batches] == [UHASH, "another"]
    assert read.version is None


@pytest.mark.parametrize("text", ["a &amp; b", "a &#38; b", "<![CDATA[a & b]]>"])
def test_text_is_text(text: str) -> None:
    assert read_original(original_file(version=text)).version == "a & b"


_ENTITIES = '<!ENTITY a "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa">'
_LAUGHS = _ENTITIES + "".join("<!ENTITY {} '{}'>".format(one, f"&{of};" * 10) for of, one in pairwise("abcdefghi"))


def typed(doctype: str, version: str = "&i;") -> bytes:
    """The file with a document type before it, and a version that uses what that declares."""
    return original_file(version=version).replace(b"<platform>", f"{doctype}<platform>".encode(), 1)


BOMBS = {
    "billion laughs": typed(f"<!DOCTYPE platform [{_LAUGHS}]>"),
    "laughs in an attribute": typed(f"<!DOCTYPE platform [{_LAUGHS}]>").replace(b'"array"', b'"&i;"'),
    "quadratic blow-up": typed(f'<!DOCTYPE platform [<!ENTITY i "{"a" * 50_000}">]>', "&i;" * 50_000),
    "one entity": typed('<!DOCTYPE platform [<!ENTITY i "x">]>'),
    "an entity that holds itself": typed('<!DOCTYPE platform [<!ENTITY i "&i;">]>'),
    "two entities that hold each other": typed('<!DOCTYPE platform [<!ENTITY i "&j;"><!ENTITY j "&i;">]>'),
    "parameter entities": typed("<!DOCTYPE platform [<!ENTITY % p \"<!ENTITY i 'x'>\">%p;]>"),
    "a file of the server": typed('<!DOCTYPE platform [<!ENTITY i SYSTEM "file:///etc/passwd">]>'),
    "a device of the server": typed('<!DOCTYPE platform [<!ENTITY i SYSTEM "file:///dev/zero">]>'),
    "another server": typed('<!DOCTYPE platform [<!ENTITY i SYSTEM "http://127.0.0.1:1/x">]>'),
    "a document type elsewhere": typed('<!DOCTYPE platform SYSTEM "http://127.0.0.1:1/x.dtd">', "x"),
    "a public document type": typed('<!DOCTYPE platform PUBLIC "-//x//y" "http://127.0.0.1:1/x.dtd">', "x"),
    "a document type of nothing": typed("<!DOCTYPE platform>", "x"),
    "default attributes": typed(f'<!DOCTYPE platform [<!ATTLIST run type CDATA "{"a" * 10_000}">]>', "x"),
    "notations": typed('<!DOCTYPE platform [<!NOTATION n SYSTEM "x">]>', "x"),
    "an entity that nobody declared": original_file(version="&lol;"),
    "depth": b"<platform>" + b"<sysname>" * 200_000,
    "depth within the form": b"<platform><batches_attributes>" * 100_000,
    "breadth": platform("".join(BATCH.replace(UHASH, str(number)) for number in range(65))),
    "runs of nothing": platform(BATCH.replace("<run>", "<run/>" * 1_000_000 + "<run>")),
    "batches of nothing": platform("<batch/>" * 1_000_000),
    "one endless text": original_file(version="x" * 3_000_000),
    "endless text in many parts": original_file(version="<![CDATA[xxxxxxxx]]>" * 100_000),
    "one endless name": f"<{'a' * 3_000_000}/>".encode(),
    "many attributes": b"<platform " + b"".join(b"a%d='x' " % number for number in range(100_000)) + b"/>",
    "a number of a million digits": original_file([run_line("TCP Socket", msg_size="9" * 1_000_000)]),
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", BOMBS)
def test_what_grows_when_it_is_read_is_refused(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_original(BOMBS[name])
    assert len(str(caught.value)) < 400
    assert "\n" not in str(caught.value)


def test_the_run_that_is_too_many_is_where_reading_ends() -> None:
    """What follows it is not looked at, so it takes no memory."""
    with pytest.raises(Misplaced, match="more than 20,000 of run") as caught:
        read_original(original_file(["<run/>"] * 20_001 + ["<host/>"]))
    assert caught.value.place == "/platform/batches_attributes/batch[1]/runs_attributes"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16le", "utf-7", "iso-8859-1", "windows-1252", "x"])
def test_another_encoding_is_refused_whether_it_is_true_or_not(encoding: str) -> None:
    declared = original_file().replace(b"?>", f' encoding="{encoding}"?>'.encode(), 1)
    with pytest.raises(UsageError, match="write it as UTF-8"):
        read_original(declared)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-16-le", "utf-32", "iso-8859-1"])
def test_what_is_not_utf_8_is_refused(encoding: str) -> None:
    with pytest.raises(UsageError):
        read_original(original_file(version="naïve").decode().encode(encoding))


@pytest.mark.parametrize("encoding", ["UTF-8", "utf-8", "US-ASCII"])
def test_the_encoding_may_be_said(encoding: str) -> None:
    declared = original_file().replace(b"?>", f' encoding="{encoding}"?>'.encode(), 1)
    assert read_original(declared) == read_original(original_file())


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        ({"seconds": "-1.0"}, "seconds"),
        ({"seconds": "0"}, "seconds"),
        ({"seconds": "0.000000"}, "seconds"),
        ({"seconds": "nan"}, "seconds"),
        ({"seconds": "inf"}, "seconds"),
        ({"seconds": "1e3"}, "seconds"),
        ({"seconds": "1,5"}, "seconds"),
        ({"seconds": "0x10"}, "seconds"),
        ({"seconds": "1000001"}, "seconds"),
        ({"seconds": "9" * 13}, "seconds"),
        ({"seconds": ""}, "seconds"),
        ({"seconds": "\u0661"}, "seconds"),
        ({"threads": 0}, "threads"),
        ({"threads": -1}, "threads"),
        ({"threads": 1025}, "threads"),
        ({"threads": "1.0"}, "threads"),
        ({"msg_size": 0}, "msg_size"),
        ({"msg_size": "-64"}, "msg_size"),
        ({"msg_size": 2**30 + 1}, "msg_size"),
        ({"msg_size": "64 "}, None),
        ({"backend": "TCP"}, "backend"),
        ({"backend": "<b/>"}, "backend"),
    ],
)
def test_a_number_is_taken_as_it_is_or_not_at_all(told: dict[str, Any], wrong: str | None) -> None:
    file = original_file([run_line(**{"backend": "TCP Socket", **told})])
    if wrong is None:
        assert read_original(file).batches[0].runs[0].msg_size == 64
        return
    with pytest.raises(Misplaced) as caught:
        read_original(file)
    assert caught.value.place == f"/platform/batches_attributes/batch[1]/runs_attributes/run[1]/{wrong}"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "no XML"),
        (b"{}", "no XML"),
        (b"<platform>", "no XML"),
        (b"<platforms/>", "did you mean 'platform'"),
        (b"<platform/>", "there is no batches_attributes"),
        (platform(""), "there is no batch"),
        (platform(BATCH + BATCH), "the same uhash"),
        (platform(BATCH.replace(UHASH, "")), "it is empty"),
        (platform(BATCH.replace(UHASH, "a b")), "128 characters without a space"),
        (platform(BATCH.replace("<threads>1</threads>", "")), "there is no threads"),
        (platform(BATCH.replace("<threads>", "<threads>1</threads><threads>")), "there is a second threads"),
        (platform(BATCH.replace("<threads>", "<host>x</host><threads>")), "there is no place for 'host'"),
        (platform(BATCH.replace("<run>", "<run>stray")), "there is no place for the text 'stray'"),
        (platform(BATCH.replace("<run>", '<run id="1">')), "attributes that are not of the form"),
        (platform(BATCH.replace("<run>", '<run xmlns="urn:x">')), "attributes that are not of the form"),
        (platform(BATCH) + b"<platform/>", "no XML"),
        (original_file(version="a\x00b"), "zero bytes"),
        (original_file(version="a\x01b"), "no XML"),
        (original_file(sysname=" "), "it is empty"),
    ],
)
def test_what_is_not_the_form_is_refused_with_its_place(body: bytes, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_original(body)
