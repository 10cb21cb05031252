"""The cache of compiled programs: found again, never shared, never half written, never wrong when damaged."""

from __future__ import annotations

import ast
import errno
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numba
import numpy as np
import pytest
from numba.core import registry

from glassnet.errors import GlassnetError, InputError
from glassnet.programs import cache, cache_folder
from glassnet.programs.allowed import GeneratedCodeError

TWICE = '"""Doubles."""\nfrom numba import njit\n\n\n@njit\ndef twice(x):\n    return 2 * x\n'
# Allocates, calls a function of the text, raises: what machine code needs from numba when it is loaded.
NORMALIZED = """\
import numpy as np
from numba import njit


@njit
def square_sum(x):
    total = 0.0
    for value in x:
        total += value * value
    return total


@njit
def normalized(x):
    length = np.sqrt(square_sum(x))
    if length == 0:
        raise ValueError("nothing to normalize")
    result = np.zeros_like(x)
    for i in range(len(x)):
        result[i] = x[i] / length
    return result
"""
# One process, or several that begin together. Each prints the result and whether machine code was found.
PROCESS = """
import ast, os, pathlib, signal, sys
import numpy as np
from glassnet.programs import cache

cache._KERNELS = pathlib.Path("none")  # they may be edited while these tests run

def run():
    program = cache.load_module(sys.argv[1], check=ast.parse)
    result = program.normalized(np.array([3.0, 4.0])).tolist()
    try:
        program.normalized(np.zeros(2))
    except ValueError as error:
        how = "found" if program.normalized.stats.cache_hits else "compiled"
        os.write(1, f"{result} {how} {error}\\n".encode())  # at once: eight processes share the pipe

if sys.argv[2] == "killed while writing":
    os.replace = lambda *paths: os.kill(os.getpid(), signal.SIGKILL)
cache._environment()  # imports numba, once for all
children = []
for _ in range(int(sys.argv[3])):
    children.append(os.fork())
    if not children[-1]:
        try:
            run()
        finally:
            os._exit(0)
for child in children:
    os.waitpid(child, 0)
"""
COMPILED, FOUND = (f"[0.6, 0.8] {how} nothing to normalize" for how in ("compiled", "found"))


@pytest.fixture(autouse=True)
def kept(tmp_path, monkeypatch):
    """An empty cache, and a process that has not used it yet."""
    monkeypatch.setenv("GLASSNET_CACHE_DIR", str(tmp_path / "kept"))
    monkeypatch.delenv("GLASSNET_CACHE_MB", raising=False)
    monkeypatch.setattr(cache_folder, "_state", cache_folder._State())
    yield tmp_path / "kept"
    forget()


def forget():
    """What a new process does not have."""
    for name in [name for name in sys.modules if name.startswith("glassnet_")]:
        del sys.modules[name]


def load(text=TWICE, extra=""):
    """Load as a new process does."""
    forget()
    return cache.load_module(text, extra, check=ast.parse)


def hits(function):
    return sum(function.stats.cache_hits.values())


def files(folder, pattern="*"):
    return sorted(folder.glob(pattern))


def in_processes(count, how="untouched"):
    """What processes that load the program at the same moment print."""
    command = [sys.executable, "-W", "ignore", "-c", PROCESS, NORMALIZED, how, str(count)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stderr == ""
    return result.stdout.splitlines()


# ---------------------------------------------------------------- found again


def test_compiled_once_and_found_again(kept):
    first = load()
    assert (first.twice(21), hits(first.twice)) == (42, 0)
    second = load()
    assert second is not first
    assert (second.twice(21), hits(second.twice)) == (42, 1)
    assert (second.twice(0.25), hits(second.twice)) == (0.5, 1)  # other types, compiled
    assert (load().twice(0.25), len(files(kept, "*.bin"))) == (0.5, 2)
    assert second.twice.stats.cache_path == str(kept)


def test_same_text_is_loaded_once_per_process():
    assert load() is cache.load_module(TWICE, check=ast.parse)


def test_files(kept):
    program = load()
    program.twice(1)
    text, machine_code = sorted(files(kept), key=lambda path: path.suffix, reverse=True)
    assert text.name == f"{program.__name__}.py"
    assert text.read_text() == TWICE
    assert program.__file__ == str(text)
    assert machine_code.name.startswith(f"{program.__name__}.twice.")
    assert kept.stat().st_mode & 0o777 == 0o700
    assert [path.stat().st_mode & 0o777 for path in (text, machine_code)] == [0o600, 0o600]


def test_traceback_shows_the_line(monkeypatch):
    for size in ("512", "0"):
        monkeypatch.setenv("GLASSNET_CACHE_MB", size)
        with pytest.raises(ZeroDivisionError) as caught:
            load("def fail():\n    return 1 // 0\n").fail()
        assert str(caught.traceback[-1].statement).strip() == "return 1 // 0"


def test_functions_of_other_modules_are_not_kept(kept, monkeypatch):
    other = ModuleType("kernels_of_a_test")
    exec(TWICE, vars(other))
    monkeypatch.setitem(sys.modules, "kernels_of_a_test", other)
    text = f"from kernels_of_a_test import twice\n{TWICE.replace('twice', 'four_times')}".replace(
        "2 *", "2 * twice(1) *"
    )
    program = load(text)
    assert program.four_times(3) == 12
    assert [path.name.split(".")[1] for path in files(kept, "*.bin")] == ["four_times"]
    assert (load(text).four_times(3), program.twice.stats.cache_path) == (12, None)


def test_numba_keeps_nothing_elsewhere(kept, monkeypatch, tmp_path):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "shared"))
    load().twice(1)
    assert hits(load().twice) == 0
    assert not (tmp_path / "shared").exists()
    assert len(files(kept)) == 2


def test_recompiling_forgets_the_function(kept):
    program = load(NORMALIZED)
    program.normalized(np.ones(2))
    before = [path.name.split(".")[1] for path in files(kept, "*.bin")]
    program.square_sum._cache.flush()
    after = [path.name.split(".")[1] for path in files(kept, "*.bin")]
    assert (before, after) == (["normalized", "square_sum"], ["normalized"])


@pytest.mark.parametrize(
    "dynamic, lifted", [(True, ()), (False, (SimpleNamespace(can_cache=False),))], ids=["addresses", "loops"]
)
def test_what_holds_only_in_this_process_is_not_kept(kept, dynamic, lifted):
    program = load()
    result = SimpleNamespace(library=SimpleNamespace(has_dynamic_globals=dynamic), lifted=lifted)
    program.twice._cache.save_overload((numba.int64,), result)
    assert files(kept, "*.bin") == []


# ---------------------------------------------------------------- the key


def test_key_holds_text_and_extra(monkeypatch):
    names = {load().__name__, load(TWICE + "\n").__name__, load(extra="float32").__name__}
    monkeypatch.setenv("GLASSNET_VECTOR_BITS", "256")
    names.add(load().__name__)
    monkeypatch.setattr(cache, "_environment", lambda: ("another machine",))
    names.add(load().__name__)
    assert len(names) == 5


class OtherProcessor:
    """A target whose code this machine may not be able to run."""

    target_context = SimpleNamespace(codegen=lambda: SimpleNamespace(magic_tuple=lambda: ("x", "old", "")))


@pytest.mark.parametrize(
    "place, name, value",
    [
        (sys.modules["glassnet"], "__version__", "0"),
        (numba, "__version__", "0"),
        (sys.modules["llvmlite"], "__version__", "0"),
        (sys.modules["llvmlite.binding"], "llvm_version_info", (0, 0, 0)),
        (np, "__version__", "0"),
        (sys, "version", "0"),
        (registry, "cpu_target", OtherProcessor()),
        (cache, "_KERNELS", Path(__file__).parent),
        (cache, "_EPILOGUES", Path(__file__)),
        *[(numba.config, flag, "other") for flag in cache._FLAGS],
    ],
)
def test_key_holds_the_surroundings(monkeypatch, place, name, value):
    surroundings = cache._environment.__wrapped__
    before = surroundings()
    assert surroundings() == before == cache._environment()
    monkeypatch.setattr(place, name, value)
    assert surroundings() != before


def test_key_holds_the_kernels(monkeypatch, tmp_path):
    monkeypatch.setattr(cache, "_KERNELS", tmp_path)
    seen = {cache._environment.__wrapped__()}
    for content in ("a = 1", "a = 2"):
        (tmp_path / "one.py").write_text(content)
        seen.add(cache._environment.__wrapped__())
    (tmp_path / "one.py").rename(tmp_path / "two.py")
    seen.add(cache._environment.__wrapped__())
    assert len(seen) == 4


# ---------------------------------------------------------------- text that does not run


def test_text_is_checked_first(kept):
    with pytest.raises(GeneratedCodeError, match=r"^line 1 of a printed program: an import$"):
        cache.load_module("import os\n")
    assert not kept.exists()


def test_text_that_fails_is_tried_again():
    for _ in range(2):
        with pytest.raises(NameError):
            cache.load_module("x = y\n", check=ast.parse)


# ---------------------------------------------------------------- damage


def test_every_flip_and_truncation_is_noticed(tmp_path):
    path = tmp_path / "a.bin"
    whole = cache._sealed(path, b"machine code")
    flipped = [
        bytes(byte ^ (1 << bit) if i == at else byte for i, byte in enumerate(whole))
        for at in range(len(whole))
        for bit in range(8)
    ]
    for damaged in (*flipped, *(whole[:size] for size in range(len(whole))), whole + b"\0"):
        path.write_bytes(damaged)
        assert cache._unsealed(path) is None
        assert not path.exists()
    path.write_bytes(whole)
    assert cache._unsealed(path) == b"machine code"
    path.rename(tmp_path / "b.bin")
    assert cache._unsealed(tmp_path / "b.bin") is None


@pytest.mark.parametrize("damage", ["flip first", "flip middle", "flip last", "half", "empty"])
def test_damaged_machine_code_is_compiled_again(kept, damage):
    load().twice(1)
    (path,) = files(kept, "*.bin")
    whole = path.read_bytes()
    at = {"first": 0, "middle": len(whole) // 2, "last": len(whole) - 1}.get(damage.partition(" ")[2], 0)
    flip = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
    path.write_bytes({"half": whole[: len(whole) // 2], "empty": b""}.get(damage, flip))
    program = load()
    assert (program.twice(21), hits(program.twice)) == (42, 0)
    program = load()
    assert (program.twice(21), hits(program.twice)) == (42, 1)


def test_damaged_file_that_cannot_be_deleted(kept, monkeypatch):
    load().twice(1)
    files(kept, "*.bin")[0].write_bytes(b"")
    monkeypatch.setattr(Path, "unlink", failing(errno.EROFS))
    assert load().twice(21) == 42


def test_types_of_the_same_spelling(kept):
    program = load()
    program.twice(1)
    (path,) = files(kept, "*.bin")
    stored = cache._pickled(((numba.float64,), "not even looked at"))
    path.write_bytes(cache._sealed(path, stored))
    program = load()
    assert (program.twice(21), hits(program.twice)) == (42, 0)


def test_text_in_the_folder_is_never_run(kept):
    name = load().__name__
    (kept / f"{name}.py").write_text("raise SystemExit")
    assert load().twice(21) == 42
    assert (kept / f"{name}.py").read_text() == TWICE


# ---------------------------------------------------------------- folders that cannot be used


def failing(number):
    """A function of the operating system that fails."""

    def fail(*arguments, **options):
        raise OSError(number, os.strerror(number))

    return fail


def is_a_link(folder, monkeypatch):
    (folder.parent / "elsewhere").mkdir()
    folder.symlink_to(folder.parent / "elsewhere")
    return f"{folder} is a link."


def is_somebody_elses(folder, monkeypatch):
    mine = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    return f"{folder} belongs to another user."


def is_writable(bits):
    def make(folder, monkeypatch):
        folder.mkdir()
        folder.chmod(0o700 | bits)
        return f"{folder} can be written by other users."

    return make


def is_a_file(folder, monkeypatch):
    folder.write_text("")
    return f"{folder}: File exists."


def is_below_a_file(folder, monkeypatch):
    (folder.parent / "file").write_text("")
    monkeypatch.setenv("GLASSNET_CACHE_DIR", str(folder.parent / "file" / "kept"))
    return f"{folder.parent / 'file' / 'kept'}: Not a directory."


def is_full(folder, monkeypatch):
    monkeypatch.setattr(os, "replace", failing(errno.ENOSPC))
    return f"{folder}: No space left on device."


def is_read_only(folder, monkeypatch):
    monkeypatch.setattr(cache_folder.tempfile, "mkstemp", failing(errno.EROFS))
    return f"{folder}: Read-only file system."


def is_nowhere(folder, monkeypatch):
    monkeypatch.delenv("GLASSNET_CACHE_DIR")
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(Path, "home", no_home)
    return "The user's home folder is not known."


def no_home():
    raise RuntimeError("Could not determine home directory.")


UNUSABLE = [
    is_a_link, is_somebody_elses, is_writable(0o002), is_writable(0o020), is_a_file, is_below_a_file, is_full,
    is_read_only, is_nowhere,
]  # fmt: skip


@pytest.mark.parametrize("spoil", UNUSABLE, ids=lambda spoil: spoil.__name__)
def test_compiled_in_memory_with_one_warning(kept, monkeypatch, spoil):
    reason = spoil(kept, monkeypatch)
    with pytest.warns(UserWarning, match="not kept") as caught:
        program = load()
    message = (
        f"Compiled programs are not kept for the next process: {reason}\n"
        "Put that right, or name another folder in the environment variable GLASSNET_CACHE_DIR;\n"
        "GLASSNET_CACHE_MB=0 does without one and without this warning."
    )
    assert [str(warning.message) for warning in caught] == [message]
    assert (program.twice(21), program.twice.stats.cache_path) == (42, None)
    load(NORMALIZED)  # silent: a second warning would be an error
    assert [path for path in kept.parent.rglob("*") if "glassnet_" in path.name] == []


def test_folder_of_read_only_programs(kept, monkeypatch):
    load().twice(1)
    monkeypatch.setattr(os, "utime", failing(errno.EROFS))
    monkeypatch.setattr(cache_folder.tempfile, "mkstemp", failing(errno.EROFS))
    program = load()
    assert (program.twice(21), hits(program.twice)) == (42, 1)
    with pytest.warns(UserWarning, match="Read-only file system"):
        assert program.twice(0.25) == 0.5
    assert len(files(kept)) == 2


def test_disk_full_after_compiling(kept, monkeypatch):
    program = load(NORMALIZED)
    monkeypatch.setattr(os, "replace", failing(errno.ENOSPC))
    with pytest.warns(UserWarning, match="No space left on device") as caught:
        assert program.normalized(np.array([3.0, 4.0])).tolist() == [0.6, 0.8]
    assert len(caught) == 1  # though two functions were compiled
    assert [path.suffix for path in files(kept)] == [".py"]


def test_unfinished_file_that_cannot_be_deleted(kept, monkeypatch):
    program = load()
    monkeypatch.setattr(os, "replace", failing(errno.ENOSPC))
    monkeypatch.setattr(os, "unlink", failing(errno.EROFS))
    with pytest.warns(UserWarning, match="No space left on device"):
        assert program.twice(21) == 42


def test_another_process_was_quicker(kept, monkeypatch):
    """Windows refuses to replace a file that is being read; what is there is as good."""
    program, slower = load(), load()
    program.twice(1)
    monkeypatch.setattr(os, "replace", failing(errno.EACCES))
    monkeypatch.setattr(slower.twice._cache, "load_overload", lambda *arguments: None)
    assert slower.twice(21) == 42
    assert cache_folder._state.warned is False


@pytest.mark.parametrize("owned", [True, False])
def test_files_of_others_are_not_loaded(kept, monkeypatch, owned):
    """They may stand there from a time when the folder was open to others."""
    load().twice(1)
    program = load()
    if not owned:
        monkeypatch.setattr(cache_folder, "_owned", lambda status: False)
    assert (program.twice(21), hits(program.twice)) == (42, int(owned))


def test_links_are_not_followed(kept, tmp_path):
    load().twice(1)
    (path,) = files(kept, "*.bin")
    path.rename(tmp_path / path.name)
    path.symlink_to(tmp_path / path.name)
    program = load()
    assert (program.twice(21), hits(program.twice)) == (42, 0)
    assert not path.is_symlink()


def test_systems_without_owners(kept, monkeypatch):
    monkeypatch.delattr(os, "geteuid")
    kept.mkdir()
    kept.chmod(0o777)  # what Windows says of every folder
    load().twice(1)
    assert len(files(kept)) == 2


# ---------------------------------------------------------------- several processes


def test_eight_processes_at_once(kept):
    said = in_processes(8)
    assert (len(said), set(said) <= {COMPILED, FOUND}, COMPILED in said) == (8, True, True)
    assert [path.suffix for path in files(kept)] == [".bin", ".py", ".bin"]
    assert in_processes(1) == [FOUND]


def test_killed_while_writing(kept):
    assert in_processes(1, "killed while writing") == []
    assert [path.suffix for path in files(kept)] == [".tmp"]
    assert in_processes(1) + in_processes(1) == [COMPILED, FOUND]
    cache.clear()
    assert files(kept) == []


# ---------------------------------------------------------------- size


def stored(folder, letter, size, when):
    """The files of a program that was last used at a time."""
    folder.mkdir(exist_ok=True)
    name = f"glassnet_{64 * letter}"
    for ending, share in ((".py", 10), (".f.0123456789abcdef.bin", size - 10)):
        (folder / (name + ending)).write_bytes(share * b"x")
        os.utime(folder / (name + ending), (when, when))
    return name


def letters(folder):
    return "".join(sorted(path.name[9] for path in files(folder, "*.py")))


@pytest.mark.parametrize(
    "bound, left",
    [(4000, "abcd"), (3999, "bcd"), (3500, "bcd"), (3300, "cd"), (1200, "d"), (1000, ""), (1, "")],
)
def test_least_recently_used_goes_first(kept, bound, left):
    for when, letter in enumerate("abcd", start=1):
        stored(kept, letter, 1000, when)
    cache_folder._trim(kept, bound)
    assert letters(kept) == left
    assert len(files(kept)) == 2 * len(left)  # whole programs


def test_use_counts(kept):
    names = [load(TWICE + f"# {i}\n").__name__ for i in range(2)]
    for i, name in enumerate(names):
        os.utime(kept / f"{name}.py", (i, i))
    assert [entry.name for entry in cache.usage()] == names[::-1]
    load(TWICE + "# 0\n")
    assert [entry.name for entry in cache.usage()] == names


def test_size_is_looked_at_rarely(kept, monkeypatch):
    monkeypatch.setenv("GLASSNET_CACHE_MB", "0.016")  # a sixteenth of it is 1000 bytes
    looks = []
    monkeypatch.setattr(cache_folder, "_trim", lambda path, bound: looks.append(bound))
    counts = []
    kept.mkdir()
    for size in (1, 400, 600, 1, 1000, 2000):
        cache_folder.keep(kept / "file", size * b"x")
        counts.append(len(looks))
    assert counts == [1, 1, 1, 2, 2, 3]
    assert set(looks) == {16000}


def test_trimming_that_fails_is_silent(kept, monkeypatch):
    monkeypatch.setattr(cache_folder, "_trim", failing(errno.EACCES))
    assert load().twice(21) == 42
    assert len(files(kept)) == 2


def test_a_real_program_makes_room(kept, monkeypatch):
    stored(kept, "a", 100_000, 1)
    monkeypatch.setenv("GLASSNET_CACHE_MB", "0.1")
    program = load()
    program.twice(1)
    assert {path.name.partition(".")[0] for path in files(kept)} == {program.__name__}


@pytest.mark.parametrize(
    "text, expected", [("512", 512_000_000), ("", 512_000_000), ("0.5", 500_000), ("0", 0)]
)
def test_limit(monkeypatch, text, expected):
    monkeypatch.setenv("GLASSNET_CACHE_MB", text)
    assert cache.limit() == expected


@pytest.mark.parametrize("text", ["much", "-1", "nan", "inf"])
def test_limit_that_is_none(kept, monkeypatch, text):
    monkeypatch.setenv("GLASSNET_CACHE_MB", text)
    with pytest.raises(InputError) as caught:
        load()
    assert str(caught.value) == (
        f"The environment variable GLASSNET_CACHE_MB is {text!r}.\n"
        "Expected a number of megabytes, such as 512, or 0 to do without a cache."
    )


def test_no_cache(kept, monkeypatch):
    monkeypatch.setenv("GLASSNET_CACHE_MB", "0")
    program = load()
    assert (program.twice(21), program.twice.stats.cache_path) == (42, None)
    assert program.__file__ == f"<{program.__name__}>"
    assert not kept.exists()


# ---------------------------------------------------------------- looking at it


def test_usage(kept):
    assert cache.usage() == []
    older, newer = stored(kept, "a", 1000, 5), stored(kept, "b", 2000, 7)
    (kept / f"{older}.py").unlink()
    (kept / f"{newer}.py").write_bytes(b"# \xff\nsecond")
    os.utime(kept / f"{newer}.py", (9, 9))
    assert cache.usage() == [cache.Entry(newer, 1990 + 10, 9, "# \ufffd"), cache.Entry(older, 990, 5, "")]


def test_clear_leaves_other_files(kept):
    stored(kept, "a", 1000, 1)
    others = ["notes.txt", "glassnet_a.py", f"glassnet_{64 * 'g'}.py", f"glassnet_{64 * 'a'}"]
    for name in others:
        (kept / name).write_text("kept")
    assert cache.clear() == 1000
    assert [path.name for path in files(kept)] == sorted(others)
    assert cache.clear() == 0


def test_file_that_vanishes_while_listed(kept, monkeypatch):
    stored(kept, "a", 1000, 1)
    real = os.scandir

    class Vanished:
        name, path = f"glassnet_{64 * 'b'}.py", "b"
        stat = staticmethod(failing(errno.ENOENT))

    class Listing:
        def __init__(self, path):
            self.entries = real(path)

        def __enter__(self):
            return [Vanished(), *self.entries]

        def __exit__(self, *error):
            self.entries.close()

    monkeypatch.setattr(os, "scandir", Listing)
    assert [entry.bytes for entry in cache.usage()] == [1000]


# ---------------------------------------------------------------- where it is


HOME = Path.home()


@pytest.mark.parametrize(
    "platform, variables, expected",
    [
        ("linux", {}, HOME / ".cache" / "glassnet"),
        ("linux", {"XDG_CACHE_HOME": "/big/cache"}, Path("/big/cache/glassnet")),
        ("linux", {"XDG_CACHE_HOME": "relative"}, HOME / ".cache" / "glassnet"),
        ("darwin", {"XDG_CACHE_HOME": "/big/cache"}, HOME / "Library" / "Caches" / "glassnet"),
        ("win32", {}, HOME / "AppData" / "Local" / "glassnet" / "Cache"),
        ("win32", {"LOCALAPPDATA": "/users/ada"}, Path("/users/ada/glassnet/Cache")),
        ("win32", {"GLASSNET_CACHE_DIR": "/given"}, Path("/given")),
        ("linux", {"GLASSNET_CACHE_DIR": "given"}, Path.cwd() / "given"),
        ("linux", {"GLASSNET_CACHE_DIR": "~/given"}, HOME / "given"),
    ],
)
def test_folder(monkeypatch, platform, variables, expected):
    for name in ("GLASSNET_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert cache.folder() == expected


def test_folder_without_a_home(monkeypatch):
    monkeypatch.setattr(Path, "expanduser", lambda path: no_home())
    with pytest.raises(GlassnetError, match=r"^The user's home folder is not known\.$"):
        cache.folder()
