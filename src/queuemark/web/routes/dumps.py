"""``/dumps``: the files that whoever runs the site has laid into one directory, for those who want everything."""

from __future__ import annotations

__all__ = ["dump"]

from pathlib import Path

from litestar import get
from litestar.datastructures import State
from litestar.params import FromPath
from litestar.response import File

from queuemark.model.errors import NotFound


@get("/dumps/{path:path}", sync_to_thread=True, include_in_schema=False)
def dump(state: State, path: FromPath[Path]) -> File:
    """A file of the directory itself: not what is hidden there, which is still being written, nor what a link names."""
    named = [part for part in path.parts if part != path.anchor]
    file = _found(state.settings.dumps, named)
    if file is None:
        raise NotFound("there is no such file here")
    return File(file, filename=file.name, content_disposition_type="attachment")


def _found(directory: Path, named: list[str]) -> Path | None:
    found = directory
    try:
        for part in named:
            found /= part
            if part.startswith(".") or found.is_symlink():
                return None
        return found if found.is_file() else None
    except OSError:
        return None
