"""What is in the pages of this project, read by the tests that hold them to it."""

from __future__ import annotations

__all__ = ["PAGES", "ROOT", "Block", "blocks"]

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_ROOT_PAGES = (ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"))
PAGES = sorted([*(page for page in _ROOT_PAGES if page.is_file()), *(ROOT / "docs").rglob("*.md")])

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"<!--((?:(?!-->).)*)-->\s*\Z", re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and the comment that stands right before it, if any.

    line: of its first fence, from 1.
    """

    page: Path
    line: int
    language: str
    text: str
    comment: str

    @property
    def name(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path, language: str) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for fence in _FENCE.finditer(text):
        if fence[1] == language:
            comment = _COMMENT.search(text, 0, fence.start())
            line = text.count("\n", 0, fence.start()) + 1
            yield Block(page, line, fence[1], fence[2], comment[1].strip() if comment else "")
