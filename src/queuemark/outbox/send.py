"""What waits is handed over: tried again while that makes sense, and kept until the site has it or will not have it."""

from __future__ import annotations

__all__ = ["TRIES", "send"]

import time
from collections.abc import Callable

from queuemark.outbox.parcel import Outbox, Parcel, Receipt
from queuemark.outbox.post import DetailsRefused, Refused, Unreachable, post

TRIES = 5
_PAUSE_S = 1.0
_PAUSE_HIGH_S = 60.0


def send(outbox: Outbox, parcel: Parcel, tries: int = 1, pause: Callable[[float], None] = time.sleep) -> Receipt:
    """The receipt, kept. tries: with 1, 2, 4, ... s between them, or as long as the site asks for.

    Raises: Unreachable when the last one failed, the session waits; Refused when the site will not have it, it does
    not wait any more; DetailsRefused when it has the session and not what was to be added, the receipt is kept.
    """
    for done in range(1, tries + 1):
        try:
            answer = post(parcel)
        except DetailsRefused as error:
            outbox.keep(parcel.label, error.answer.view, error.answer.edit)
            raise
        except Refused:
            outbox.drop(parcel.label)
            raise
        except Unreachable as error:
            if done == tries:
                raise
            pause(max(error.after_s, min(_PAUSE_S * 2 ** (done - 1), _PAUSE_HIGH_S)))
        else:
            return outbox.keep(parcel.label, answer.view, answer.edit)
    raise ValueError(f"a session is sent in at least one try, not {tries}")
