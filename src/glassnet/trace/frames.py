"""Where in the user's code are we? Frames of NumPy and of glassnet's own core are passed over."""

from __future__ import annotations

import contextlib
import linecache
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import numpy as np

from glassnet.errors import TraceError

_PACKAGE = Path(__file__).parent.parent
# Layers, losses and optimizers are written like users' code: their lines and variables count.
_TRANSPARENT_NAMES = ("graph/", "trace/", "nn/context.py")
_BOUNDARY_NAMES = (
    *(
        "grad/",
        "passes/",
        "files/",
        "printers/",
        "programs/",
        "train/",
        "inspect/",
        "functional.py",
        "model.py",
    ),
    *("nn/layer.py", "nn/network.py", "nn/symbolic.py"),
)
_TRANSPARENT = (
    f"{Path(np.__file__).parent}/",
    contextlib.__file__,
    *(f"{_PACKAGE}/{name}" for name in _TRANSPARENT_NAMES),
)
_BOUNDARY = tuple(f"{_PACKAGE}/{name}" for name in _BOUNDARY_NAMES)


def is_hidden(frame: FrameType) -> bool:
    """Whether a frame belongs to the machinery rather than to somebody's network."""
    return frame.f_code.co_filename.startswith((*_TRANSPARENT, *_BOUNDARY))


def visible_frame() -> FrameType | None:
    """The innermost frame of code that describes a network."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and is_hidden(frame):
        frame = frame.f_back
    return frame


def calling_frame() -> FrameType | None:
    """The frame whose line makes a node: none where the machinery makes it for itself."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_TRANSPARENT):
        frame = frame.f_back
    return None if frame is None or is_hidden(frame) else frame


class _Reading(threading.local):
    """Whether source files may be read for messages, in this thread."""

    allowed = True


_reading = _Reading()


@contextlib.contextmanager
def without_reading() -> Iterator[None]:
    """Errors raised inside name lines by their numbers only: no source file is opened."""
    old, _reading.allowed = _reading.allowed, False
    try:
        yield
    finally:
        _reading.allowed = old


def user_line() -> str:
    """``file.py:12: z = x @ W`` for the innermost visible frame."""
    frame = visible_frame()
    if frame is None:
        return "<unknown line>"
    name = frame.f_code.co_filename
    text = linecache.getline(name, frame.f_lineno).strip() if _reading.allowed else ""
    return f"{Path(name).name}:{frame.f_lineno}: {text}".rstrip(": ")


def trace_error(problem: str, remedy: str = "") -> TraceError:
    """A TraceError that names the user's line, what is wrong with it, and what to write instead."""
    return TraceError("\n".join(filter(None, (user_line(), problem, remedy))))
