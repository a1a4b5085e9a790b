"""Brings a database to the newest revision of the tables.

1. A database at the newest revision costs one query.
2. One made by a newer queuemark is refused and left as it is.
3. Two processes that open an empty or old database at once migrate it once.
"""

from __future__ import annotations

__all__ = ["is_newest", "migrate"]

from sqlalchemy import Connection, Engine, inspect, text

from queuemark.model.errors import QueuemarkError
from queuemark.store.engine import restructuring
from queuemark.store.migrations import NEWEST


def migrate(engine: Engine, where: str) -> None:
    """where: the database for messages.

    Raises: QueuemarkError when the database was made by a newer queuemark.
    """
    if is_newest(engine):
        return
    with restructuring(engine).begin() as connection:
        found = _revision(connection)
        if found != NEWEST:
            _upgrade(connection, found, where)
    engine.dispose()


def is_newest(reading: Engine) -> bool:
    with reading.connect() as connection:
        return _revision(connection) == NEWEST


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return None if found is None else str(found)


def _upgrade(connection: Connection, found: str | None, where: str) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "queuemark.store:migrations")
    config.set_main_option("path_separator", "os")
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise QueuemarkError(
            f"the database {where} was made by a newer queuemark (its revision is {found}, the newest known here is "
            f"{NEWEST}); update queuemark or set QUEUEMARK_DATA_DIR to another directory"
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
