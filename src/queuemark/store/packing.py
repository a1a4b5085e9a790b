"""A whole session as two compressed values: packed once when it comes in, read as often as somebody looks.

1. The latencies' histograms lie apart: most of what is asked of a session needs none of them.
2. What derives from the counts is kept beside them, so that it is not computed for every reader, together with the
   version of the way it was; of any other version it is not used.
3. Who wants the session as such gets it judged afresh, whatever was derived once.

What is inside is MessagePack of the structs of ``queuemark.model``. Names repeat in every trial, so it shrinks to about
an eighth.
"""

from __future__ import annotations

__all__ = ["Packed", "estimated", "pack", "session_in", "unpack"]

import threading
from hashlib import sha256
from typing import NamedTuple

import msgspec
import zstandard

from queuemark.model.latency import Latency
from queuemark.model.session import Session, SessionDocument, judged
from queuemark.model.summary import SUMMARY_VERSION

_LEVEL = 1
"""Of what is packed here, higher ones take twice as long and save a fiftieth."""

_LOCAL = threading.local()


class Packed(NamedTuple):
    """packed: the session without any histogram. latencies: these."""

    packed: bytes
    latencies: bytes

    @property
    def digest(self) -> str:
        """The same for the same session, while nothing is packed, compressed or estimated in another way."""
        return sha256(b"".join(self)).hexdigest()


class _Shown(msgspec.Struct, forbid_unknown_fields=True):
    """version: of what derives from the counts; 0 where there are no estimates."""

    version: int
    document: SessionDocument


_Latencies = list[list[Latency | None]]

_encoder = msgspec.msgpack.Encoder()
_shown_decoder = msgspec.msgpack.Decoder(_Shown)
_latencies_decoder = msgspec.msgpack.Decoder(_Latencies)


def pack(document: SessionDocument) -> Packed:
    """document: with estimates, or without them. What names a person's files is left out."""
    session = msgspec.structs.replace(
        document.session, plan=msgspec.structs.replace(document.session.plan, messages_path=None)
    )
    cases = [
        msgspec.structs.replace(
            result, trials=[msgspec.structs.replace(trial, latency=None) for trial in result.trials]
        )
        for result in document.cases
    ]
    whole = all(result.marks is not None for result in cases)
    shown = _Shown(SUMMARY_VERSION if whole else 0, msgspec.structs.replace(document, session=session, cases=cases))
    latencies: _Latencies = [[trial.latency for trial in result.trials] for result in document.cases]
    compress = _compressor().compress
    return Packed(compress(_encoder.encode(shown)), compress(_encoder.encode(latencies)))


def unpack(held: Packed) -> SessionDocument:
    """The session judged again, with what derives from each trial's counts and no estimates.

    Raises: msgspec.ValidationError for what a later version packed.
    """
    document = _shown(held.packed).document
    _put_latencies(document, held.latencies)
    return judged(document)


def estimated(packed: bytes, latencies: bytes | None = None) -> SessionDocument | None:
    """The session with the estimates that it came with, None where it has none of this version.

    latencies: where they are not given, no trial has any, but for its percentiles.

    Raises: as ``unpack``.
    """
    shown = _shown(packed)
    if shown.version != SUMMARY_VERSION:
        return None
    if latencies is not None:
        _put_latencies(shown.document, latencies)
    return shown.document


def session_in(packed: bytes) -> Session:
    """Raises: as ``unpack``."""
    return _shown(packed).document.session


def _shown(packed: bytes) -> _Shown:
    return _shown_decoder.decode(_decompressor().decompress(packed))


def _put_latencies(document: SessionDocument, packed: bytes) -> None:
    found = _latencies_decoder.decode(_decompressor().decompress(packed))
    for result, latencies in zip(document.cases, found, strict=True):
        for trial, latency in zip(result.trials, latencies, strict=True):
            trial.latency = latency


def _compressor() -> zstandard.ZstdCompressor:
    """This thread's: one cannot be used by two at once, and making it costs more than a small session."""
    if not hasattr(_LOCAL, "compressor"):
        _LOCAL.compressor = zstandard.ZstdCompressor(level=_LEVEL)
    compressor: zstandard.ZstdCompressor = _LOCAL.compressor
    return compressor


def _decompressor() -> zstandard.ZstdDecompressor:
    if not hasattr(_LOCAL, "decompressor"):
        _LOCAL.decompressor = zstandard.ZstdDecompressor()
    decompressor: zstandard.ZstdDecompressor = _LOCAL.decompressor
    return decompressor
