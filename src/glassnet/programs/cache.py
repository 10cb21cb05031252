"""The cache of compiled programs: machine code that outlives the process, in a folder of the user's own.

    glassnet_<hash>.py                        the text of a program, for people and debuggers
    glassnet_<hash>.<function>.<types>.bin    one of its functions, compiled for some argument types

The hash covers the text and everything else that machine code depends on, so a file is never out of date:
it is right, or damaged, or no longer used. Each ``.bin`` begins with the SHA-256 of its name and content; a
damaged one is deleted and compiled again. Files appear whole or not at all, whoever writes at the same time.

Loading machine code means running it. So the folder must belong to the user and nobody else may write to it,
and the text that runs is the one that was just printed and checked, never the one in the file. Without such
a folder, or when the disk is full, programs are compiled in memory, and one warning says so.

============================ ====================================================================
Environment variable
============================ ====================================================================
``GLASSNET_CACHE_DIR``       the folder, instead of the platform's
``GLASSNET_CACHE_MB``        how large it may grow (512); what was used least recently goes first.
                             0 does without a cache
============================ ====================================================================
"""

from __future__ import annotations

import ast
import functools
import hashlib
import linecache
import os
import pickle
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from glassnet.programs.allowed import check_text
from glassnet.programs.cache_folder import Entry, clear, folder, keep, limit, place, read, usage

__all__ = ["Entry", "clear", "folder", "limit", "load_module", "usage"]

_DIGEST_SIZE = 32
# What numba's settings can change in machine code, besides the processor.
_FLAGS = (
    "OPT", "LOOP_VECTORIZE", "SLP_VECTORIZE", "BOUNDSCHECK", "DEBUGINFO_DEFAULT", "USING_SVML", "DISABLE_JIT",
)  # fmt: skip
_KERNELS = Path(__file__).parents[1] / "kernels"
_EPILOGUES = Path(__file__).parents[1] / "passes" / "epilogues.py"  # the kernels read their texts with it
_lock = threading.RLock()


def load_module(text: str, extra: str = "", check: Callable[[str], ast.Module] = check_text) -> ModuleType:
    r"""Run the definitions of a compiled program's text; its machine code comes from the cache or goes there.

    The functions that numba's ``njit`` makes of the text compile at their first call, as they always do, or
    take what an earlier process compiled. The text need not ask for a cache, and must not give signatures to
    ``njit``, which would compile before the cache is in place.

    Parameters
    ----------
    text : str
        The program.
    extra : str
        Whatever else its machine code depends on.
    check : callable
        Parses the text and refuses what it must not contain.

    Returns
    -------
    module
        The same one for the same text and ``extra``, throughout the process.

    Examples
    --------
    >>> import os
    >>> from unittest import mock
    >>> with mock.patch.dict(os.environ, GLASSNET_CACHE_MB="0"):  # keep nothing
    ...     load_module("def twice(x):\n    return 2 * x\n").twice(4)
    8
    """
    name = f"glassnet_{_hash(text, extra)}"
    with _lock:
        return sys.modules.get(name) or _load(name, text, check(text))


def _load(name: str, text: str, tree: ast.Module) -> ModuleType:
    path = place(name, text)
    file = str(path or f"<{name}>")
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    module = sys.modules[name] = ModuleType(name)
    module.__file__ = file
    try:
        exec(compile(tree, file, "exec", dont_inherit=True), vars(module))
    except BaseException:
        del sys.modules[name]
        raise
    if path:
        _attach_stores(module, path)
    return module


def _attach_stores(module: ModuleType, path: Path) -> None:
    """Give each compiled function of the program its part of the folder; not those it imports."""
    from numba.core.dispatcher import Dispatcher

    compiled: list[Any] = [value for value in vars(module).values() if isinstance(value, Dispatcher)]
    for function in compiled:
        if function.py_func.__globals__ is vars(module):
            function._cache = _Store(path, function.py_func.__name__)


def _hash(text: str, extra: str) -> str:
    vectors = os.environ.get("GLASSNET_VECTOR_BITS")  # kernels are cut to it
    return hashlib.sha256(repr((text, extra, vectors, _environment())).encode()).hexdigest()


@functools.cache
def _environment() -> tuple[object, ...]:
    """What machine code depends on besides the program's text: versions, processor, settings, kernels."""
    import numba
    from numba.core.registry import cpu_target

    kernels = hashlib.sha256()
    for path in [*sorted(_KERNELS.rglob("*.py")), _EPILOGUES]:
        kernels.update(repr((path.name, path.read_bytes())).encode())
    modules = ("glassnet", "numba", "llvmlite")
    return (
        *(sys.modules[name].__version__ for name in modules),
        sys.modules["llvmlite.binding"].llvm_version_info,
        np.__version__,
        sys.version,
        cpu_target.target_context.codegen().magic_tuple(),  # platform, processor, its features
        *(getattr(numba.config, flag, None) for flag in _FLAGS),
        kernels.hexdigest(),
    )


class _Store:
    """What numba asks for a function's machine code, and hands it to: takes the place of its own cache.

    Numba's own files carry no checksum, stand wherever ``NUMBA_CACHE_DIR`` says, and make the first call of
    a function fail when they cannot be written.
    """

    def __init__(self, program: Path, function: str) -> None:
        self.program, self.function = program, function
        self.cache_path = str(program.parent)

    def _path(self, types: object) -> Path:
        digest = hashlib.sha256(str(types).encode()).hexdigest()[:16]
        return self.program.with_suffix(f".{self.function}.{digest}.bin")

    def load_overload(self, types: object, target_context: Any) -> Any:
        """The function compiled for these types, or None."""
        content = _unsealed(self._path(types))
        if content is None:
            return None
        _make_ready(target_context)
        stored_types, parts = pickle.loads(content)
        return _rebuilt(target_context, parts) if stored_types == types else None

    def save_overload(self, types: object, result: Any) -> None:
        """Keep what was compiled, unless it holds addresses of this process."""
        if result.library.has_dynamic_globals or not all(loop.can_cache for loop in result.lifted):
            return
        path = self._path(types)
        keep(path, _sealed(path, _pickled((types, result._reduce()))))

    def flush(self) -> None:
        """Forget the function."""
        for path in self.program.parent.glob(f"{self.program.stem}.{self.function}.*.bin"):
            path.unlink(missing_ok=True)


def _make_ready(target_context: Any) -> None:
    """Load what machine code of ours can refer to.

    Numba's own cache loads all that compiling needs as well, and that takes 0.2 s of every process.
    """
    from numba.core.runtime import nrt
    from numba.cpython import hashing  # noqa: F401 - makes its constants known to the linker

    runtime: Any = nrt.rtsys
    runtime.initialize(target_context)  # allocation and counting of arrays


def _pickled(content: object) -> bytes:
    from numba.core import serialize

    dumps: Any = serialize.dumps  # knows numba's types
    return bytes(dumps(content))


def _rebuilt(target_context: Any, parts: tuple[Any, ...]) -> Any:
    from numba.core import compiler

    result: Any = compiler.CompileResult
    return result._rebuild(target_context, *parts)


def _sealed(path: Path, content: bytes) -> bytes:
    return hashlib.sha256(path.name.encode() + content).digest() + content


def _unsealed(path: Path) -> bytes | None:
    """What was sealed in a file; None where there is none or it was damaged, and then it is deleted."""
    try:
        data = read(path)
    except OSError:
        return None
    content = data[_DIGEST_SIZE:]
    if data == _sealed(path, content):
        return content
    with suppress(OSError):
        path.unlink()
    return None
