"""A picture that is explored: drawn again by the browser itself, under the policy that all pages have."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

from tests.browser.visit import Shown, visited
from tests.serving import TOKEN

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_the_interactive_picture_loads_only_when_asked_for_and_draws_under_the_policy(
    shown: Shown, chromium: Browser
) -> None:
    with visited(chromium, shown.address("session")) as (page, complaints):
        loaded: list[str] = []
        page.on("request", lambda request: loaded.append(request.url))
        page.get_by_role("button", name="explore").first.click()
        page.locator(".interactive canvas, .interactive svg").first.wait_for(timeout=30_000)
        assert f"{shown.site.url}/static/vega.js" in loaded
        assert all(address.startswith((shown.site.url, "blob:", "data:")) for address in loaded)
        assert complaints == []


def test_a_private_link_fills_the_token_in_and_sends_it_nowhere(shown: Shown, chromium: Browser) -> None:
    with visited(chromium, shown.address("details") + f"#token={TOKEN}") as (page, complaints):
        fields = page.locator("input[name=token]")
        assert [fields.nth(place).input_value() for place in range(fields.count())] == [TOKEN, TOKEN]
        asked = page.evaluate("() => performance.getEntriesByType('resource').map(each => each.name)")
        assert TOKEN not in " ".join(asked)
        assert complaints == []


def test_an_embedded_picture_may_stand_in_a_page_of_elsewhere_and_no_other_page_may(
    shown: Shown, chromium: Browser
) -> None:
    frames = "".join(
        f"<iframe id={name} src='{shown.address('session')}{path}'></iframe>"
        for name, path in {"embed": "/embed/rates", "whole": ""}.items()
    )
    with elsewhere(frames) as address, chromium.new_context() as visitor:
        page = visitor.new_page()
        page.goto(address, wait_until="load")
        assert page.frame_locator("#embed").locator("img[src*=pictures]").count() > 0
        assert page.frame_locator("#whole").locator("a[href='/sessions']").count() == 0


@contextmanager
def elsewhere(page: str) -> Iterator[str]:
    """The address of a page of another site on this machine: browsers keep those of the world away from loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
