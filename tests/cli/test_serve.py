"""`queuemark serve` as it is started, met over a socket, and ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from tests.serving import Site, serving
from tests.submissions import encoded, golden, renamed

ID = "ab" * 16
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[Site]:
    with serving(tmp_path_factory.mktemp("site")) as site:
        yield site


def serve(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "queuemark", "serve", *options]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, env={**os.environ, **environment}, check=False
    )


def said(answer: subprocess.CompletedProcess[str]) -> str:
    """The one line on stderr."""
    assert answer.stderr.count("\n") == 1 and answer.stderr.startswith("queuemark: "), answer.stderr
    return answer.stderr


def test_a_port_that_is_taken_is_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        answer = serve("--port", port, QUEUEMARK_DATA_DIR=str(tmp_path))
    assert answer.returncode == 1
    assert port in said(answer) and "in use" in answer.stderr


def test_a_missing_extra_names_what_installs_it(tmp_path):
    (tmp_path / "uvicorn.py").write_text("raise ModuleNotFoundError('none', name='uvicorn')")
    answer = serve("--port", "0", PYTHONPATH=str(tmp_path), QUEUEMARK_DATA_DIR=str(tmp_path))
    assert answer.returncode == 1 and "pip install 'queuemark[web]'" in said(answer)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--base-url", "example.org"], 2),
        (["--dumps", "/nowhere"], 2),
        (["--trusted-proxy", "proxy.example"], 2),
        (["--host", "256.0.0.1"], 1),
        (["--host", "a" * 64], 2),
        (["--host", "a..b"], 2),
        (["--database", "mysql://x"], 2),
    ],
)
def test_what_cannot_be_served_is_one_line(tmp_path, options, code):
    answer = serve("--port", "0", *options, QUEUEMARK_DATA_DIR=str(tmp_path))
    assert answer.returncode == code
    assert said(answer)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_it_ends_by_signal_with_its_code(tmp_path, number, code, workers):
    with serving(tmp_path, "--workers", workers) as site:
        assert site.client.get("/health").status_code == 200
        site.process.send_signal(number)
        assert site.process.wait(20) == code
    assert "Traceback" not in site.log.read_text()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_it_can_be_ended_from_the_moment_it_says_where_it_is(tmp_path, workers):
    command = [sys.executable, "-m", "queuemark", "serve", "--port", "0", "--workers", workers]
    environment = {**os.environ, "QUEUEMARK_DATA_DIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as begun:
        try:
            assert "http://127.0.0.1:" in begun.stdout.readline()
            begun.terminate()
            assert begun.wait(30) == 0
        finally:
            begun.kill()
        assert "Traceback" not in begun.stderr.read()


def test_workers_share_the_record(tmp_path):
    with serving(tmp_path, "--workers", "2") as site:
        site.submit(encoded(renamed(golden(), ID)))
        for _ in range(8):
            assert httpx.get(f"{site.url}/api/sessions/{ID}", trust_env=False).status_code == 200


def test_a_length_that_is_too_much_is_refused_before_anything_comes(site):
    with socket.create_connection(("127.0.0.1", int(site.url.rpartition(":")[2])), timeout=20) as connection:
        head = f"POST /sessions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {1024 * MIB}\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(64).startswith(b"HTTP/1.1 413 ")


def test_a_gigabyte_in_chunks_is_refused_after_its_first_megabytes(site):
    sent = 0
    with socket.create_connection(("127.0.0.1", int(site.url.rpartition(":")[2])), timeout=20) as connection:
        connection.sendall(b"POST /sessions HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        answer = b""
        while not answer and sent < 1024:
            connection.settimeout(20)
            connection.sendall(b"100000\r\n" + bytes(MIB) + b"\r\n")
            sent += 1
            connection.settimeout(0.001)
            try:
                answer = connection.recv(64)
            except TimeoutError:
                continue
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert sent < 64


def test_nothing_but_loopback_s_names_is_answered(site):
    assert site.client.get("/", headers={"host": "rebound.example"}).status_code == 421
    assert site.client.get("/", headers={"host": "localhost:8000"}).status_code == 200


def test_a_site_for_others_makes_no_links_of_a_name_that_is_not_its_own(tmp_path):
    with serving(tmp_path, "--host", "0.0.0.0") as site:
        port = site.url.rpartition(":")[2]
        for own in (f"127.0.0.1:{port}", f"localhost:{port}", f"{socket.gethostname()}:{port}"):
            receipt = site.client.get("/submit", headers={"host": own})
            assert receipt.status_code == 200 and own in receipt.text
        assert site.client.get("/submit", headers={"host": "elsewhere.example"}).status_code == 421
