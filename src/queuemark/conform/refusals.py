"""Checks of what is refused: one line that says why, exit code 2, and nothing begun."""

from __future__ import annotations

__all__ = ["BAD_WORDS", "CHECKS"]

from queuemark.conform.bench import NO_FILE, Bench
from queuemark.conform.check import Check, NotHere, expect

BAD_WORDS = {
    "a size of zero": ("--size", "0"),
    "a size with a unit": ("--size", "4k"),
    "items and a duration": ("--items", "1", "--duration", "1"),
    "an unknown policy": ("--policy", "guess"),
    "an unknown option": ("--frobnicate", "1"),
    "an option without a value": ("--size",),
    "an unknown parameter": ("-P", "no-such-thing=1"),
    "an unknown fault": ("--inject", "gremlin"),
    "a sample of nothing": ("--verify", "sample:0"),
    "a mix of one size": ("--mix", "64:100"),
    "a run id with a space": ("--run-id", "a b"),
}


def _bad_words(bench: Bench) -> None:
    for why, words in BAD_WORDS.items():
        bench.refused(why, *words)
    if bench.facts.consumers_low:
        bench.refused("no consumers", "--consumers", "0")


def _too_large(bench: Bench) -> None:
    high = bench.facts.max_size_bytes
    raw = bench.refused("a message above the largest", "--size", str(high + 1))
    expect(str(high) in raw.stderr, f"it does not say that the largest message has {high} bytes: {raw.stderr}")


def _no_fault(bench: Bench) -> None:
    bench.refused("two messages in another order, of which there is one", "--items", "1", "--inject", "reorder")


def _not_offered(bench: Bench) -> None:
    for pattern in ("fanout", "pingpong"):
        if pattern not in bench.facts.patterns:
            bench.refused(f"the pattern {pattern}, which it does not offer", "--pattern", pattern)
    for wait in ("spin", "spin-then-block"):
        if wait not in bench.facts.waits:
            bench.refused(f"the wait {wait}, which it does not offer", "--wait", wait)


def _stays(bench: Bench) -> None:
    if bench.facts.crosses_hosts:
        raise NotHere("it crosses hosts")
    bench.refused("an end elsewhere, of what stays on one host", "--producer-address", "127.0.0.2")


def _bad_file(bench: Bench) -> None:
    for what, path in (("missing", NO_FILE), ("empty", bench.file(b""))):
        raw = bench.raw("--messages", str(path))
        expect(raw.exit_code in (1, 2), f"a file that is {what}: exit code {raw.exit_code}; try: {raw.command}")
        expect(str(path) in raw.stderr, f"a file that is {what} is not named: {raw.stderr}; try: {raw.command}")


CHECKS = (
    Check(promise="what cannot be understood is refused in one line, with exit code 2", try_it=_bad_words),
    Check(promise="a message above the largest is refused, and the largest is named", try_it=_too_large, brief=True),
    Check(promise="a fault that finds no message is refused", try_it=_no_fault),
    Check(promise="what it does not offer is refused", try_it=_not_offered),
    Check(promise="what stays on one host has no ends elsewhere", try_it=_stays),
    Check(promise="a file of messages that cannot be used is named", try_it=_bad_file),
)
