"""The script that writes the measured part of docs/claims.md finds its place there, and touches nothing else."""

from __future__ import annotations

import importlib.util
import re
from types import ModuleType

from tests.docs.pages import ROOT

PICTURES = ROOT / "docs" / "pictures"


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_pictures", PICTURES / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_measured_part_is_replaced_and_the_rest_is_kept() -> None:
    make = script()
    page = make.PAGE.read_text(encoding="utf-8")
    changed = make.replaced(page, "| a table |")
    before, after = page.partition(make.BEGIN)[0], page.partition(make.END)[2]
    assert changed == f"{before}{make.BEGIN}\n\n| a table |\n{make.END}{after}"
    assert make.replaced(changed, "| a table |") == changed
    assert len(before) > 1000
    assert len(after) > 1000


def test_every_picture_is_shown_by_a_page() -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs").rglob("*.md"))
    shown = set(re.findall(r"pictures/([\w-]+\.svg)", pages))
    assert {path.name for path in PICTURES.glob("*.svg")} == shown
