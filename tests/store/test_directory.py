"""Where the data lies, and one clear line when it cannot lie there."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from queuemark.model.errors import QueuemarkError
from queuemark.store import Store, data_directory
from queuemark.store.directory import DATABASE_NAME, existing_database
from tests.examples import SESSION_ID, case, session, trial

NOBODY = 65534


def test_the_directory_is_the_one_that_was_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("QUEUEMARK_DATA_DIR", str(tmp_path / "mine"))
    assert data_directory() == tmp_path / "mine"
    assert not (tmp_path / "mine").exists()


def test_the_directory_is_the_platforms_own_otherwise(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("QUEUEMARK_DATA_DIR", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert data_directory().name == "queuemark"
    if sys.platform == "linux":
        assert data_directory() == tmp_path / "queuemark"


def test_a_directory_is_created_when_needed(tmp_path: Path) -> None:
    place = tmp_path / "a" / "b"
    assert existing_database(place) is None
    with Store.open(place):
        pass
    assert existing_database(place) == place / DATABASE_NAME


def test_nothing_but_the_database_is_left(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        store.begin(session())
    assert [path.name for path in tmp_path.iterdir()] == [DATABASE_NAME]


def said(error: pytest.ExceptionInfo[QueuemarkError], *words: str) -> None:
    text = str(error.value)
    assert error.value.exit_code == 1
    assert "\n" not in text
    for word in (*words, "QUEUEMARK_DATA_DIR"):
        assert word in text


def test_a_file_where_the_directory_should_be(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    for place in (tmp_path / "taken", tmp_path / "taken" / "below"):
        with pytest.raises(QueuemarkError) as caught:
            Store.open(place)
        said(caught, str(place), "exists" if place.exists() else "Not a directory")


def test_a_directory_where_the_database_should_be(tmp_path: Path) -> None:
    (tmp_path / DATABASE_NAME).mkdir()
    with pytest.raises(QueuemarkError) as caught:
        Store.open(tmp_path)
    said(caught, str(tmp_path / DATABASE_NAME), "unable to open database file")


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / DATABASE_NAME).write_text("my shopping list, which is no database\n" * 100)
    with pytest.raises(QueuemarkError) as caught:
        Store.open(tmp_path)
    said(caught, "file is not a database", "move the file away")
    assert "shopping" in (tmp_path / DATABASE_NAME).read_text()


@pytest.fixture
def as_nobody() -> Iterator[None]:
    """File permissions bind only those who are not root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def reachable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that everybody may enter and read but only its owner may write."""
    place = tmp_path_factory.mktemp("data")
    for directory in (place, *place.parents):
        if directory == Path(tempfile.gettempdir()).resolve():
            break
        directory.chmod(0o755)
    place.chmod(0o555)
    return place


def test_a_directory_that_cannot_be_written(reachable: Path, as_nobody: None) -> None:
    with pytest.raises(QueuemarkError) as caught:
        Store.open(reachable)
    said(caught, str(reachable), "unable to open database file", "writable")
    with pytest.raises(QueuemarkError) as caught:
        Store.open(reachable / "below")
    said(caught, str(reachable / "below"), "Permission denied")


def test_a_database_that_cannot_be_written(reachable: Path, request: pytest.FixtureRequest) -> None:
    reachable.chmod(0o755)
    with Store.open(reachable) as store:
        store.begin(session())
    (reachable / DATABASE_NAME).chmod(0o444)
    reachable.chmod(0o555)
    request.getfixturevalue("as_nobody")
    with pytest.raises(QueuemarkError) as caught, Store.open(reachable) as store:
        store.begin(session(id="f" * 32))
    said(caught, str(reachable / DATABASE_NAME), "readonly", "writable")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB, where this process may mount one."""
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(tmp_path)], capture_output=True, text=True, check=False
    )
    if mount.returncode != 0:
        pytest.skip(f"cannot mount a small file system: {mount.stderr.strip()}")
    try:
        yield tmp_path
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_full_disk_keeps_what_was_acknowledged(small_disk: Path) -> None:
    of = case("tcp", consumers=32)
    acknowledged = []
    with Store.open(small_disk) as store:
        store.begin(session(of))
        with pytest.raises(QueuemarkError) as caught:
            for repeat in range(1000):
                store.add_trial(SESSION_ID, of, trial(of, repeat))
                acknowledged.append(repeat)
        said(caught, "store repeat", "disk", "space")
        assert len(acknowledged) > 5
        assert [t.repeat for t in store.document(SESSION_ID).cases[0].trials] == acknowledged


def test_a_full_disk_at_the_first_opening(small_disk: Path) -> None:
    with (small_disk / "ballast").open("wb", buffering=0) as ballast, pytest.raises(OSError, match="No space"):
        while True:
            ballast.write(b"\0" * 4096)
    with pytest.raises(QueuemarkError) as caught:
        Store.open(small_disk)
    said(caught, "disk", "space")


LIMITED = """
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from queuemark.model.errors import QueuemarkError
from queuemark.store import Store
from tests.examples import SESSION_ID, case, session, trial
of = case("tcp", consumers=32)
with Store.open(Path(sys.argv[1])) as store:
    store.begin(session(of))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
    try:
        for repeat in range(1000):
            store.add_trial(SESSION_ID, of, trial(of, repeat))
            print(repeat, flush=True)
    except QueuemarkError as error:
        print(error, file=sys.stderr)
"""


def test_a_limit_on_file_sizes_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    root = str(Path(__file__).parents[2])
    limited = [sys.executable, "-c", LIMITED, str(tmp_path), root]
    ended = subprocess.run(limited, capture_output=True, text=True, timeout=60, check=True)
    acknowledged = [int(line) for line in ended.stdout.split()]
    assert len(acknowledged) > 5
    assert ended.stderr.count("\n") == 1
    assert "store repeat" in ended.stderr
    with Store.open(tmp_path) as store:
        assert [t.repeat for t in store.document(SESSION_ID).cases[0].trials] == acknowledged
