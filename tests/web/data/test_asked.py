"""Each question about a session has one address, and every choice leads to another."""

from __future__ import annotations

import pytest

from queuemark.model.errors import UsageError
from queuemark.web.data.asked import Asked
from tests.submissions import sweep

PATH = "/sessions/1"
DOCUMENT = sweep("5eee0000000000000000000000000001", sizes=(16, 64))


def test_what_is_usual_is_not_in_the_address() -> None:
    assert Asked.read().page(PATH) == PATH
    assert Asked.read(view="rates", scale="log").page(PATH) == PATH


def test_the_address_is_the_same_however_it_was_typed() -> None:
    typed = Asked.read(view="limits", transport=" tcp , pipe", consumers="1..4", size="1k", policy="buffer:16k")
    address = f"{PATH}?view=limits&transport=tcp,pipe&consumers=1,2,4&size=1024&policy=buffer:16384"
    assert typed.page(PATH) == address


def test_a_picture_is_found_by_what_it_shows() -> None:
    asked = Asked.read(view="limits", transport="tcp", scale="linear", everything=True)
    assert asked.picture(PATH, ".svg") == f"{PATH}/pictures/limits.svg?transport=tcp&scale=linear"
    assert asked.embed(PATH) == f"{PATH}/embed/limits?transport=tcp&scale=linear"
    assert asked.pictured(PATH, "alt").other_scale == f"{PATH}?view=limits&transport=tcp&all=true"


def test_a_chip_adds_its_value_or_takes_it_back() -> None:
    asked = Asked.read(transport="tcp")
    chips = {
        chip.text: chip for choice in asked.choices(DOCUMENT, lambda other: other.page(PATH)) for chip in choice.chips
    }
    assert chips["tcp"].chosen and chips["tcp"].path == PATH
    assert not chips["pipe"].chosen and chips["pipe"].path == f"{PATH}?transport=tcp,pipe"
    assert chips["64 B"].path == f"{PATH}?transport=tcp&size=64"


def test_there_is_nothing_to_choose_where_all_are_alike() -> None:
    names = [choice.name for choice in Asked().choices(DOCUMENT, lambda other: other.page(PATH))]
    assert names == ["mechanism", "consumers", "message size", "pattern"]


@pytest.mark.parametrize("wrong", [{"view": "nothing"}, {"size": "huge"}, {"consumers": "-1"}])
def test_what_cannot_be_read_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        Asked.read(**wrong)
