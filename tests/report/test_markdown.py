"""The Markdown report: the same words as text, and a picture for each name that it uses."""

from __future__ import annotations

import re

from queuemark.report.content import Pictures, content
from queuemark.report.markdown import markdown_report, pictures, plain
from tests.report.sessions import PAYLOADS, hostile, sweep

NONE = Pictures(scales=())


def test_every_picture_it_names_is_drawn_and_the_other_way_round() -> None:
    held = content([sweep(), sweep("f" * 32)], Pictures())
    named = re.findall(r"!\[[^\]]*\]\(report-pictures/([^)]+)\.svg\)", markdown_report(held, "report-pictures", ".svg"))
    assert named == list(pictures(held))
    assert len(named) == len(set(named)) >= 4


def test_without_pictures_it_names_none() -> None:
    assert "![" not in markdown_report(content([sweep()], NONE), None, ".svg")


def test_a_heading_a_question_and_its_table_follow_each_other() -> None:
    text = markdown_report(content([sweep()], Pictures()), "p", ".png")
    assert text.count("### Which mechanism moves the most messages?") == 1
    assert re.search(r"### Which mechanism.*\n\n!\[Which.*\(p/01234567-rates\.png\)\n\n.*\n\n\| \\# \| transport", text)


def test_what_a_session_says_is_no_markup() -> None:
    text = markdown_report(content([hostile(" ".join(PAYLOADS))], NONE), None, ".svg")
    outside = re.sub(r"^(`{3,}).*?^\1$", "", text, flags=re.MULTILINE | re.DOTALL)
    assert re.findall(r"(?<!\\)[<>`]", outside) == []


def test_no_escape_sequence_is_in_it() -> None:
    text = markdown_report(content([hostile("\x1b[31m")], NONE), None, ".svg")
    assert all(character.isprintable() for character in text.replace("\n", ""))


def test_plain_text_has_no_links_and_no_lines() -> None:
    assert plain("[a](b) *c* <d>\n`e` #f & g_h \\") == r"\[a\](b) \*c\* \<d\> \`e\` \#f \& g\_h \\"


def test_a_command_ends_its_block_wherever_it_holds_one() -> None:
    text = markdown_report(content([hostile("a ````\n# b")], NONE), None, ".svg")
    assert "`````console\n$ a ```` # b\n`````" in text
