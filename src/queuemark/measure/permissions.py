"""May this process use what not every system allows? The kernel is asked, since no file says it all.

Sysctls, capabilities and a container's filter decide together, and only the call itself knows the outcome. What it
opens is closed at once.
"""

from __future__ import annotations

__all__ = ["kernel_answers"]

import ctypes
import errno
import os
import socket
import struct
import sys
from collections.abc import Callable

_IO_URING_SETUP = 425
"""The same on every architecture but Alpha. Source: asm-generic/unistd.h."""
_IO_URING_PARAMS_BYTES = 120

_PERF_EVENT_OPEN = {"x86_64": 298, "aarch64": 241, "riscv64": 241}
_PERF_ATTR_BYTES = 64
"""PERF_ATTR_SIZE_VER0, which every kernel takes."""
_PERF_FLAGS = 1 | 1 << 5 | 1 << 6
"""disabled, exclude_kernel, exclude_hv: counting user mode alone is the least that is allowed."""

_AF_XDP = 44


def kernel_answers() -> dict[str, str]:
    """By mechanism ``ok``, or the symbol of the error (``EPERM``); a mechanism that cannot be asked for is left out."""
    if not sys.platform.startswith("linux"):
        return {}
    told = {name: ask() for name, ask in _QUESTIONS.items()}
    return {name: answer for name, answer in told.items() if answer is not None}


def _io_uring() -> str | None:
    return _called(_IO_URING_SETUP, 1, ctypes.create_string_buffer(_IO_URING_PARAMS_BYTES))


def _hardware_counters() -> str | None:
    """Cycles of this process."""
    number = _PERF_EVENT_OPEN.get(os.uname().machine)
    if number is None:
        return None
    # type PERF_TYPE_HARDWARE, size, config PERF_COUNT_HW_CPU_CYCLES, period, sample_type, read_format, flags
    attributes = struct.pack("=IIQQQQQ", 0, _PERF_ATTR_BYTES, 0, 0, 0, 0, _PERF_FLAGS)
    return _called(number, ctypes.create_string_buffer(attributes, _PERF_ATTR_BYTES), 0, -1, -1, 0)


def _af_xdp() -> str | None:
    try:
        socket.socket(_AF_XDP, socket.SOCK_RAW, 0).close()
    except OSError as error:
        return _symbol(error.errno or 0)
    return "ok"


def _called(number: int, *words: int | ctypes.Array[ctypes.c_char]) -> str:
    """The answer to a system call that opens a descriptor."""
    library = ctypes.CDLL(None, use_errno=True)
    wide = [ctypes.c_long(word) if isinstance(word, int) else word for word in words]
    opened = library.syscall(ctypes.c_long(number), *wide)
    if opened < 0:
        return _symbol(ctypes.get_errno())
    os.close(opened)
    return "ok"


def _symbol(number: int) -> str:
    return errno.errorcode.get(number, str(number))


_QUESTIONS: dict[str, Callable[[], str | None]] = {
    "io_uring": _io_uring,
    "hardware counters": _hardware_counters,
    "AF_XDP": _af_xdp,
}
