"""A whole session as one compressed value: packed once when it comes in, read as often as somebody looks.

What is inside is JSON of the structs of ``queuemark.model``, and holds only what was counted. Names repeat in every
trial, so it shrinks to about a tenth.
"""

from __future__ import annotations

__all__ = ["pack", "unpack"]

import threading

import msgspec
import zstandard

from queuemark.model.plan import Case
from queuemark.model.session import SCHEMA, CaseResult, Session, SessionDocument
from queuemark.model.trial import Trial, figures, stored_trial

_LEVEL = 3
"""Higher ones take several times as long and save a tenth."""

_LOCAL = threading.local()


class _Counted(msgspec.Struct, forbid_unknown_fields=True):
    case: Case
    trials: list[Trial]


class _Packed(msgspec.Struct, forbid_unknown_fields=True):
    session: Session
    cases: list[_Counted]


_decoder = msgspec.json.Decoder(_Packed)


def pack(document: SessionDocument) -> bytes:
    """What is derived is left out, and so is what names a person's files."""
    session = msgspec.structs.replace(
        document.session, plan=msgspec.structs.replace(document.session.plan, messages_path=None)
    )
    cases = [
        _Counted(case=result.case, trials=[stored_trial(trial) for trial in result.trials]) for result in document.cases
    ]
    return _compressor().compress(msgspec.json.encode(_Packed(session=session, cases=cases)))


def unpack(packed: bytes) -> SessionDocument:
    """The session with what derives from each trial's counts.

    Raises: msgspec.ValidationError for what a later version packed.
    """
    held = _decoder.decode(_decompressor().decompress(packed))
    cases = [
        CaseResult(case=counted.case, trials=[figures(trial, counted.case.workload) for trial in counted.trials])
        for counted in held.cases
    ]
    return SessionDocument(schema=SCHEMA, session=held.session, cases=cases)


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
