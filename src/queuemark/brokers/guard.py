"""Runs a program that ends when its caller does: ``python -IS guard.py CALLER STORE PROGRAM ARGUMENT...``.

The kernel is asked to kill this process when its parent dies, and then the program takes its place: the request
outlives that (prctl(2), PR_SET_PDEATHSIG). A parent that died before the request is noticed by its id.

STORE, if it is not empty, is the path of a directory: it is made for the program, and removed when that has ended,
however it did, by a process that waits for nothing else. Until it is removed, that process holds the program's output
open.
"""

import ctypes
import os
import select
import signal
import sys

PR_SET_PDEATHSIG = 1
_TRIES = 100
_AGAIN_MS = 50


def follow(caller: int) -> str | None:
    """Why this process would outlive its caller, or None."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) != 0:
        return f"be ended with process {caller}: {os.strerror(ctypes.get_errno())}"
    return None if os.getppid() == caller else f"be ended with process {caller}, which has ended already"


def keep(store: str) -> None:
    """Makes a directory that is gone when this process is."""
    from pathlib import Path  # most programs start without a store, and without the time that this takes

    program = os.pidfd_open(os.getpid())
    remover = os.fork()
    if remover == 0:
        ended = select.poll()
        ended.register(program, select.POLLIN)
        ended.poll()
        _remove(store)
        os._exit(0)
    # The program is killed with its group, perhaps before the other one has run at all.
    os.setpgid(remover, remover)
    os.close(program)
    # Behind the fork: there is no moment at which nobody would remove it.
    Path(store).mkdir(0o700)


def _remove(store: str) -> None:
    """What the program started may still write for a moment."""
    import shutil
    from pathlib import Path

    pause = select.poll()
    for _ in range(_TRIES):
        shutil.rmtree(store, ignore_errors=True)
        if not Path(store).exists():
            return
        pause.poll(_AGAIN_MS)


if __name__ == "__main__":
    caller, store, *command = sys.argv[1:]
    refusal = follow(int(caller))
    if refusal is not None:
        sys.exit(refusal)
    if store:
        keep(store)
    os.execv(command[0], command)
