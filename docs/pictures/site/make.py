"""Photographs the site and a report with Debian's Chromium, over two sessions measured here, in about three minutes.

.venv/bin/python docs/pictures/site/make.py            # measures here
.venv/bin/python docs/pictures/site/make.py DATA_DIR   # of a data directory that has two sessions or more
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from queuemark.store import Store

HERE = Path(__file__).parent
QUEUEMARK = (sys.executable, "-m", "queuemark")
SWEEP = "run -t tcp,unix-stream,pipe,mq-posix -s 16,64,256,1k,4k -c 1,2,4 --duration 0.2 --repeats 3 --no-report"

READERS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1200, "height": 900}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1200, "height": 900}},
    "360": {"color_scheme": "light", "viewport": {"width": 360, "height": 780}},
}


def main(arguments: list[str]) -> int:
    executable = shutil.which("chromium")
    if executable is None:
        print("needs Debian's Chromium: apt-get install chromium", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as made:
        directory = Path(arguments[0] if arguments else made)
        if not arguments:
            for _ in range(2):
                queuemark(directory, *SWEEP.split())
        with sync_playwright() as playwright, serving(directory) as url:
            browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
            for name, address in addresses(directory, url, Path(made)).items():
                photograph(browser, name, address)
            browser.close()
    return 0


def queuemark(directory: Path, *words: str) -> None:
    subprocess.run([*QUEUEMARK, *words], check=True, env={**os.environ, "QUEUEMARK_DATA_DIR": str(directory)})


@contextmanager
def serving(directory: Path) -> Iterator[str]:
    """The site's address while it runs."""
    environment = {**os.environ, "QUEUEMARK_DATA_DIR": str(directory)}
    command = [*QUEUEMARK, "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as server:
        assert server.stdout is not None
        found = re.search(r"http://[^\s/]+", server.stdout.readline())
        assert found is not None, "queuemark serve says where it is"
        yield found[0]
        server.terminate()


def addresses(directory: Path, url: str, scratch: Path) -> dict[str, str]:
    """By the picture's name; the report is written first."""
    with Store.open(directory) as store:
        newest, before = [session.id for session in store.sessions()][:2]
    report = scratch / "report.html"
    queuemark(directory, "report", newest, "-o", str(report))
    return {
        "front": f"{url}/",
        "session": f"{url}/sessions/{newest}",
        "compare": f"{url}/compare?sessions={before},{newest}",
        "details": f"{url}/sessions/{newest}/edit",
        "report": report.as_uri(),
    }


def photograph(browser: Browser, name: str, address: str) -> None:
    for reader, context in READERS.items():
        with browser.new_context(**context) as visitor:
            page = visitor.new_page()
            page.goto(address, wait_until="networkidle")
            (HERE / f"{name}-{reader}.png").write_bytes(packed(page.screenshot()))


def packed(picture: bytes) -> bytes:
    """The same PNG in fewer bytes: browsers pack in haste, and tell of the screen."""
    signature, place, kept, pixels = picture[:8], 8, [], b""
    while place < len(picture):
        length = int.from_bytes(picture[place : place + 4], "big")
        kind, content = picture[place + 4 : place + 8], picture[place + 8 : place + 8 + length]
        if kind == b"IDAT":
            pixels += content
        elif kind in (b"IHDR", b"PLTE"):
            kept.append(chunk(kind, content))
        place += 12 + length
    return signature + b"".join(kept) + chunk(b"IDAT", zlib.compress(zlib.decompress(pixels), 9)) + chunk(b"IEND", b"")


def chunk(kind: bytes, content: bytes) -> bytes:
    """Source: PNG, third edition, 5.3."""
    return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
