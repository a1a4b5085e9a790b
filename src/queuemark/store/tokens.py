"""Who may change a session: whoever holds the token that it came with. The token itself is not kept."""

from __future__ import annotations

__all__ = ["fits", "token_hash"]

import hashlib
import hmac


def token_hash(token: str) -> str:
    """A plain one keeps well what has 128 random bits, and so cannot be guessed."""
    return hashlib.sha256(token.encode()).hexdigest()


def fits(token: str, kept: str | None) -> bool:
    """In a time that does not tell how much of it was right; nobody's token fits where none is kept."""
    return hmac.compare_digest(token_hash(token), kept or "-" * 64)
