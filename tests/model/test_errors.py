"""Exit codes, and the half sentence that helps with a mistyped word."""

from __future__ import annotations

import pytest

from queuemark.model import errors


def test_every_error_has_the_exit_code_of_the_tree() -> None:
    codes = {name: getattr(errors, name).exit_code for name in errors.__all__ if name != "nearest"}
    assert codes == {
        "QueuemarkError": 1,
        "UsageError": 2,
        "NotFound": 2,
        "Conflict": 2,
        "Withdrawn": 2,
        "NothingAvailable": 3,
        "NotProved": 4,
        "TooNoisy": 5,
        "Regression": 10,
        "Interrupted": 130,
    }
    assert all(f"{name} " in (errors.__doc__ or "") for name in codes)


@pytest.mark.parametrize(
    ("word", "said"),
    [("unix-steam", "did you mean 'unix-stream'?"), ("carrier-pigeon", "known: tcp, unix-stream"), ("tcp", "did you")],
)
def test_the_nearest_word(word: str, said: str) -> None:
    assert errors.nearest(word, ["unix-stream", "tcp"]).startswith(said)


def test_nothing_known_is_said() -> None:
    assert errors.nearest("tcp", []) == "known: none"
