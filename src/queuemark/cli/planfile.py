"""A plan in a TOML file: top-level keys for the whole, or for what every ``[[sweep]]`` has unless it says otherwise.

    repeats = 5
    duration = "500ms"
    transports = ["tcp", "unix-stream"]

    [[sweep]]
    sizes = "1..4096"
    params = { nodelay = [0, 1] }

Values are what the options take: text, numbers, or lists of them. Every complaint names the file and the place.
"""

from __future__ import annotations

__all__ = ["PlanFile", "read_plan_file"]

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from queuemark.cli.asked import Asked, merged
from queuemark.model.errors import UsageError, nearest

_AXES = tuple(Asked.__struct_fields__)
_WHOLE = ("repeats", "seed", "inject", "stall", "messages", "messages_format")


class PlanFile(msgspec.Struct, frozen=True, kw_only=True):
    """sweeps: at least one. The others as the options of the same names take them, null where nothing is said."""

    sweeps: tuple[Asked, ...]
    repeats: str | None = None
    seed: str | None = None
    inject: str | None = None
    stall: str | None = None
    messages: str | None = None
    messages_format: str | None = None


def read_plan_file(path: Path) -> PlanFile:
    """Raises: UsageError when it is missing, is not TOML, or has an unknown key or a value of the wrong kind."""
    document = _document(path)
    tables = document.pop("sweep", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise UsageError(f"plan {path}: sweep is not a list of tables; write [[sweep]]")
    _check_keys(path, "", document, (*_AXES, *_WHOLE, "sweep"))
    whole = {name: _text(path, name, document[name]) for name in _WHOLE if name in document}
    shared = _asked(path, "", {name: value for name, value in document.items() if name not in _WHOLE})
    sweeps = []
    for number, table in enumerate(tables, start=1):
        place = f"sweep {number}: "
        _check_keys(path, place, table, _AXES)
        sweeps.append(merged(shared, _asked(path, place, table)))
    return PlanFile(sweeps=tuple(sweeps) or (shared,), **whole)


def _document(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise UsageError(f"plan {path} cannot be read: {error.strerror or error}") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"plan {path} is not TOML: {error}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"plan {path} is not TOML: byte {error.start} is not UTF-8") from error


def _check_keys(path: Path, place: str, table: dict[str, Any], known: tuple[str, ...]) -> None:
    for key in table:
        if key not in known:
            raise UsageError(f"plan {path}: {place}unknown key {key!r}; {nearest(key, known)}")


def _asked(path: Path, place: str, table: dict[str, Any]) -> Asked:
    params = table.get("params", {})
    if not isinstance(params, dict):
        raise UsageError(f"plan {path}: {place}params is not a table; write params = {{ name = value }}")
    return Asked(
        **{name: _text(path, f"{place}{name}", value) for name, value in table.items() if name != "params"},
        params={name: _text(path, f"{place}params.{name}", value, flags=True) for name, value in params.items()},
    )


def _text(path: Path, key: str, value: Any, *, flags: bool = False) -> str:
    """What the option of that name would have been given. flags: true and false are allowed too."""
    values = value if isinstance(value, list) else [value]
    if not values:
        raise UsageError(f"plan {path}: {key} is an empty list; give a value or leave it out")
    return ",".join(_word(path, key, each, flags) for each in values)


def _word(path: Path, key: str, value: Any, flags: bool) -> str:
    if isinstance(value, bool):
        if flags:
            return str(int(value))
    elif isinstance(value, int | str):
        return str(value)
    elif isinstance(value, float):
        return f"{Decimal(repr(value)):f}"
    kind = {dict: "a table", list: "a list within a list", bool: "true or false"}.get(type(value), "a date or time")
    raise UsageError(f"plan {path}: {key} is {kind}; write text, a number, or a list of them")
