"""The original's file, made by somebody who wants more than to submit it: refused at once and in bounded memory."""

from __future__ import annotations

from time import monotonic

import pytest

from tests.attacks.wire import resident_bytes
from tests.serving import Site
from tests.submissions import ORIGINAL, RUN, original

GROWTH_HIGH = 80 << 20
PATIENCE_S = 10.0


def filled(**words: str) -> str:
    known = {"sysname": "Linux", "release": "6.1", "version": "#1", "machine": "x86_64", "uhash": "a" * 32, "runs": RUN}
    return ORIGINAL.format(**{**known, **words})


def defined(doctype: str, used: str) -> str:
    return filled(sysname=used).replace("?>", f"?>{doctype}", 1)


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))

BOMBS: dict[str, str | bytes] = {
    "a billion laughs": defined(f'<!DOCTYPE p [<!ENTITY l0 "ha">{LAUGHS}]>', "&l9;"),
    "quadratic blow-up": defined(f'<!DOCTYPE p [<!ENTITY a "{"a" * 100_000}">]>', "&a;" * 10_000),
    "a file": defined('<!DOCTYPE p [<!ENTITY f SYSTEM "file:///etc/passwd">]>', "&f;"),
    "an address": defined('<!DOCTYPE p [<!ENTITY f SYSTEM "http://127.0.0.1:9/x">]>', "&f;"),
    "a DTD of elsewhere": defined('<!DOCTYPE p SYSTEM "http://127.0.0.1:9/x.dtd">', "x"),
    "a public DTD": defined('<!DOCTYPE p PUBLIC "-//W3C//DTD XHTML 1.0//EN" "http://127.0.0.1:9/x.dtd">', "x"),
    "an empty DTD": defined("<!DOCTYPE platform>", "x"),
    "parameter entities": defined("<!DOCTYPE p [<!ENTITY % a \"<!ENTITY b 'c'>\"> %a;]>", "&b;"),
    "an entity within itself": defined('<!DOCTYPE p [<!ENTITY a "&b;"><!ENTITY b "&a;">]>', "&a;"),
    "an unknown entity": filled(sysname="&nbsp;"),
    "an attribute default": defined('<!DOCTYPE p [<!ATTLIST platform x CDATA "y">]>', "x"),
    "an XInclude": filled(
        sysname='<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/passwd" parse="text"/>'
    ),
    "a deep document": "<platform>" * 200_000,
    "a deep element": filled(sysname="<a>" * 100_000 + "</a>" * 100_000),
    "a name without end": "<" + "a" * 3_000_000,
    "an attribute without end": '<platform a="' + "b" * 3_000_000,
    "hundreds of thousands of attributes": "<platform " + " ".join(f'a{n}=""' for n in range(200_000)) + "/>",
    "a comment without end": filled() + "<!--" + "-x" * 1_000_000,
    "a huge text": filled(sysname="a" * 3_000_000),
    "too many runs": filled(runs=RUN * 30_000),
    "said to be UTF-16": filled().replace('"1.0"', '"1.0" encoding="UTF-16"', 1),
    "said to be UTF-7": "<?xml version='1.0' encoding='UTF-7'?>+ADw-platform+AD4-",
    "said to be nothing known": filled().replace('"1.0"', '"1.0" encoding="x-user-defined"', 1),
    "UTF-16 with a DTD": defined('<!DOCTYPE p [<!ENTITY a "b">]>', "&a;").encode("utf-16"),
    "bad UTF-8": filled(sysname="SYS").encode().replace(b"SYS", b"\xff\xfe\xc0\x80"),
    "a null": filled(sysname="SYS").encode().replace(b"SYS", b"a\x00b"),
    "a control character": filled(sysname="&#1;"),
    "a surrogate": filled(sysname="&#xD800;"),
    "an unclosed element": filled()[:-20],
    "two roots": filled() + filled(uhash="b" * 32).partition("?>")[2],
    "a namespace": filled().replace("<platform>", '<x:platform xmlns:x="y">').replace("</platform>", "</x:platform>"),
    "no XML": "sysname=Linux&release=6.1",
    "JSON": "{}",
    "nothing": "",
    "a style sheet": filled().replace("?>", '?><?xml-stylesheet href="http://127.0.0.1:9/x"?>', 1) + "<",
    "runs of runs": filled(runs="<run>" * 50_000),
    "no runs": filled(runs=""),
    "seconds that are none": filled(runs=RUN.replace("2.5", "NaN")),
    "endless seconds": filled(runs=RUN.replace("2.5", "1e999")),
    "no seconds at all": filled(runs=RUN.replace("2.5", "0")),
    "negative seconds": filled(runs=RUN.replace("2.5", "-2.5")),
    "seconds of a million digits": filled(runs=RUN.replace("2.5", "2." + "5" * 1_000_000)),
    "a size beyond bounds": filled(runs=RUN.replace(">64<", f">{10**30}<")),
    "a size in other digits": filled(runs=RUN.replace(">64<", ">٦٤<")),
    "threads beyond bounds": filled(runs=RUN.replace("<threads>1<", "<threads>99999999999<")),
    "an unknown backend": filled(runs=RUN.replace("TCP Socket", "Carrier Pigeon")),
    "a uhash without end": filled(uhash="a" * 1_000_000),
    "a uhash that is empty": filled(uhash=""),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_at_once_and_in_bounded_memory(site: Site, name: str) -> None:
    body = BOMBS[name]
    before, began = resident_bytes(site), monotonic()
    answer = site.client.post(
        "/platforms",
        content=body if isinstance(body, bytes) else body.encode(),
        headers={"Content-Type": "application/xml", "Accept": "text/plain"},
    )
    assert 400 <= answer.status_code < 500, answer.text[:500]
    assert monotonic() - began < PATIENCE_S
    assert resident_bytes(site) - before < GROWTH_HIGH
    assert "root:" not in answer.text
    assert len(answer.content) < 4096


def test_behind_all_bombs_an_honest_file_is_taken(site: Site) -> None:
    assert "/sessions/" in site.submit_original(original("0" * 32))
