"""The kernel is asked, and nothing stays open."""

from __future__ import annotations

import errno

import psutil

from queuemark.measure.permissions import kernel_answers


def test_the_kernel_answers_in_its_own_words() -> None:
    told = kernel_answers()
    assert {"io_uring", "AF_XDP"} <= told.keys()
    assert set(told.values()) <= {"ok", *errno.errorcode.values()}


def test_what_was_opened_is_closed() -> None:
    kernel_answers()
    before = psutil.Process().num_fds()
    for _ in range(3):
        kernel_answers()
    assert psutil.Process().num_fds() == before
