"""How quantities read: in a table's cell, where the head already says the unit, and in a sentence."""

from __future__ import annotations

__all__ = [
    "as_bytes",
    "as_count",
    "as_digits",
    "as_exact",
    "as_ghz",
    "as_mb",
    "as_ms",
    "as_percent",
    "as_share",
    "as_us",
    "counted",
]

from queuemark.model.units import format_bytes, format_count

Value = str | int | float


def as_count(value: Value) -> str:
    """``1.25 M``"""
    return format_count(float(value))


def as_exact(value: Value) -> str:
    """``1,250,000``: counts that prove something are never rounded."""
    return f"{int(value):,}"


def as_bytes(value: Value) -> str:
    """``4 KiB``"""
    return format_bytes(float(value))


def as_mb(value: Value) -> str:
    """Bytes as 10^6 bytes: ``12.5``."""
    return as_digits(float(value) / 1e6)


def as_ghz(value: Value) -> str:
    """Hertz as 10^9 of them: ``3.41``."""
    return f"{float(value) / 1e9:.2f}"


def as_ms(value: Value) -> str:
    """Nanoseconds as milliseconds: ``200``."""
    return as_digits(float(value) / 1e6)


def as_us(value: Value) -> str:
    """Nanoseconds as microseconds: ``12.3``."""
    return as_digits(float(value) / 1e3)


def as_digits(value: Value) -> str:
    """Three significant digits without an exponent: ``0.00123``, ``12.3``, ``1,230``."""
    number = float(value)
    if number == 0:
        return "0"
    if abs(number) >= 999.5:
        return f"{number:,.0f}"
    digits = f"{number:.3g}"
    return digits if "e" not in digits else f"{number:.2g}"


def as_share(value: Value) -> str:
    """A share of 1 with three decimals: ``0.998``."""
    return f"{float(value):.3f}"


def counted(count: int, thing: str) -> str:
    """``1 trial``, ``1,200 trials``"""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def as_percent(value: Value) -> str:
    """A share of 1 as ``2.5 %``."""
    return f"{as_digits(float(f'{100 * float(value):.2g}'))} %"
