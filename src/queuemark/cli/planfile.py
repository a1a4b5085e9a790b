"""A plan in a TOML file: top-level keys for the whole, or for what every ``[[sweep]]`` has unless it says otherwise.

    repeats = 5
    duration = "500ms"
    transports = ["tcp", "unix-stream"]

    [[sweep]]
    sizes = "1..4096"
    params = { nodelay = [0, 1] }

Values are what the options take: text, numbers, or lists of them. Every complaint names the file, the line and the key.
"""

from __future__ import annotations

__all__ = ["PlanFile", "place_of", "read_plan_file"]

import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from queuemark.cli.asked import (
    OWN_SIZES,
    Asked,
    check_axis,
    check_params,
    merged,
    read_inject,
    read_messages_format,
    read_repeats,
    read_seed,
    read_transports,
    read_until,
)
from queuemark.model.errors import UsageError, nearest
from queuemark.model.transport import Transport
from queuemark.model.units import parse_duration_s

_AXES = tuple(Asked.__struct_fields__)
_WHOLE: dict[str, Callable[[str], object]] = {
    "repeats": read_repeats,
    "until": read_until,
    "seed": read_seed,
    "inject": read_inject,
    "stall": lambda text: parse_duration_s(text, "stall"),
    "messages": str,
    "messages_format": read_messages_format,
}

_Key = tuple[str | int, ...]
"""Where something stands in the document: ``("sweep", 1, "sizes")``."""


class PlanFile(msgspec.Struct, frozen=True, kw_only=True):
    """sweeps: at least one. The others as the options of the same names take them, null where nothing is said."""

    sweeps: tuple[Asked, ...]
    repeats: str | None = None
    until: str | None = None
    seed: str | None = None
    inject: str | None = None
    stall: str | None = None
    messages: str | None = None
    messages_format: str | None = None


def read_plan_file(path: Path, known: Mapping[str, Transport]) -> PlanFile:
    """Raises: UsageError when it is missing, is not TOML, or has an unknown key or a value that cannot be read."""
    return _Reader(path, _source(path), known).plan()


def place_of(path: Path, key: str) -> str:
    """Where a plan that was read before has this top-level key: ``plan FILE: line 3``."""
    return _place(path, _source(path), (key,))


def _source(path: Path) -> str:
    try:
        # TOML ends lines as Windows does, too; tomllib wants them told apart from a lone carriage return.
        return path.read_bytes().decode().replace("\r\n", "\n")
    except OSError as error:
        raise UsageError(f"plan {path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"plan {path} is not TOML: byte {error.start} is not UTF-8") from error


class _Reader:
    """One plan; source: its text, from which the line of a complaint is found."""

    def __init__(self, path: Path, source: str, known: Mapping[str, Transport]) -> None:
        self._path, self._source, self._known = path, source, known

    def plan(self) -> PlanFile:
        document = self._document()
        if not document:
            raise UsageError(f'plan {self._path} is empty; name what to measure, for example: transports = "tcp"')
        tables = document.pop("sweep", [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            with self._at(("sweep",)):
                raise UsageError("sweep is not a list of tables; write [[sweep]]")
        self._check_keys((), document, (*_AXES, *_WHOLE, "sweep"))
        if "messages" in document:
            self._check_no_sizes((), document)
            for place, table in enumerate(tables):
                self._check_no_sizes(("sweep", place), table)
        whole = {name: self._whole(name, document[name]) for name in _WHOLE if name in document}
        shared = self._asked((), {name: value for name, value in document.items() if name not in _WHOLE})
        # What is said for all sweeps may fit only some of them.
        self._check_params((), shared.params, read_transports(None if tables else shared.transports, self._known))
        sweeps = [self._sweep(shared, ("sweep", place), table) for place, table in enumerate(tables)]
        return PlanFile(sweeps=tuple(sweeps) or (shared,), **whole)

    def _document(self) -> dict[str, Any]:
        try:
            return tomllib.loads(self._source)
        except tomllib.TOMLDecodeError as error:
            raise UsageError(f"plan {self._path} is not TOML: {self._misread(error)}") from error

    def _misread(self, error: tomllib.TOMLDecodeError) -> str:
        """``line 3, column 5: Unclosed array``; what shows at the end has its line, too."""
        said, found, place = str(error).removesuffix(")").rpartition(" (at ")
        if place == "end of document":
            place = f"line {len(self._source.rstrip().splitlines())}"
        return f"{place}: {said}" if found else str(error)

    def _sweep(self, shared: Asked, place: _Key, table: dict[str, Any]) -> Asked:
        self._check_keys(place, table, _AXES)
        asked = self._asked(place, table)
        sweep = merged(shared, asked)
        self._check_params(place, asked.params, read_transports(sweep.transports, self._known))
        return sweep

    def _whole(self, name: str, value: Any) -> str:
        with self._at((name,)):
            text = _text(name, value)
            with _naming(name):
                _WHOLE[name](text)
        return text

    def _check_keys(self, place: _Key, table: dict[str, Any], known: tuple[str, ...]) -> None:
        for key in table:
            if key not in known:
                with self._at((*place, key)):
                    raise UsageError(f"unknown key {key!r}; {nearest(key, known)}")

    def _asked(self, place: _Key, table: dict[str, Any]) -> Asked:
        params = table.get("params", {})
        if not isinstance(params, dict):
            with self._at((*place, "params")):
                raise UsageError("params is not a table; write params = { name = value }")
        if "items" in table and "duration" in table:
            with self._at((*place, "duration")):
                raise UsageError("items and duration exclude each other; give one of them")
        axes: dict[str, str] = {}
        for name, value in table.items():
            if name != "params":
                with self._at((*place, name)):
                    axes[name] = _text(name, value)
                    with _naming(name):
                        check_axis(name, axes[name], self._known)
        return Asked(**axes, params={name: self._param(place, name, value) for name, value in params.items()})

    def _check_no_sizes(self, place: _Key, table: dict[str, Any]) -> None:
        if "sizes" in table:
            with self._at((*place, "sizes")):
                raise UsageError(OWN_SIZES)

    def _param(self, place: _Key, name: str, value: Any) -> str:
        with self._at((*place, "params", name)):
            return _text(f"params.{name}", value, flags=True)

    def _check_params(self, place: _Key, params: Mapping[str, str], names: tuple[str, ...]) -> None:
        """One of the transports has each parameter, and those that do take its values."""
        for name, text in params.items():
            with self._at((*place, "params", name)):
                check_params([name], names, self._known)
                self._check_values(name, text, names)

    def _check_values(self, name: str, text: str, names: tuple[str, ...]) -> None:
        for transport in names:
            for param in self._known[transport].params:
                if param.name == name:
                    for value in text.split(","):
                        param.read(value.strip())

    @contextmanager
    def _at(self, key: _Key) -> Iterator[None]:
        """What is complained about within is complained about with the file, the line and the sweep."""
        try:
            yield
        except UsageError as error:
            sweep = f"sweep {int(key[1]) + 1}: " if len(key) > 1 and key[0] == "sweep" else ""
            raise UsageError(f"{_place(self._path, self._source, key)}: {sweep}{error}") from error


@contextmanager
def _naming(key: str) -> Iterator[None]:
    try:
        yield
    except UsageError as error:
        raise UsageError(f"{key}: {error}") from error


def _place(path: Path, source: str, key: _Key) -> str:
    return f"plan {path}: line {_line(source, key)}"


def _line(source: str, key: _Key) -> int:
    """The 1-based line on which the statement begins that brings the key into the document.

    tomllib does not tell; the longest whole beginning of the document without the key ends right before it.
    """
    lines, before = source.split("\n"), 0
    for count in range(1, len(lines) + 1):
        try:
            document = tomllib.loads("\n".join(lines[:count]) + "\n")
        except tomllib.TOMLDecodeError:
            continue
        if _holds(document, key):
            break
        before = count
    return before + 1


def _holds(value: Any, key: _Key) -> bool:
    for part in key:
        if isinstance(value, dict) and part in value:
            value = value[str(part)]
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return False
    return True


def _text(key: str, value: Any, *, flags: bool = False) -> str:
    """What the option of that name would have been given. flags: true and false are allowed too."""
    values = value if isinstance(value, list) else [value]
    if not values:
        raise UsageError(f"{key} is an empty list; give a value or leave it out")
    return ",".join(_word(key, each, flags) for each in values)


def _word(key: str, value: Any, flags: bool) -> str:
    if isinstance(value, bool):
        if flags:
            return str(int(value))
    elif isinstance(value, int | str):
        return str(value)
    elif isinstance(value, float):
        return f"{Decimal(repr(value)):f}"
    kind = {dict: "a table", list: "a list within a list", bool: "true or false"}.get(type(value), "a date or time")
    raise UsageError(f"{key} is {kind}; write text, a number, or a list of them")
