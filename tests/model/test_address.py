"""Where a server is: read from a person's words, shown without the login."""

from __future__ import annotations

import pytest

from queuemark.model.address import read_address
from queuemark.model.errors import UsageError


@pytest.mark.parametrize(
    ("url", "host", "port", "user", "password"),
    [
        ("redis://example", "example", 6379, None, None),
        ("redis://example:1/", "example", 1, None, None),
        ("redis://me:a%40b@[::1]:70", "::1", 70, "me", "a@b"),
        ("redis://:secret@example", "example", 6379, None, "secret"),
        ("redis://token@example", "example", 6379, "token", None),
    ],
)
def test_an_address_is_taken_apart(url: str, host: str, port: int, user: str | None, password: str | None) -> None:
    found = read_address(url, "redis", 6379)
    assert (found.host, found.port, found.user, found.password) == (host, port, user, password)


def test_an_address_is_shown_without_its_login() -> None:
    found = read_address("redis://anna:secret@[::1]:70", "redis", 6379)
    assert str(found) == "redis://[::1]:70"
    assert "secret" not in repr(found)
    assert "anna" not in repr(found)


def test_a_name_stands_behind_the_slash_where_there_can_be_one() -> None:
    found = read_address("postgresql://me@example/a%20b", "postgresql", 5432, named=True)
    assert (found.host, found.name, str(found)) == ("example", "a b", "postgresql://example:5432")
    with pytest.raises(UsageError, match=r"postgresql://USER:PASSWORD@HOST:5432"):
        read_address("postgresql://example/a/b", "postgresql", 5432, named=True)


@pytest.mark.parametrize(
    "url",
    [
        "redis://",
        "nats://me:secret@example",
        "redis://me:secret@:1",
        "redis://me:secret@example:0",
        "redis://me:secret@example:70000",
        "redis://me:secret@example:port",
        "redis://me:secret@example/3",
        "redis://me:secret@example?a=b",
        "redis://me:secret@[::1",
    ],
)
def test_what_is_no_address_is_refused_without_repeating_a_login(url: str) -> None:
    with pytest.raises(UsageError, match=r"redis://USER:PASSWORD@HOST:6379") as caught:
        read_address(url, "redis", 6379)
    assert "secret" not in str(caught.value)
