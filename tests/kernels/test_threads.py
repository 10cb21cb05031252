"""Barriers hold, parts cover everything once, processors are counted as the surroundings allow."""

from __future__ import annotations

import os
import sys
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from glassnet.kernels import threads
from glassnet.kernels.options import OPTIONS
from glassnet.kernels.threads import barrier, barrier_cells, processors, share


@njit(**OPTIONS)
def write_and_compare(cells, slots, me, count, rounds):
    """Write the number of the round into one's own slot; count the slots of others that have another one."""
    wrong = 0
    for number in range(rounds):
        slots[me] = number
        barrier(cells, count)
        for other in range(count):
            wrong += slots[other] != number
        barrier(cells, count)
    return wrong


@njit(**OPTIONS)
def compiled_share(extent, part, parts):
    return share(extent, part, parts)


def run_together(count, rounds, cells):
    slots = np.zeros(count, np.int64)
    wrong = [-1] * count

    def work(me):
        wrong[me] = write_and_compare(cells, slots, me, count, rounds)

    workers = [threading.Thread(target=work, args=(me,), daemon=True) for me in range(count)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    return wrong


@pytest.mark.parametrize(("count", "rounds"), [(1, 10), (2, 5000), (4, 500), (7, 50)])
def test_nobody_passes_a_barrier_before_all_are_there(count, rounds):
    assert run_together(count, rounds, barrier_cells()) == [0] * count


def test_a_barrier_serves_different_numbers_of_threads_in_turn():
    cells = barrier_cells()
    assert [run_together(count, 100, cells) for count in (3, 2, 4)] == [[0] * 3, [0] * 2, [0] * 4]


def test_a_barrier_without_a_way_to_give_the_core_away():
    cells = barrier_cells()
    assert cells[2] != 0
    cells[2] = 0
    assert run_together(2, 50, cells) == [0, 0]


def test_one_thread_does_not_touch_the_cells():
    cells = barrier_cells()
    before = cells.copy()
    run_together(1, 3, cells)
    np.testing.assert_array_equal(cells, before)


@given(st.integers(0, 3000), st.integers(1, 9))
def test_parts_cover_an_extent_once(extent, parts):
    bounds = [compiled_share(extent, part, parts) for part in range(parts)]
    assert [i for low, high in bounds for i in range(low, high)] == list(range(extent))
    sizes = [high - low for low, high in bounds]
    assert max(sizes) - min(sizes) <= (31 if extent >= 32 * parts else 1)


@pytest.mark.parametrize(
    ("extent", "parts", "expected"),
    [
        (64, 2, [(0, 32), (32, 64)]),
        (100, 3, [(0, 32), (32, 64), (64, 100)]),
        (10, 4, [(0, 2), (2, 5), (5, 7), (7, 10)]),
        (1, 2, [(0, 0), (0, 1)]),
        (0, 2, [(0, 0), (0, 0)]),
    ],
)
def test_parts_of_large_extents_are_whole_vectors(extent, parts, expected):
    assert [compiled_share(extent, part, parts) for part in range(parts)] == expected


@pytest.fixture
def four_processors(monkeypatch, tmp_path):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1, 2, 3}, raising=False)
    monkeypatch.setattr(threads, "_quota", lambda folder: sys.maxsize)


@pytest.mark.parametrize(
    ("setting", "expected"),
    [("", 4), ("3", 3), ("8", 4), ("2,1", 2), (" 1 ", 1), ("0", 4), ("-1", 4), ("many", 4)],
)
@pytest.mark.usefixtures("four_processors")
def test_processors_respect_openmp(monkeypatch, setting, expected):
    monkeypatch.setenv("OMP_NUM_THREADS", setting)
    assert processors() == expected


@pytest.mark.usefixtures("four_processors")
def test_processors_where_there_is_no_affinity(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert processors() == 1


@pytest.mark.usefixtures("four_processors")
@pytest.mark.parametrize(("quota", "expected"), [(3, 3), (9, 4), (0, 1)])
def test_processors_respect_a_quota(monkeypatch, quota, expected):
    monkeypatch.setattr(threads, "_quota", lambda folder: quota)
    assert processors() == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, sys.maxsize),
        ({"cpu.max": "max 100000\n"}, sys.maxsize),
        ({"cpu.max": "200000 100000\n"}, 2),
        ({"cpu.max": "150000 100000\n"}, 2),
        ({"cpu.max": "nonsense\n"}, sys.maxsize),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, sys.maxsize),
        ({"cpu/cpu.cfs_quota_us": "300000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 3),
    ],
)
def test_the_quota_of_a_container(tmp_path, files, expected):
    (tmp_path / "cpu").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="ascii")
    assert threads._quota(tmp_path) == expected
