"""What a site does beside answering."""

from __future__ import annotations

import gc
import subprocess
import sys
from threading import Event

from queuemark.model.session import decode_session
from queuemark.store import Store
from queuemark.store.record import Record
from queuemark.web.upkeep import collecting_seldom, summarising, warming_up
from tests.submissions import GOLDEN, golden


def test_sessions_measured_here_are_summarised(tmp_path, monkeypatch):
    with Store.open(tmp_path) as store:
        store.add_document(decode_session(GOLDEN.read_bytes()))
    done = Event()
    with Record.open(directory=tmp_path) as record:
        summarise = record.summarise
        monkeypatch.setattr(record, "summarise", lambda *given: (summarise(*given), done.set()))
        with summarising(record):
            assert done.wait(10)
        assert record.unsummarised(1) == []
        assert record.totals().cases == len(golden().cases)


def test_a_session_that_cannot_be_summarised_does_not_keep_others_from_it(tmp_path, monkeypatch):
    with Store.open(tmp_path) as store:
        store.add_document(decode_session(GOLDEN.read_bytes()))
    tried, again = Event(), Event()

    def refuse(session_id):
        (again if tried.is_set() else tried).set()
        raise ZeroDivisionError

    with Record.open(directory=tmp_path) as record:
        monkeypatch.setattr(record, "document", refuse)
        with summarising(record):
            assert tried.wait(10)
        assert not again.is_set()


def test_garbage_is_looked_for_as_usual_when_the_site_has_ended() -> None:
    before = gc.get_threshold(), gc.get_freeze_count()
    with collecting_seldom():
        assert gc.get_threshold() > before[0]
        assert gc.get_freeze_count() > before[1]
    assert (gc.get_threshold(), gc.get_freeze_count()) == before


WARMED = """
import sys
from queuemark.store.record import Record
from queuemark.web import pages, upkeep
with Record.open() as record:
    assert "numpy" not in sys.modules and "altair" not in sys.modules
    with upkeep.warming_up(record):
        pass
compiled = {name for _, name in pages._templates().cache}
assert compiled == set(pages._templates().list_templates()), compiled
assert "altair" not in sys.modules
"""


def test_templates_are_compiled_before_they_are_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("QUEUEMARK_DATA_DIR", str(tmp_path))
    subprocess.run([sys.executable, "-c", WARMED], check=True, timeout=60)


def test_what_computes_is_loaded_before_it_is_asked_for(tmp_path, monkeypatch):
    loaded, all_of_it = [], Event()

    def load(name):
        loaded.append(name)
        if name == "queuemark.views.compared":
            all_of_it.set()

    monkeypatch.setattr("queuemark.web.upkeep.import_module", load)
    with Record.open(directory=tmp_path) as record, warming_up(record):
        assert all_of_it.wait(10)
    assert "numpy" in loaded
