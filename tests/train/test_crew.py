"""The threads that train: which processors they run on."""

import os
import threading

from glassnet.train import crew
from glassnet.train.crew import Crew


def test_threads_that_were_woken_on_one_processor_part(monkeypatch):
    moves = []
    monkeypatch.setattr(crew, "_processor", lambda: 4)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {4, 7, 9}, raising=False)
    monkeypatch.setattr(os, "sched_setaffinity", lambda pid, to: moves.append(set(to)), raising=False)
    with Crew(2) as team:
        team.run(lambda first, last, threads: None, 2)
    assert moves == [{7}, {4, 7, 9}], "one of the two moves, and may then go anywhere"


def test_where_threads_may_run_is_as_before():
    allowed = getattr(os, "sched_getaffinity", lambda pid: None)(0)
    after = []
    with Crew(2) as team:
        for _ in range(50):
            team.run(lambda first, last, threads: after.append(getattr(os, "sched_getaffinity", int)(0)), 2)
    assert after == [allowed] * 100 or allowed is None


def test_without_such_functions_all_threads_run_where_they_are(monkeypatch):
    monkeypatch.setattr(crew, "_processor", None)
    ran = []
    with Crew(2) as team:
        team.run(lambda first, last, threads: ran.append((first, last, threading.current_thread().name)), 2)
    assert sorted(part[:2] for part in ran) == [(0, 1), (1, 2)]
