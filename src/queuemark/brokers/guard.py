"""Runs a program that ends when its caller does: ``python -IS guard.py CALLER PROGRAM ARGUMENT...``.

The kernel is asked to kill this process when its parent dies, and then the program takes its place: the request
outlives that (prctl(2), PR_SET_PDEATHSIG). A parent that died before the request is noticed by its id.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def follow(caller: int) -> str | None:
    """Why this process would outlive its caller, or None."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) != 0:
        return f"be ended with process {caller}: {os.strerror(ctypes.get_errno())}"
    return None if os.getppid() == caller else f"be ended with process {caller}, which has ended already"


if __name__ == "__main__":
    caller, *command = sys.argv[1:]
    refusal = follow(int(caller))
    if refusal is not None:
        sys.exit(refusal)
    os.execv(command[0], command)
