"""``queuemark serve``: the site, on this machine for itself or for everyone."""

from __future__ import annotations

__all__ = ["command"]

import gc
import ipaddress
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import rich_click as click

from queuemark.model.errors import QueuemarkError, UsageError

if TYPE_CHECKING:
    import uvicorn

    from queuemark.web.settings import Settings

PORT = 8000

_EXTRA = ("jinja2", "litestar", "uvicorn")
_ENDING_S = 1
_PUBLIC_RATE_PER_S = 50.0
"""A page with its pictures is about ten requests."""


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on; 0.0.0.0 is everyone.")
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="0 is any that is free.")
@click.option("--database", metavar="URL", help="postgresql://... or sqlite:///...; else the sessions stored here.")
@click.option("--base-url", metavar="URL", help="How readers reach the site, for links; else by this machine's names.")
@click.option(
    "--trusted-proxy", metavar="ADDRESS", multiple=True, help="Believe X-Forwarded-For from there; may be repeated."
)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes that answer.")
@click.option("--dumps", type=click.Path(path_type=Path), metavar="DIR", help="Serve the files in it under /dumps.")
@click.option(
    "--rate",
    "rate_per_s",
    type=click.FloatRange(min=0),
    metavar="N",
    help="Requests a second of one address, a post counting as ten; 0 is any number.  [default: 50, on loopback 0]",
)
def command(
    host: str,
    port: int,
    database: str | None,
    base_url: str | None,
    trusted_proxy: tuple[str, ...],
    workers: int,
    dumps: Path | None,
    rate_per_s: float | None,
) -> None:
    """The record as a web site: what was measured here, or what everyone submits; Ctrl-C ends it.

    On 127.0.0.1 it shows this machine's own sessions to this machine alone. A site for others listens on another
    address, best behind a proxy that speaks TLS, with a database of its own.
    """
    with _ended_by_term(), _listening(host, port) as listener:
        local = _is_loopback(listener)
        names = _names(host, local=local, named=base_url is not None)
        settings = _settings(database, base_url, trusted_proxy, dumps, local, names, rate_per_s)
        with _without_collecting():
            config = _configured(settings, workers)
            _check_record(settings)
        click.echo(f"queuemark: the record is at {settings.base_url or _url(listener)} (Ctrl-C ends it)")
        _serve(config, listener)


def _listening(host: str, port: int) -> socket.socket:
    """Bound here, so that a port that is taken is said before anything is begun."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(1024)
    except UnicodeError as error:
        raise UsageError(f"--host {host[:40]!r} is no name of a host; write for example 127.0.0.1") from error
    except OSError as error:
        raise QueuemarkError(
            f"cannot listen on {host} port {port}: {error.strerror or error}; choose another: --port or --host"
        ) from error
    return listener


def _is_loopback(listener: socket.socket) -> bool:
    return ipaddress.ip_address(listener.getsockname()[0]).is_loopback


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _names(host: str, *, local: bool, named: bool) -> tuple[str, ...]:
    """What the site answers to. One that has a base URL is for everybody, and behind a proxy that knows its names."""
    from queuemark.web.settings import LOOPBACK

    if local:
        return LOOPBACK
    own = socket.gethostname().lower()
    return () if named else tuple(dict.fromkeys((host.lower(), own, f"{own}.local", *LOOPBACK)))


def _settings(
    database: str | None,
    base_url: str | None,
    trusted_proxy: tuple[str, ...],
    dumps: Path | None,
    local: bool,
    names: tuple[str, ...],
    rate_per_s: float | None,
) -> Settings:
    from queuemark.web.settings import Settings

    if base_url is not None and not base_url.startswith(("http://", "https://")):
        raise UsageError(
            f"--base-url {base_url!r} is no address of a site; write for example https://results.example.org"
        )
    for address in trusted_proxy:
        _check_address(address)
    if dumps is not None and not dumps.is_dir():
        raise UsageError(f"--dumps {dumps}: there is no such directory; create it or name another")
    return Settings(
        database=database,
        base_url=base_url.rstrip("/") if base_url else None,
        names=names,
        trusted_proxy=trusted_proxy,
        rate_per_s=(0.0 if local else _PUBLIC_RATE_PER_S) if rate_per_s is None else rate_per_s,
        dumps=dumps,
    )


def _check_address(address: str) -> None:
    try:
        ipaddress.ip_address(address)
    except ValueError as error:
        raise UsageError(f"--trusted-proxy {address!r} is no address; write for example 10.0.0.1") from error


@contextmanager
def _without_collecting() -> Iterator[None]:
    """For loading: modules stay, and to look through them for garbage again and again is a tenth of a site's start."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _configured(settings: Settings, workers: int) -> uvicorn.Config:
    """Raises: QueuemarkError when the extra is not installed."""
    try:
        import uvicorn

        from queuemark.web.app import create_app
        from queuemark.web.settings import into_environment
    except ModuleNotFoundError as error:
        if error.name not in _EXTRA:
            raise
        raise QueuemarkError(
            f"cannot serve: {error.name} is not installed here; install it: pip install 'queuemark[web]'"
        ) from error
    into_environment(settings)
    return uvicorn.Config(
        create_app(settings) if workers == 1 else "queuemark.web.app:served",
        factory=workers > 1,
        workers=workers,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=_ENDING_S,
    )


def _check_record(settings: Settings) -> None:
    """It is made or migrated here, once and before anybody asks for it.

    Raises: what opening the record does.
    """
    from queuemark.store.record import Record

    Record.open(settings.database, settings.directory).close()


def _serve(config: uvicorn.Config, listener: socket.socket) -> None:
    """Until a signal."""
    import uvicorn

    if config.workers == 1:
        uvicorn.Server(config).run([listener])
        return
    from uvicorn.supervisors import Multiprocess

    class Workers(Multiprocess):
        interrupted = False

        def handle_int(self) -> None:
            self.interrupted = True
            super().handle_int()

    workers = Workers(config, [listener])
    workers.run()
    if workers.interrupted:
        raise KeyboardInterrupt


@contextmanager
def _ended_by_term() -> Iterator[None]:
    """SIGTERM is the ordinary end, also of a site that does not serve yet.

    The server hears of it in our place, and when it has ended it sends itself the same signal once more.
    """

    def ended(number: int, frame: FrameType | None) -> None:
        raise SystemExit(0)

    before = signal.signal(signal.SIGTERM, ended)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
