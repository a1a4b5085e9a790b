"""Vega as one script that needs no network, made once for each version and kept beside the stored sessions."""

from __future__ import annotations

__all__ = ["vega_bundle"]

import os
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path


def vega_bundle(directory: Path) -> str:
    """The script that defines ``vegaEmbed``. directory: of data; where it cannot be written the script is made anew.

    Raises: ModuleNotFoundError without vl_convert.
    """
    import vl_convert

    path = directory / "cache" / f"vega-{version('vl-convert-python')}.js"
    with suppress(OSError):
        return path.read_text(encoding="utf-8")
    made = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    with suppress(OSError):
        _keep(path, made)
    return made


def _keep(path: Path, script: str) -> None:
    """Whole or not at all: another process may look for it at any time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}")
    part.write_text(script, encoding="utf-8")
    part.replace(path)
