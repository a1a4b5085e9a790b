"""A shaped link between two namespaces: what it counts, what comes through it, and what is left of it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from queuemark.analysis.wire import tcp_stream_limit, udp_limit
from queuemark.measure import link as measured_link
from queuemark.measure.link import Links, LinkUnavailable, ShapedLink
from queuemark.model.link import Link, parse_link
from queuemark.model.trial import TrialCounts
from tests.conformance.runs import Load, assert_proved, offer_of, run_load
from tests.measure.links import made

M100 = parse_link("100M")
TCP_FRAMING_BYTES = 4

SENDER = """
import socket, sys
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(int(sys.argv[2])):
    sender.sendto(bytes(int(sys.argv[1])), ("192.0.2.2", 9))
"""


def over(shaped: ShapedLink, **more: Any) -> dict[str, Any]:
    """What a runner is told of the two sides, and further options."""
    return {
        "producer-address": shaped.ends.producer_address,
        "consumer-address": shaped.ends.consumer_address,
        "consumer-netns": shaped.ends.consumer_netns,
        **more,
    }


def perform(shaped: ShapedLink, transport: str, trial: Load) -> TrialCounts:
    offer = offer_of(transport)
    if offer is None or not offer.transport.available:
        pytest.skip(f"{transport} is unavailable here")
    return assert_proved(offer, trial, run_load(offer, trial, before=shaped.before))


def sent(shaped: ShapedLink) -> tuple[int, int]:
    """Bytes and packets that the producer's side has shaped so far."""
    (told,) = json.loads(shaped.tell(0, "tc", "-s", "-j", "qdisc", "show", "dev", "qm-producer"))
    return told["bytes"], told["packets"]


@pytest.mark.parametrize("link", [M100, parse_link("100M/9000"), Link(bits_per_s=10**8, vlan=True)], ids=str)
def test_m25_the_shaper_counts_whole_frames(link: Link) -> None:
    with made(link) as shaped:

        def send(size_bytes: int, count: int) -> tuple[int, int]:
            before = sent(shaped)
            shaped.tell(0, sys.executable, "-IS", "-c", SENDER, str(size_bytes), str(count))
            after = sent(shaped)
            return after[0] - before[0], after[1] - before[1]

        # The first one asks for the other's address.
        send(1, 1)
        for size_bytes in (1, 18, 19, 20, 64, 1460, link.mtu_bytes - 28):
            limit = udp_limit(link, size_bytes, 1)
            assert send(size_bytes, 3) == (3 * limit.wire_bytes, 3)


def test_m25_tcp_hands_down_one_segment_at_a_time() -> None:
    """Several that were counted as one frame would pass at more than the link's rate."""
    with made(M100) as shaped:
        counted = perform(shaped, "tcp", Load(size=1460, items=2000, warmup=0, more=over(shaped)))
        shaped_bytes, packets = sent(shaped)
    full = counted.bytes_on_wire // (M100.mtu_bytes - 52)
    assert packets >= full
    assert shaped_bytes >= full * M100.wire_bytes(M100.mtu_bytes)


@pytest.mark.timeout(200)
@pytest.mark.parametrize(
    ("rate", "size_bytes"), [("10M", 16), ("10M", 64), ("100M", 512), ("100M", 1460)], ids=lambda value: str(value)
)
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_m25_a_wire_carries_what_whole_frames_allow_and_no_more(transport: str, rate: str, size_bytes: int) -> None:
    """Never more than the limit; and that it can be reached is shown by the best of a few trials on a busy machine."""
    link = parse_link(rate)
    framed = size_bytes + TCP_FRAMING_BYTES
    limit = udp_limit(link, size_bytes, 1) if transport == "udp" else tcp_stream_limit(link, framed)
    shares: list[float] = []
    with made(link) as shaped:
        while len(shares) < 5 and not any(share >= 0.9 for share in shares):
            result = perform(shaped, transport, Load(size=size_bytes, items=None, more=over(shaped, duration=1)))
            shares.append(result.delivered * 1e9 / result.window_ns / limit.messages_per_s)
    assert max(shares) <= 1.01
    assert max(shares) >= 0.9


def test_who_sends_faster_than_the_link_waits_and_loses_nothing_to_it() -> None:
    with made(parse_link("10M")) as shaped:
        result = perform(shaped, "udp", Load(size=1460, items=400, more=over(shaped)))
        (told,) = json.loads(shaped.tell(0, "tc", "-s", "-j", "qdisc", "show", "dev", "qm-producer"))
    assert (told["drops"], result.sent) == (0, 400)


def test_several_consumers_share_the_link() -> None:
    with made(M100) as shaped:
        for transport in ("udp", "tcp"):
            result = perform(shaped, transport, Load(size=64, consumers=3, items=3000, more=over(shaped)))
            assert len(result.consumers) == 3


def namespaces_held() -> set[str]:
    held = set()
    for place in Path("/proc/self/fd").iterdir():
        # The directory's own descriptor is closed again by now.
        with contextlib.suppress(FileNotFoundError):
            held.add(str(place.readlink()))
    return {name for name in held if name.startswith(("net:[", "user:["))}


def test_nothing_is_left_of_a_closed_link() -> None:
    before = namespaces_held()
    with made(M100):
        assert len(namespaces_held() - before) >= 2
    assert namespaces_held() == before
    near = subprocess.run(["ip", "link"], capture_output=True, text=True, check=True).stdout
    assert "qm-producer" not in near


def test_links_are_made_once_and_refused_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Link] = []

    def refuse(link: Link) -> ShapedLink:
        tried.append(link)
        raise LinkUnavailable("none here", "go elsewhere")

    monkeypatch.setattr(measured_link, "ShapedLink", refuse)
    with Links() as links:
        for _ in range(2):
            with pytest.raises(LinkUnavailable, match="none here") as refused:
                links.opened(M100)
            assert refused.value.remedy == "go elsewhere"
    assert tried == [M100]


def test_a_missing_program_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    find = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name, **more: None if name == "tc" else find(name, **more))
    with pytest.raises(LinkUnavailable, match="a link needs tc, which is not here") as refused:
        ShapedLink(M100)
    assert refused.value.remedy == "install it: apt-get install iproute2"


def fake(tmp_path: Path, name: str, script: str) -> None:
    path = tmp_path / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_without_the_right_to_make_namespaces_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(tmp_path, "unshare", "echo 'unshare failed: Operation not permitted' >&2; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    before = namespaces_held()
    with pytest.raises(LinkUnavailable, match=r"no network namespace can be made here: .*not permitted") as refused:
        ShapedLink(M100)
    assert "run as root" in refused.value.remedy
    assert namespaces_held() == before


def test_a_step_that_fails_is_told_with_what_was_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with made(M100):
        pass
    fake(tmp_path, "tc", "echo 'Error: Specified qdisc kind is unknown.' >&2; exit 2")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    before = namespaces_held()
    with pytest.raises(LinkUnavailable, match=r"tc qdisc add dev qm-producer .* said: Error: Specified qdisc"):
        ShapedLink(M100)
    assert namespaces_held() == before


@pytest.mark.parametrize("link", [parse_link("1G/20000"), Link(bits_per_s=10**9, ip=6)], ids=str)
def test_what_is_not_made_here(link: Link) -> None:
    with pytest.raises(LinkUnavailable, match="is not made here"):
        ShapedLink(link)
