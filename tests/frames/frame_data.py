"""Small tables of all kinds of columns, as data frames of several libraries."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl

ROWS = 24
GENERATOR = np.random.default_rng(3)
TEXTS = ["red", "green", "blue"]


def some_missing(values, every=7):
    """The values as a list, each seventh of them None."""
    return [None if i % every == 3 else value for i, value in enumerate(values)]


NUMBERS = [float(v) for v in GENERATOR.normal(3, 2, ROWS).round(3)]
COLUMNS = {
    "number": NUMBERS,
    "gap": some_missing(NUMBERS[::-1]),
    "whole": [int(v) for v in GENERATOR.integers(0, 50, ROWS)],
    "whole_gap": some_missing([int(v) for v in GENERATOR.integers(-9, 50, ROWS)]),
    "yes": [i % 3 == 0 for i in range(ROWS)],
    "yes_gap": some_missing([i % 2 == 0 for i in range(ROWS)]),
    "color": [TEXTS[i % 3] for i in range(ROWS)],
    "color_gap": some_missing([[*TEXTS, "gray"][i // 2 % 4] for i in range(ROWS)]),
    "two": ["f" if i % 4 else "m" for i in range(ROWS)],
    "day": [dt.date(2020, 1, 1) + dt.timedelta(days=11 * i) for i in range(ROWS)],
    "moment": some_missing([dt.datetime(2021, 3, 1, 6) + dt.timedelta(hours=37 * i) for i in range(ROWS)]),
    "wait": [dt.timedelta(seconds=90 * i) for i in range(ROWS)],
}
GIVEN = {"pandas": pd.DataFrame, "polars": pl.DataFrame}
TARGET = [i % 2 for i in range(ROWS)]


def frame(library, columns=None):
    """The columns as a frame of a library."""
    return GIVEN[library](COLUMNS if columns is None else columns)


def changed(library, **columns):
    """The table with some columns replaced, or left out (None)."""
    kept = {name: values for name, values in {**COLUMNS, **columns}.items() if values is not None}
    return frame(library, kept)
