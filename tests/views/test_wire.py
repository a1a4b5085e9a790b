"""What a wire allows, as a table, and the words about an old claim."""

from __future__ import annotations

from typing import Any

import pytest

from queuemark.analysis.costs import MessageCost
from queuemark.model.errors import UsageError
from queuemark.model.link import Link
from queuemark.views.render import text
from queuemark.views.table import Cell, Table
from queuemark.views.wire import claim_lines, wire_tables
from tests.examples import case

M100 = Link(bits_per_s=100_000_000)


def wire_table(link: Link, size_bytes: int, **more: Any) -> Table:
    """The first one; nothing was measured."""
    (table,) = wire_tables(link, size_bytes, command="again", **more)
    return table


def by_name(table: Table) -> dict[Cell, list[str]]:
    return {row[0]: shown[1:] for row, shown in zip(table.rows, table.texts(), strict=True)}


def test_m25_the_table_says_what_a_wire_allows() -> None:
    assert by_name(wire_table(M100, 16)) == {
        "messages alone": ["-", "-", "16", "-", "781,250", "-", "1,280", "100 %"],
        "minimum frames": ["-", "1", "84", "148,809", "-", "6,720", "-", "-"],
        "full frames": ["-", "1", "1,538", "8,127", "-", "123,040", "-", "-"],
        "udp, one a datagram": ["1", "1", "84", "148,809", "148,809", "6,720", "6,720", "19 %"],
        "udp, datagrams packed": ["92", "1", "1,538", "8,127", "747,724", "123,040", "1,337", "96 %"],
        "tcp, each sent off": ["1", "1", "106", "117,924", "117,924", "8,480", "8,480", "15 %"],
        "tcp, segments full": ["90.5", "1", "1,538", "8,127", "735,533", "123,040", "1,360", "94 %"],
    }


def test_m25_the_claim_of_millions_is_answered_by_arithmetic() -> None:
    told = " ".join(claim_lines(M100))
    for figure in ("7,424,000", "950 Mb/s, 9.5 times", "12.5 MB/s / 16 B is 781,250", "6,250,000", "4,640 B", "8,127"):
        assert figure in told


@pytest.mark.parametrize(
    ("bits_per_s", "size_bytes", "told"), [(10**8, 16, True), (10**8, 64, False), (10**9, 16, False)]
)
def test_the_claim_is_spoken_of_where_it_was_made(bits_per_s: int, size_bytes: int, told: bool) -> None:
    below = wire_table(Link(bits_per_s=bits_per_s), size_bytes).below
    assert any("7,424,000" in line for line in below) == told
    assert below[-1] == "again: again"


def test_one_transport_alone() -> None:
    assert list(by_name(wire_table(M100, 16, transport="tcp", per_packet=4))) == ["tcp"]
    named = by_name(wire_table(M100, 16, transport="udp", per_packet=290))
    assert {name: row[:2] for name, row in named.items()} == {"udp": ["290", "4"]}


def test_what_udp_cannot_carry() -> None:
    table = wire_table(M100, 70_000)
    assert [row[0] for row in table.rows if str(row[0]).startswith("udp")] == []
    assert table.below[0] == "not over UDP: a datagram carries at most 65,507 B"
    with pytest.raises(UsageError, match="at most 65507"):
        wire_table(M100, 70_000, transport="udp")


def test_a_rate_below_one_is_not_called_none() -> None:
    table = wire_table(M100, 2**30, transport="tcp")
    assert {row[4] for row in by_name(table).values()} == {"0.011"}


@pytest.mark.parametrize("width", [80, 100])
def test_it_fits_a_terminal(width: int) -> None:
    fastest = Link(bits_per_s=400_000_000_000, vlan=True)
    lines = text(wire_table(fastest, 16), width).splitlines()
    assert max(map(len, lines)) <= width


def test_cores_are_the_cost_times_what_the_link_allows() -> None:
    cost = MessageCost(case=case("tcp", size_bytes=16), session_id="0123456789abcdef", cpu_ns=1360.0)
    first, second = wire_tables(M100, 16, transport="tcp", costs=[cost], command="again")
    assert not any("not known" in line for line in first.below)
    assert second.below == ["again: again"]
    assert second.texts() == [["tcp", "each", "16 B", "1,360", "0.16", "1", "01234567"]]


@pytest.mark.parametrize("width", [80, 100])
def test_the_cores_fit_a_terminal(width: int) -> None:
    cost = MessageCost(case=case("tcp", policy="buffer:16384"), session_id="0123456789abcdef", cpu_ns=12345.6)
    tables = wire_tables(Link(bits_per_s=400_000_000_000), 16, costs=[cost], command="again")
    assert max(len(line) for table in tables for line in text(table, width).splitlines()) <= width
