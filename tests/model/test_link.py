"""A wire in words, and what no wire is."""

from __future__ import annotations

import pytest

from queuemark.model.errors import UsageError
from queuemark.model.link import Link, check_link, link_text, parse_link


@pytest.mark.parametrize(
    ("text", "link", "shown"),
    [
        ("100M", Link(bits_per_s=100_000_000), "100 Mb/s"),
        ("10G/9000", Link(bits_per_s=10_000_000_000, mtu_bytes=9000), "10 Gb/s, mtu 9000"),
        ("2.5G/1500", Link(bits_per_s=2_500_000_000), "2.5 Gb/s"),
    ],
)
def test_a_link_in_words(text: str, link: Link, shown: str) -> None:
    assert (parse_link(text), link_text(link)) == (link, shown)


def test_what_is_not_usual_is_said() -> None:
    assert link_text(Link(bits_per_s=10**9, vlan=True, ip=6)) == "1 Gb/s, tagged, IPv6"


@pytest.mark.parametrize(
    ("link", "told"),
    [
        (Link(bits_per_s=1, mtu_bytes=67), "an mtu of 67 B cannot carry IPv4; it is 68 to 65535"),
        (Link(bits_per_s=1, mtu_bytes=65536), "an mtu of 65536 B cannot carry IPv4"),
        (Link(bits_per_s=1, mtu_bytes=1279, ip=6), "an mtu of 1279 B cannot carry IPv6; it is 1280 to 65535"),
    ],
)
def test_an_mtu_that_no_packet_has(link: Link, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        check_link(link)


@pytest.mark.parametrize("text", ["fast", "0", "100M/", "100M/20", "/1500", ""])
def test_what_is_no_link(text: str) -> None:
    with pytest.raises(UsageError):
        parse_link(text)
