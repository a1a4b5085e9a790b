"""Tables as HTML: text and nothing else, whatever a document holds."""

from __future__ import annotations

from html.parser import HTMLParser

from queuemark.views.markup import table_html
from queuemark.views.numbers import as_count
from queuemark.views.table import Column, Table

SCRIPT = "<script>alert(1)</script>\"'&\x1b[31m"


class _Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.words += data


def seen(table: Table) -> _Seen:
    parser = _Seen()
    parser.feed(table_html(table))
    return parser


def table(text: str, *, rows: bool = True) -> Table:
    columns = [Column(name="name", head="trans-\nport", align="left"), Column(name="rate", head="rate", show=as_count)]
    held = [[text, 1_250_000.0], [None, None]] if rows else []
    return Table(title=f"Which? {text}", above=[text], columns=columns, rows=held, below=[text])


def test_a_table_says_what_its_cells_are_of() -> None:
    found = seen(table("tcp"))
    assert found.tags.count("tr") == 3
    assert found.tags.count("caption") == 1
    assert found.attributes.count(("scope", "col")) == 2
    assert ("tabindex", "0") in found.attributes and ("role", "region") in found.attributes
    assert "transport" in found.words and "1.25 M" in found.words


def test_whatever_is_in_it_is_text() -> None:
    found = seen(table(SCRIPT))
    assert "script" not in found.tags
    assert "\x1b" not in table_html(table(SCRIPT))
    assert found.words.count("<script>alert(1)</script>\"'&?[31m") == 4


def test_what_is_not_there_reads_as_that() -> None:
    assert '<td>-</td><td class="right">-</td>' in table_html(table("tcp"))


def test_without_rows_there_is_no_grid_but_all_that_is_said() -> None:
    found = seen(table("nothing", rows=False))
    assert "table" not in found.tags
    assert found.words.count("nothing") == 3
