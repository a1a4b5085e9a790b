"""``queuemark limits``: what is typed becomes a link, and what cannot be read one line."""

from __future__ import annotations

import csv

import pytest

from .conftest import Call


def test_every_way_to_send_is_shown(call: Call) -> None:
    answer = call("limits", "--link", "100M", "--mtu", "1500", "--size", "16")
    assert (answer.code, answer.err) == (0, "")
    for told in ("148,809", "8,127", "781,250", "udp", "tcp", "why it cannot be"):
        assert told in answer.out
    assert answer.out.endswith("again: queuemark limits --link 100M --mtu 1500 --size 16\n")


def test_options_reach_the_table_and_the_command_that_makes_it_again(call: Call) -> None:
    words = ["--link", "10G", "--mtu", "9000", "--size", "64", "--per-packet", "10", "--transport", "udp", "--vlan"]
    answer = call("limits", *words, "--wide")
    assert answer.code == 0
    assert "Ethernet, tagged, IPv4, mtu 9000" in answer.out
    # 20 + 8 + 640 bytes of IPv4 in 18 + 4 of Ethernet and 20 around it: 710 bytes.
    assert "1,760,563" in answer.out
    assert answer.out.endswith(f"again: queuemark limits {' '.join(words)}\n")


def test_ipv6_has_longer_headers(call: Call) -> None:
    answer = call("limits", "--link", "100M", "--size", "16", "--transport", "udp", "--per-packet", "1", "--ipv6")
    assert "IPv6" in answer.out
    assert str(12_500_000 // 102)[:3] in answer.out.replace(",", "")
    assert answer.out.endswith("--per-packet 1 --transport udp --ipv6\n")


def test_what_was_measured_here_says_how_many_cores_it_takes(call: Call) -> None:
    before = call("limits", "--link", "1G", "--size", "64")
    assert "tcp,udp -s 64 --policy each,vector,buffer" in before.out
    assert call("run", "-t", "tcp", "-s", "64", "--items", "10", "--repeats", "1").code == 0
    after = call("limits", "--link", "1G", "--size", "64")
    assert "How many cores of this machine would that keep busy?" in after.out
    assert "--policy each,vector,buffer" not in after.out


def test_csv_holds_the_figures_as_they_are(call: Call) -> None:
    answer = call("limits", "--link", "1G", "--transport", "tcp", "--format", "csv")
    rows = list(csv.DictReader(answer.out.splitlines()))
    assert [row["wire_bytes_per_packet"] for row in rows] == ["106", "1538"]
    assert float(rows[1]["messages_per_packet"]) == 90.5


def test_without_a_link_the_machine_is_probed(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_PROBES", "ok")
    answer = call("limits")
    assert (answer.code, answer.err) == (0, "")
    for told in ("syscall", "10 GB/s", "not available here: cache-line: it takes two cpus", "again: queuemark limits"):
        assert told in answer.out
    figures = call("limits", "--quick", "--json", "-").json
    assert [figure["name"] for figure in figures] == ["syscall", "copy", "cache-line"]


def test_without_probes_there_are_no_limits(call: Call) -> None:
    answer = call("limits")
    assert (answer.code, answer.out) == (3, "")
    assert "no runner here has probes that work" in answer.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--link", "1G", "--quick"], "--quick and --json are of this machine, --link is of a wire"),
        (["--size", "64"], "--size is of a wire; write for example --link 100M, or leave it out"),
        (["--link", "fast"], "link 'fast' is not a number with a unit; write for example 1000, 10k or 1M"),
        (["--link", "0"], "link '0' must be at least 1"),
        (["--link", "1G", "--mtu", "20"], "an mtu of 20 B cannot carry IPv4; it is 68 to 65535"),
        (["--link", "1G", "--size", "0"], "size '0' must be at least 1"),
        (["--link", "1G", "--per-packet", "1.5"], "messages per packet '1.5' is not a whole number"),
        (["--link", "1G", "--transport", "sctp"], "'sctp' is not one of 'udp', 'tcp'"),
        (["--link", "1G", "--size", "64k", "--transport", "udp"], "a datagram of UDP carries at most 65507"),
    ],
)
def test_bad_input_is_one_line(call: Call, words: list[str], told: str) -> None:
    answer = call("limits", *words)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("queuemark: ")
    assert answer.err.count("\n") == 1
    assert told in answer.err
