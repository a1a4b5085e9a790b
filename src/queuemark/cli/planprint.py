"""A plan file written from what was asked for: reading it back makes the same cases.

1. What every sweep says stands once, above the first ``[[sweep]]``; one sweep alone needs no table.
2. Each key that is said is explained where it first stands; the others are listed at the end with their defaults.
3. A seed is written only when one was given: a plan without it draws its own each time.
"""

from __future__ import annotations

__all__ = ["plan_text"]

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from queuemark.cli.asked import Asked
from queuemark.cli.planfile import PlanFile
from queuemark.model.errors import UsageError
from queuemark.model.mix import size_words

_AXES = tuple(name for name in Asked.__struct_fields__ if name != "params")
_WHOLE = tuple(name for name in PlanFile.__struct_fields__ if name != "sweeps")
_SINGLE = ("messages",)
"""Keys whose text is one value, commas included."""


def plan_text(plan: PlanFile, meanings: Mapping[str, str]) -> str:
    """The file's text; meanings: a line for each key, as the options' help says it.

    Raises: UsageError for a path that TOML cannot hold.
    """
    return "\n".join(_Writer(meanings).lines(plan)) + "\n"


class _Writer:
    """Explains each key once."""

    def __init__(self, meanings: Mapping[str, str]) -> None:
        self._meanings = dict(meanings)

    def lines(self, plan: PlanFile) -> Iterator[str]:
        shared = _shared(plan.sweeps)
        yield "# A plan; run it with: queuemark run PLAN.toml. Lists are swept; the sweep is their product."
        yield ""
        yield from self._keys({name: getattr(plan, name) for name in _WHOLE})
        yield from self._sweep(shared)
        for sweep in plan.sweeps if len(plan.sweeps) > 1 else ():
            yield from ("", "[[sweep]]")
            yield from self._sweep(_without(sweep, shared))
        unsaid = [name for name in (*_WHOLE, *_AXES, "params") if name in self._meanings]
        if unsaid:
            yield from ("", "# What else may be said:")
            yield from (f"#   {name}: {self._meanings[name]}" for name in unsaid)

    def _sweep(self, sweep: Asked) -> Iterator[str]:
        yield from self._keys({name: getattr(sweep, name) for name in _AXES})
        if sweep.params:
            yield from self._meaning("params")
            told = (f"{_key(name)} = {_value(_parted(name, text))}" for name, text in sweep.params.items())
            yield f"params = {{ {', '.join(told)} }}"

    def _keys(self, said: Mapping[str, str | None]) -> Iterator[str]:
        for name, text in said.items():
            if text is not None:
                yield from self._meaning(name)
                yield f"{name} = {_quoted(text) if name in _SINGLE else _value(_parted(name, text))}"

    def _meaning(self, name: str) -> Iterator[str]:
        meaning = self._meanings.pop(name, None)
        if meaning is not None:
            yield f"# {meaning}"


def _shared(sweeps: Sequence[Asked]) -> Asked:
    """What all sweeps say alike; parameters only as a whole, since a sweep cannot take one back."""
    first = sweeps[0]
    same = {name for name in Asked.__struct_fields__ if len({_frozen(getattr(sweep, name)) for sweep in sweeps}) == 1}
    return Asked(**{name: getattr(first, name) for name in same})


def _without(sweep: Asked, shared: Asked) -> Asked:
    said = {name: getattr(sweep, name) for name in _AXES if getattr(shared, name) is None}
    return Asked(**said, params={} if shared.params else sweep.params)


def _frozen(value: Any) -> Any:
    return tuple(value.items()) if isinstance(value, dict) else value


def _key(name: str) -> str:
    return name if name.replace("_", "a").replace("-", "a").isalnum() and name.isascii() else _quoted(name)


def _parted(name: str, text: str) -> list[str]:
    """The values of an axis; a mix of sizes is one, with commas in it."""
    return size_words(text) if name == "sizes" else text.split(",")


def _value(words: list[str]) -> str:
    parts = [_word(word) for word in words]
    return parts[0] if len(parts) == 1 else f"[{', '.join(parts)}]"


def _word(text: str) -> str:
    return text if text.isascii() and text.isdecimal() and str(int(text)) == text else _quoted(text)


def _quoted(text: str) -> str:
    """A basic string: JSON's escapes are TOML's, but for DEL, which TOML wants escaped, too."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"{text!r} cannot stand in a plan: it is not UTF-8; rename it") from error
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
