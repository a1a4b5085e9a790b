"""The pages hold together: links lead somewhere, promises name tests that exist, nothing speaks of one machine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
_TEST = re.compile(r"def (test_\w+)\(")
_RULES = re.compile(r"test(?:_m\d\d)+_")


def prose(page: Path) -> str:
    return _CODE.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """As the usual renderers make them from headings."""
    heads = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_within_the_project_leads_somewhere(page: Path) -> None:
    broken = []
    for link in _LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_every_page_is_reached_from_the_index() -> None:
    """Or from another index that it leads to: the mechanisms have one of their own."""
    index = ROOT / "docs" / "index.md"
    reached = linked(index)
    reached |= {page for each in reached if each.name == "index.md" for page in linked(each)}
    pages = {page for page in PAGES if page.is_relative_to(index.parent)} - {index}
    assert sorted(str(page.relative_to(ROOT)) for page in pages - reached) == []


def linked(page: Path) -> set[Path]:
    return {(page.parent / link.partition("#")[0]).resolve() for link in _LINK.findall(prose(page))}


def rules() -> dict[int, tuple[str, str]]:
    """Of docs/measuring.md: by a rule's number whether it is kept, and its whole section."""
    text = (ROOT / "docs" / "measuring.md").read_text(encoding="utf-8")
    sections = re.findall(r"^### M(\d+): .+?\n\n\*\*(.+?)\*\*(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
    return {int(number): (kept, section) for number, kept, section in sections}


def names_of_tests() -> set[str]:
    return {name for path in (ROOT / "tests").rglob("test_*.py") for name in _TEST.findall(path.read_text("utf-8"))}


def test_every_rule_of_measuring_is_there_and_says_whether_it_is_kept() -> None:
    found = rules()
    assert list(found) == list(range(1, 29))
    assert {kept for kept, _ in found.values()} <= {"Kept.", "Kept in part.", "Not yet."}


def test_every_test_that_a_page_names_exists() -> None:
    named = {(page, name) for page in PAGES for name in re.findall(r"`(test_\w+)`", page.read_text(encoding="utf-8"))}
    existing = names_of_tests()
    assert sorted(f"{page.name}: {name}" for page, name in named if name not in existing) == []


def test_every_rule_that_is_kept_names_the_tests_that_prove_it() -> None:
    existing = names_of_tests()
    for number, (kept, section) in rules().items():
        named = re.findall(r"`(test_\w+)`", section)
        assert [name for name in named if name not in existing] == [], f"M{number}"
        assert bool(named) == (kept != "Not yet."), f"M{number}"


def test_every_test_of_a_rule_is_named_by_the_rule() -> None:
    found = rules()
    proofs = [
        (int(number), name)
        for name in names_of_tests()
        if (prefix := _RULES.match(name))
        for number in re.findall(r"\d\d", prefix[0])
    ]
    assert proofs
    assert sorted(name for number, name in proofs if f"`{name}`" not in found[number][1]) == []


def committed() -> list[Path]:
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-z"], capture_output=True, text=True)
    if listed.returncode != 0:
        pytest.skip("only a git checkout knows which files belong to it")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


_FOREIGN = {
    "a path of one machine": re.compile(r"(?<![\w.}/*])/(?:[w]ork|[r]oot)(?:/|\b(?!-))"),
    "a file outside of the project": re.compile(r"\.\./[s]hared\b"),
    "the number of an issue": re.compile(r"\bissues? #?\d", re.IGNORECASE),
    "who wrote it": re.compile(r"\b(?:[a]ssistants?|[l]anguage models?|[c]hatbots?)\b", re.IGNORECASE),
}


def test_no_file_speaks_of_one_machine_or_of_how_it_was_written() -> None:
    found = []
    for path in committed():
        text = path.read_text(encoding="utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), start=1):
            found += [
                f"{path.relative_to(ROOT)}:{number}: {what}" for what, how in _FOREIGN.items() if how.search(line)
            ]
    assert found == []
