"""Which sessions come from machines of the same facts: a platform.

Its id follows from those facts alone, so that whoever submits first makes it, and everywhere it is the same.
"""

from __future__ import annotations

__all__ = ["platform_facts", "platform_id", "seen"]

import hashlib
from typing import Any

import msgspec
from sqlalchemy import Connection

from queuemark.model.machine import Machine
from queuemark.store.tables import platforms
from queuemark.store.upsert import insert_or


def platform_facts(machine: Machine) -> dict[str, Any]:
    """What tells one platform from another; empty where the machine does not say."""
    return {
        "system": machine.system,
        "release": machine.release,
        "version": machine.version or "",
        "architecture": machine.architecture,
        "cpu_model": machine.cpu_model or "",
        "cpus": len(machine.cpus),
    }


def platform_id(facts: dict[str, Any]) -> str:
    """16 hexadecimal digits. Never to be changed: ids are in links, and migrations make them, too."""
    return hashlib.sha256(msgspec.json.encode(facts, order="sorted")).hexdigest()[:16]


def seen(connection: Connection, machine: Machine, at: str) -> str:
    """The id of the machine's platform, which is in the record from now on; at: when, as the store sorts it."""
    facts = platform_facts(machine)
    named = platform_id(facts)
    row = {"id": named, **facts, "first_seen": at, "sessions": 0}
    connection.execute(insert_or(connection, platforms).on_conflict_do_nothing(), row)
    return named
