"""`glassnet cache`: what it shows, what it deletes, and what it says when it cannot."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from glassnet.cli import cache_command, main


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GLASSNET_CACHE_DIR", str(tmp_path / "kept [bold]"))
    monkeypatch.delenv("GLASSNET_CACHE_MB", raising=False)
    return tmp_path / "kept [bold]"


@pytest.fixture
def run(capsys, folder):
    """Run `glassnet cache`: exit code, stdout, stderr."""

    def call(line=""):
        with pytest.raises(SystemExit) as stop:
            main(["cache", *line.split()], prog_name="glassnet")
        return stop.value.code, *capsys.readouterr()

    return call


def at(text):
    return time.mktime(time.strptime(text, "%Y-%m-%d %H:%M"))


def store(folder, *programs):
    """Write programs of some size, last used at some time."""
    folder.mkdir()
    for number, (size, when) in enumerate(programs):
        path = folder / f"glassnet_{number:064x}.py"
        path.write_bytes(size * b"x")
        os.utime(path, (at(when), at(when)))


def test_empty(run, folder):
    shown = f"folder    {folder}\nprograms  0\nsize      0 bytes of at most 512.0 MB\n"
    assert run() == (0, shown, "")
    assert not folder.exists()


def test_full(run, folder):
    store(folder, (900, "2024-03-01 10:00"), (1500, "2024-02-01 09:30"), (100, "2024-02-20 00:00"))
    shown = (
        f"folder    {folder}\n"
        "programs  3\n"
        "size      2.5 kB of at most 512.0 MB\n"
        "newest    used 2024-03-01 10:00\n"
        "oldest    used 2024-02-01 09:30\n"
    )
    assert run() == (0, shown, "")


def test_path(run, folder):
    assert run("path") == (0, f"{folder}\n", "")


@pytest.mark.parametrize(
    "sizes, expected",
    [
        ([], "Freed 0 bytes (0 programs)."),
        ([1], "Freed 1 byte (1 program)."),
        ([900, 900], "Freed 1.8 kB (2 programs)."),
    ],
)
def test_clear(run, folder, sizes, expected):
    store(folder, *((size, "2024-03-01 10:00") for size in sizes))
    assert run("clear") == (0, f"{expected}\n", "")
    assert list(folder.iterdir()) == []


def test_mistakes(run, monkeypatch):
    code, out, err = run("claer")
    assert (code, out) == (2, "")
    assert err.startswith("glassnet: No such command 'claer'.")
    assert err.endswith(" See 'glassnet cache --help'.\n")
    monkeypatch.setenv("GLASSNET_CACHE_MB", "-1")
    line = (
        "glassnet: The environment variable GLASSNET_CACHE_MB is '-1'. "
        "Expected a number of megabytes, such as 512, or 0 to do without a cache.\n"
    )
    assert run() == (2, "", line)


@pytest.mark.parametrize("command", ["", "clear"])
def test_file_in_its_place(run, folder, command):
    folder.write_text("kept")
    assert run(command) == (1, "", f"glassnet: {folder}: Not a directory.\n")
    assert folder.read_text() == "kept"


@pytest.mark.parametrize("command", ["", "clear", "path"])
def test_no_home(run, monkeypatch, command):
    def unknown():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("GLASSNET_CACHE_DIR")
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(Path, "home", unknown)
    assert run(command) == (1, "", "glassnet: The user's home folder is not known.\n")


def test_clear_that_fails(run, folder, monkeypatch):
    store(folder, (1, "2024-03-01 10:00"))

    def refuse(path, missing_ok=False):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "unlink", refuse)
    (path,) = folder.iterdir()
    assert run("clear") == (1, "", f"glassnet: {path}: Permission denied.\n")


def test_plain_text_in_a_pipe(folder):
    command = [sys.executable, "-c", "from glassnet.cli import main; main()", "cache"]
    result = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=True)
    assert result.stdout.splitlines()[0] == f"folder    {folder}"
    assert (result.stderr, "\x1b" in result.stdout) == ("", False)


def test_bold_labels_on_a_terminal(folder):
    terminal = io.StringIO()
    cache_command.show(Console(file=terminal, force_terminal=True, color_system="standard", highlight=False))
    assert terminal.getvalue().startswith(f"\x1b[1mfolder    \x1b[0m{folder}\n")


def test_numba_is_not_loaded(folder):
    program = (
        "import sys; sys.argv[1:] = ['cache']\nfrom glassnet.cli import main\n"
        "try: main()\nfinally: print('numba' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "False"
