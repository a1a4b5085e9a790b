"""Batches grow to some milliseconds, and never beyond what memory and a consumer's progress allow."""

from __future__ import annotations

from queuemark.runners.python.stride import Stride


def grown(stride: Stride) -> int:
    for _ in range(20):
        stride.took(1000)
    return stride.items


def test_batches_grow_while_they_are_short() -> None:
    stride = Stride(64)
    assert stride.items == 1
    stride.took(999_999)
    assert stride.items == 2
    stride.took(2_000_000)
    assert stride.items == 2


def test_batches_shrink_when_they_are_long() -> None:
    stride = Stride(64)
    before = grown(stride)
    stride.took(4_000_001)
    assert stride.items == before // 2
    for _ in range(20):
        stride.took(1 << 40)
    assert stride.items == 1


def test_batches_have_a_highest() -> None:
    assert grown(Stride(64)) == 1024
    assert grown(Stride(64 * 1024)) == 4
    assert grown(Stride(16 << 20)) == 1
    assert grown(Stride(64, 10)) <= 10
