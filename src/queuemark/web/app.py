"""The site as an ASGI application: routes, guards, and the record behind them.

Whatever a request is, its answer is one of a route's or a Problem (problem.py).
"""

from __future__ import annotations

__all__ = ["create_app", "served"]

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import cache, partial
from urllib.parse import urlsplit

from anyio import CapacityLimiter
from litestar import Litestar
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler

from queuemark.store.record import Record
from queuemark.web.answer import sent_once
from queuemark.web.body import Waiting
from queuemark.web.gate import Gate, Guard, head_as_get, options_whole, with_headers
from queuemark.web.guards import Bucket, host_guard, origin_guard, rate_guard, text_guard
from queuemark.web.openapi import openapi_document
from queuemark.web.problem import problem_answer
from queuemark.web.reading import READING, Reading
from queuemark.web.routes import ROUTES
from queuemark.web.routes.dumps import dump
from queuemark.web.settings import Settings, from_environment
from queuemark.web.upkeep import collecting_seldom, summarising, warming_up


def create_app(settings: Settings) -> Litestar:
    """The site; its ``state`` holds ``settings`` and, while it runs, the ``record`` and what is read from it."""
    app = Litestar(
        route_handlers=[*ROUTES, *_dumps(settings)],
        state=State({"settings": settings, "openapi": cache(partial(openapi_document, ROUTES, READING))}),
        lifespan=[_record],
        dependencies=READING,
        exception_handlers={Exception: problem_answer},
        openapi_config=None,
        logging_config=None,
        request_max_body_size=None,
        debug=False,
    )
    app.asgi_handler = with_headers(Gate(head_as_get(options_whole(sent_once(app.asgi_handler))), _guards(settings)))
    return app


@asynccontextmanager
async def _record(app: Litestar) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    with (
        Record.open(settings.database, settings.directory) as record,
        collecting_seldom(),
        summarising(record),
        warming_up(record),
    ):
        app.state.record, app.state.reading = record, Reading(record)
        app.state.waiting = Waiting(settings.waiting_high_bytes)
        app.state.decoding = CapacityLimiter(settings.decoding_high)
        yield


def served() -> Litestar:
    """For worker processes: the site that ``queuemark serve`` put into the environment."""
    return create_app(from_environment())


def _dumps(settings: Settings) -> Iterator[HTTPRouteHandler]:
    if settings.dumps is not None:
        yield dump


def _guards(settings: Settings) -> Iterator[Guard]:
    yield host_guard(_names(settings))
    yield text_guard
    yield origin_guard(settings.base_url)
    if settings.rate_per_s:
        yield rate_guard(Bucket(settings.rate_per_s, settings.burst), settings.trusted_proxy)


def _names(settings: Settings) -> tuple[str, ...]:
    own = urlsplit(settings.base_url or "").hostname
    return (*settings.names, own) if settings.names and own else settings.names
