"""Parameters of a transport as people give them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queuemark.model.errors import UsageError
from queuemark.model.transport import Param
from tests.examples import transports

BYTES = Param(name="room", unit="B", default=0, low=0, high=1 << 20)
ITEMS = Param(name="depth", unit="items", default=10, low=1, high=1000)
FLAG = Param(name="nodelay", unit="flag", default=0, low=0, high=1)
CHOICE = Param(name="order", unit="choice", default="fifo", choices=["fifo", "lifo"])


def test_a_value_is_read_in_its_unit() -> None:
    assert BYTES.read("64k") == 65536
    assert BYTES.read("0") == 0
    assert ITEMS.read("1k") == 1000
    assert (FLAG.read("on"), FLAG.read("0")) == (1, 0)
    assert CHOICE.read("lifo") == "lifo"


@given(st.integers(0, 1 << 20))
def test_every_value_in_range_reads_as_itself(value: int) -> None:
    assert BYTES.read(str(value)) == value


@pytest.mark.parametrize(
    ("param", "text", "said"),
    [
        (BYTES, "2M", "outside 0 B to 1 MiB"),
        (ITEMS, "0", "outside 1 to 1000"),
        (FLAG, "2", "neither 0 nor 1"),
        (CHOICE, "lif", "did you mean 'lifo'"),
    ],
)
def test_a_wrong_value_is_told_the_range(param: Param, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        param.read(text)
    assert f"parameter {param.name}" in str(caught.value)


def test_an_unknown_parameter_is_told_the_nearest() -> None:
    with pytest.raises(UsageError, match="transport tcp has no parameter 'nodely'; did you mean 'nodelay'"):
        transports()["tcp"].param("nodely")


def test_what_takes_no_objects_takes_bytes() -> None:
    assert transports()["tcp"].payloads == ["bytes"]


def test_defaults_are_those_of_every_parameter() -> None:
    tcp = transports()["tcp"]
    assert tcp.defaults() == {param.name: param.default for param in tcp.params}
    assert tcp.defaults()["nodelay"] == 0
