"""The options that choose among the cases of a session, the same for every command that shows some."""

from __future__ import annotations

__all__ = ["SELECTING", "selection_options"]

from collections.abc import Callable
from typing import Any, TypeVar

import rich_click as click

F = TypeVar("F", bound=Callable[..., Any])

SELECTING = "--only, --size, --consumers, --policy and --pattern"

_OPTIONS = (
    ("--only", "transports", "Mechanisms to show: tcp,pipe.  [default: all]"),
    ("--size", "sizes", "Message sizes to show: 64 or 16..4k.  [default: all]"),
    ("--consumers", "consumers", "Numbers of consumers to show: 1,4.  [default: all]"),
    ("--policy", "policies", "Policies to show: each,buffer:16k.  [default: all]"),
    ("--pattern", "patterns", "Patterns to show: share,fanout,pingpong.  [default: all]"),
)


def selection_options(command: F) -> F:
    """Adds them; their parameters are those of queuemark.views.selection.read_selection."""
    for option, name, said in reversed(_OPTIONS):
        command = click.option(option, name, metavar="LIST", default="", help=said)(command)
    return command
