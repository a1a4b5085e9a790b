"""Runs a program that ends when its caller does: ``python -IS guard.py OPTION... CALLER STORE PROGRAM ARGUMENT...``.

The kernel is asked to kill this process when its parent dies, and then the program takes its place: the request
outlives that (prctl(2), PR_SET_PDEATHSIG). A parent that died before the request is noticed by its id.

STORE, if it is not empty, is the path of a directory: it is made for the program, and removed when that has ended,
however it did, by a process that waits for nothing else. Until it is removed, that process holds the program's output
open.

--user NAME: the program, its directory and what is run before it are that user's. --ending NUMBER: the signal that ends
it, SIGKILL else. --before COMMAND: a command that must succeed first, and ends with this process, too.
"""

import ctypes
import os
import select
import signal
import sys

PR_SET_PDEATHSIG = 1
_TRIES = 100
_AGAIN_MS = 50


def follow(caller: int, ending: int = signal.SIGKILL) -> str | None:
    """Why this process would outlive its caller, or None."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(PR_SET_PDEATHSIG, int(ending), 0, 0, 0) != 0:
        return f"be ended with process {caller}: {os.strerror(ctypes.get_errno())}"
    return None if os.getppid() == caller else f"be ended with process {caller}, which has ended already"


def keep(store: str, user: str | None) -> None:
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
    if user is not None:
        import shutil

        shutil.chown(store, user)


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


def split(command: str) -> list[str]:
    """Of a line for a shell; to be called before another user is who runs this, who may not be able to import it."""
    import shlex

    return shlex.split(command)


def become(user: str) -> None:
    """Another user, in a directory that everybody may be in. The kernel forgets what was asked of it, see follow."""
    import pwd

    entry = pwd.getpwnam(user)
    os.initgroups(user, entry.pw_gid)
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    os.chdir("/")


def run_first(command: list[str]) -> None:
    """Returns when it has succeeded."""
    caller = os.getpid()
    child = os.fork()
    if child == 0:
        refuse(follow(caller))
        os.execv(command[0], command)
    _, status = os.waitpid(child, 0)
    if status != 0:
        sys.exit(1)


def refuse(reason: str | None) -> None:
    if reason is not None:
        sys.exit(reason)


def main(words: list[str]) -> None:
    said = {}
    while words[0].startswith("--"):
        option, value, *words = words
        said[option] = value
    caller, store, *command = words
    before, user, ending = said.get("--before"), said.get("--user"), int(said.get("--ending", signal.SIGKILL))
    refuse(follow(int(caller), ending))
    if store:
        keep(store, user)
    first = split(before) if before is not None else None
    if user is not None:
        become(user)
        refuse(follow(int(caller), ending))
    if first is not None:
        run_first(first)
    os.execv(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
