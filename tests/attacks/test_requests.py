"""Requests that no browser and no program of ours makes: each is answered, none with a 5xx, a trace or a secret."""

from __future__ import annotations

import re
import statistics
import time

import pytest

from tests.attacks.wire import exchanged
from tests.serving import TOKEN, Site
from tests.submissions import encoded, golden

SESSION = golden().session.id
UNKNOWN = "f" * 32
FOREIGN = "e" * 48


@pytest.fixture(autouse=True, scope="module")
def _one_session(site: Site) -> None:
    site.submit(encoded(golden()))


def asked(site: Site, line: bytes, *fields: bytes) -> int:
    """The status of a bare request."""
    host = b"Host: " + site.url.removeprefix("http://").encode()
    answer = exchanged(site, b"\r\n".join([line, host, *fields, b"Connection: close", b"", b""]))
    assert "Traceback" not in answer.body.decode("utf-8", "replace")
    return answer.status


TRAVERSALS = [
    "/static/../../../../etc/passwd",
    "/static/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/static/..%2f..%2f..%2fetc%2fpasswd",
    "/static/....//....//etc/passwd",
    "/static//etc/passwd",
    "/static/%00",
    "/static/style.css%00.html",
    "/static/..\\..\\etc\\passwd",
    "/static/%252e%252e%252fetc/passwd",
    "/static/../app.py",
    "/static/../templates/page.html",
    "/dumps/../data/queuemark.sqlite3",
    "/dumps/%2e%2e/queuemark.sqlite3",
    "/sessions/../../etc/passwd",
    "/sessions/%2e%2e%2f%2e%2e%2fetc%2fpasswd.json",
    f"/sessions/{SESSION}/pictures/..%2f..%2frates.svg",
    f"/sessions/{SESSION}/pictures/%2fetc%2fpasswd.svg",
]


@pytest.mark.parametrize("path", TRAVERSALS)
def test_no_path_leads_out_of_what_is_served(site: Site, path: str) -> None:
    host = site.url.removeprefix("http://")
    answer = exchanged(site, f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert answer.status in (400, 404, 405, 422)
    for secret in (b"root:", b"SQLite format", b"import ", b"{%"):
        assert secret not in answer.body


QUERIES = {
    "ten thousand parameters": "&".join(f"p{place}=1" for place in range(10_000))[:60_000],
    "one parameter ten thousand times": "&".join(["transport=tcp"] * 4_000),
    "a huge value": "transport=" + "a" * 60_000,
    "bad UTF-8": "transport=%ff%fe%80",
    "a null": "transport=%00",
    "line ends": "transport=%0d%0aSet-Cookie:%20a=b",
    "a broken escape": "transport=%zz%2",
    "markup": "transport=%3Cscript%3Ealert(1)%3C/script%3E&view=%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E",
    "a statement": "transport=%27%3B%20DROP%20TABLE%20sessions%3B--&system=%27%20OR%201=1--",
    "wildcards": "transport=%25&system=_&processor=%25%25",
    "numbers that are none": "before=-1&size=1e999&consumers=NaN&p99=-5&rate=inf",
    "numbers too great": f"before={10**30}&size={10**30}&consumers={10**30}&p99={10**30}&rate={10**400}",
    "numbers at the edge": f"before={2**63}&size={2**63}&consumers={2**63}",
    "words for numbers": "before=now&size=big&consumers=many&p99=soon",
    "many sessions": "sessions=" + ",".join([SESSION] * 500),
    "sessions that are none": "sessions=..,%27,x,,",
    "an unknown view": "view=__class__&scale=cubic&consumers=-3&policy=%7B%7B7*7%7D%7D",
    "other digits": "size=%D9%A3&consumers=%EF%BC%91",
    "underscores in digits": "size=1_000&before=1_0",
}

READ = (
    "/",
    "/sessions",
    f"/sessions/{SESSION}",
    f"/sessions/{SESSION}.csv",
    f"/sessions/{SESSION}.json",
    f"/sessions/{SESSION}/pictures/rates.svg",
    f"/sessions/{SESSION}/embed/rates",
    f"/sessions/{SESSION}/badge.svg",
    "/platforms",
    "/compare",
    "/advise",
    "/submit",
    "/api/front",
    "/api/sessions",
    f"/api/sessions/{SESSION}",
    "/api/platforms",
    "/api/compare",
    "/api/advise",
)


@pytest.mark.parametrize("name", QUERIES)
def test_no_query_is_an_internal_error(site: Site, name: str) -> None:
    host = site.url.removeprefix("http://")
    for path in READ:
        request = f"GET {path}?{QUERIES[name]} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
        answer = exchanged(site, request)
        assert 200 <= answer.status < 500, (path, answer.body[:500])
        assert "set-cookie" not in answer.head.lower()
        if "json" not in answer.head:
            assert b"<script>alert" not in answer.body
            assert b"<img src=x" not in answer.body


@pytest.mark.parametrize("path", READ)
@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "DELETE", "PUT", "PATCH", "PROPFIND", "BREW", "get"])
def test_a_method_that_is_not_offered_is_405_or_501(site: Site, path: str, method: str) -> None:
    assert asked(site, f"{method} {path} HTTP/1.1".encode()) in (400, 404, 405, 501)


@pytest.mark.parametrize("path", READ)
def test_head_answers_like_get_without_a_body(site: Site, path: str) -> None:
    got, headed = site.client.get(path), site.client.head(path)
    assert headed.status_code == got.status_code
    assert headed.content == b""
    assert headed.headers["content-type"] == got.headers["content-type"]
    assert headed.headers.get("content-security-policy") == got.headers.get("content-security-policy")


@pytest.mark.parametrize("path", READ)
def test_every_answer_keeps_browsers_from_guessing_framing_and_leaking(site: Site, path: str) -> None:
    headers = site.client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] in ("no-referrer", "same-origin", "strict-origin-when-cross-origin")
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy or "default-src 'none'" in policy
    assert "unsafe-eval" not in policy
    assert ("frame-ancestors *" in policy) == ("/embed/" in path)
    if headers["content-type"].startswith("text/html") and "/embed/" not in path:
        assert "unsafe-inline" not in policy
        assert "frame-ancestors 'none'" in policy
    assert "set-cookie" not in headers


@pytest.mark.parametrize(
    "fields",
    [
        (b"X-A: a\r\n b",),
        (b"X\x00: a",),
        (b"Accept: " + b"text/html," * 6000,),
        (b"Accept-Encoding: " + b"gzip;q=0.1," * 3000,),
        (b"Accept: \xff\xfe",),
        (b"Accept: ;;;,,,/*/",),
        (b"Accept: text/html;q=nan, application/json;q=1e9",),
        (b"Cookie: " + b"a=b; " * 5000,),
        (b"If-None-Match: " + b'"x",' * 5000,),
        (b"If-Modified-Since: never",),
        (b"Range: bytes=0-,-1,5-2",),
        (b"X-Forwarded-For: " + b"1.2.3.4," * 5000,),
        (b"X-Forwarded-For: ]]::%$",),
        (b"X-Forwarded-Proto: javascript",),
        (b'Forwarded: for=";"',),
        (b"Origin: \x01\x02",),
        (b"Queuemark-Token: " + b"a" * 60_000,),
        (b"Queuemark-Token: \xff\xff",),
        (b"Content-Type: \xff/\xff; charset=\xff",),
        (b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Key: x", b"Sec-WebSocket-Version: 13"),
        (b"Upgrade: h2c", b"HTTP2-Settings: AAAA"),
        tuple(b"X-%d: a" % place for place in range(5000)),
    ],
    ids=lambda fields: repr(fields[0][:24]),
)
def test_no_header_is_an_internal_error(site: Site, fields: tuple[bytes, ...]) -> None:
    for path in (b"/", b"/api/sessions", b"/sessions/" + SESSION.encode() + b"/edit"):
        status = asked(site, b"GET " + path + b" HTTP/1.1", *fields)
        # 0: what the protocol's reader refuses it may refuse without a word.
        assert status == 0 or 200 <= status < 500


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET / HTTP/9.9",
        b"GET  /  HTTP/1.1",
        b"GET / ",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET http://elsewhere.example/ HTTP/1.1",
        b"GET * HTTP/1.1",
        b"OPTIONS * HTTP/1.1",
        b"GET //elsewhere.example/%2f.. HTTP/1.1",
        b"GET /\xff\xfe HTTP/1.1",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1",
        b"GET /sessions/%FF HTTP/1.1",
        b"GET /sessions/%0d%0aX:%20y HTTP/1.1",
        b"GET /compare?sessions=" + b"a," * 20_000 + b" HTTP/1.1",
        b"POST / HTTP/1.1",
        b"PRI * HTTP/2.0",
    ],
)
def test_no_request_line_is_an_internal_error(site: Site, request_line: bytes) -> None:
    status = asked(site, request_line)
    assert status == 0 or 200 <= status < 500
    assert site.client.get("/health").status_code == 200


def test_a_redirect_never_leads_elsewhere(site: Site) -> None:
    host = site.url.removeprefix("http://")
    for path in ("//elsewhere.example", "//elsewhere.example/", "/sessions/", "/\\elsewhere.example", "/sessions//"):
        answer = exchanged(site, f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        places = re.findall(r"(?im)^location: *(.*)$", answer.head)
        assert all(place.startswith(("/", site.url)) and not place.startswith("//") for place in places)


@pytest.mark.parametrize(
    "host", ["elsewhere.example", "127.0.0.1.elsewhere.example", "elsewhere.example:80", "[::2]", "[::1", ""]
)
def test_a_name_that_is_not_this_machines_is_not_answered_with_data(site: Site, host: str) -> None:
    """A page of elsewhere that has its name point here reads nothing (DNS rebinding)."""
    answer = exchanged(site, f"GET /api/sessions HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert 400 <= answer.status < 500
    assert SESSION.encode() not in answer.body


CROSS_SITE = [
    {"Origin": "https://elsewhere.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "same-origin"},
]
CHANGING = (f"/sessions/{SESSION}/details", f"/sessions/{SESSION}/withdraw", "/sessions", "/api/sessions", "/platforms")


@pytest.mark.parametrize("headers", CROSS_SITE, ids=str)
@pytest.mark.parametrize("path", CHANGING)
def test_a_page_of_elsewhere_changes_nothing(site: Site, path: str, headers: dict[str, str]) -> None:
    answer = site.client.post(path, data={"token": TOKEN, "notes": "x"}, headers=headers)
    assert answer.status_code == 403
    assert site.client.get(f"/api/sessions/{SESSION}").status_code == 200


@pytest.mark.parametrize("action", ["details", "withdraw"])
@pytest.mark.parametrize("token", [FOREIGN, "", "x", TOKEN[:-1], TOKEN + "0", TOKEN.upper() + " ", "é" * 32, "\t" * 40])
def test_a_foreign_token_is_answered_like_an_unknown_session(site: Site, action: str, token: str) -> None:
    known, unknown = (
        site.client.post(f"/sessions/{id}/{action}", data={"token": token, "notes": "x"}) for id in (SESSION, UNKNOWN)
    )
    assert known.status_code == unknown.status_code == 404
    assert known.text.replace(SESSION, "ID") == unknown.text.replace(UNKNOWN, "ID")
    varying = ("date", "content-length", "etag")
    assert {name: value for name, value in known.headers.items() if name not in varying} == {
        name: value for name, value in unknown.headers.items() if name not in varying
    }


@pytest.mark.soak
def test_a_foreign_token_takes_as_long_as_an_unknown_session(site: Site) -> None:
    """Medians of 2,000 each, in turn, lie within a fifth of each other."""

    def seconds(id: str, token: str) -> float:
        began = time.perf_counter()
        site.client.post(f"/sessions/{id}/withdraw", headers={"Queuemark-Token": token})
        return time.perf_counter() - began

    near = TOKEN[:-1] + "0"
    taken = [(seconds(SESSION, near), seconds(SESSION, FOREIGN), seconds(UNKNOWN, FOREIGN)) for _ in range(2000)]
    medians = [statistics.median(each) for each in zip(*taken, strict=True)]
    assert max(medians) < 1.2 * min(medians)


def test_no_token_is_ever_shown_again(site: Site) -> None:
    for path in (*READ, f"/sessions/{SESSION}/edit", "/openapi.json"):
        assert TOKEN not in site.client.get(path).text
    assert TOKEN not in site.log.read_text(encoding="utf-8")
    assert TOKEN.encode() not in b"".join(path.read_bytes() for path in (site.log.parent / "data").iterdir())
