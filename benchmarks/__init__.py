"""Measurements beside other libraries: ``python -m benchmarks``."""

import time

STARTED = time.perf_counter()  # a worker loads this before anything else: see wholes.py
