"""A certificate that a server shows while it runs here, and that nobody else has: made by the program ``openssl``."""

from __future__ import annotations

__all__ = ["Certificate"]

import os
import shutil
import subprocess

from queuemark.brokers.broker import BrokerUnavailable

PROGRAM = "openssl"
REMEDY = "apt-get install openssl, or name a server that has one: --server tls://HOST:4222"
_MADE_S = 10.0

_WORDS = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
_OUTPUT = ("-keyout", "-", "-out", "-")


class Certificate:
    """Signed by itself, for one address. It and its key are in memory, and gone with this process."""

    def __init__(self, address: str) -> None:
        """address: numbers, as 127.0.0.1.

        Raises: BrokerUnavailable.
        """
        text = _made(address)
        self._file = os.memfd_create("certificate")
        os.write(self._file, text)

    @property
    def path(self) -> str:
        """Of both as PEM, for processes of the same user."""
        return f"/proc/{os.getpid()}/fd/{self._file}"

    def close(self) -> None:
        os.close(self._file)


def _made(address: str) -> bytes:
    program = shutil.which(PROGRAM)
    if program is None:
        raise BrokerUnavailable(f"there is no {PROGRAM} on PATH to make a server's certificate", REMEDY)
    names = ("-subj", "/CN=queuemark", "-addext", f"subjectAltName=IP:{address}")
    try:
        made = subprocess.run(
            (program, *_WORDS, *names, *_OUTPUT),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_MADE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BrokerUnavailable(f"make a server's certificate with {program}: {error}", REMEDY) from error
    if made.returncode != 0:
        said = " ".join(made.stderr.decode(errors="replace").split())
        raise BrokerUnavailable(f"make a server's certificate with {program}: {said}", REMEDY)
    return made.stdout
