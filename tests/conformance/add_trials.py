"""Run as a program by test_store.py: adds trials until it is killed and prints each that was acknowledged."""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from queuemark.model.errors import UsageError
from tests.conformance.test_store import STORES
from tests.examples import SESSION_ID, case, session, trial

with STORES[sys.argv[2]](Path(sys.argv[1])) as store:
    of = case("tcp", consumers=4)
    try:
        store.find()
        store.reopen(SESSION_ID)
    except UsageError:
        store.begin(session(of))
    done = {repeat for _, repeat in store.done(SESSION_ID)}
    for repeat in count():
        if repeat not in done:
            store.add_trial(SESSION_ID, of, trial(of, repeat))
            print(repeat, flush=True)
