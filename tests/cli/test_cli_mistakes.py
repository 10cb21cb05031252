"""A user's mistake is one exact line on stderr and exit code 2; other ends have their own codes."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from glassnet.cli import main, train_command
from glassnet.errors import DivergenceError

TRAIN = " See 'glassnet train --help'."
SOURCE = " See 'glassnet source --help'."
OR = " Or name a file: table.csv, table.parquet."
NAMES = "digits, iris, wine, breast_cancer, diabetes, spiral."

MISTAKES = [
    ("tain", "No such command 'tain'."),
    ("train", "Missing argument 'TABLE'." + TRAIN),
    ("train digit", f"There is no data set 'digit'. Did you mean 'digits'? Data sets: {NAMES}{OR}"),
    ("train banana", f"There is no data set 'banana'. Data sets: {NAMES}{OR}"),
    ("train data.csv", "There is no file data.csv."),
    ("train iris --target class", "--target is for files; iris knows its own."),
    ("train iris --task regression", "--task is for files; iris knows its own."),
    (
        "train iris --hidden 64,x",
        "Invalid value for '--hidden': 'x' in '64,x' is not a size; write for example 64,64, or none."
        + TRAIN,
    ),
    (
        "train iris --hidden 0",
        "Invalid value for '--hidden': '0' in '0' is not a size; write for example 64,64, or none." + TRAIN,
    ),
    ("train iris --epochs 0", "Invalid value for '--epochs': 0 is not in the range x>=1." + TRAIN),
    (
        "train iris --learning-rate nan",
        "Invalid value for '--learning-rate': nan is not a finite number." + TRAIN,
    ),
    ("train iris --l2 inf", "Invalid value for '--l2': inf is not a finite number." + TRAIN),
    ("train iris --dropout 1", "Invalid value for '--dropout': 1.0 is not in the range 0<=x<1." + TRAIN),
    (
        "train iris --optimizer adm",
        "Invalid value for '--optimizer': there is no optimizer 'adm'. Did you mean 'adam'?" + TRAIN,
    ),
    (
        "train iris --hidden 999999,99999",
        "that network has 100,003,199,994 weights; this command goes up to 50,000,000.",
    ),
    ("source", "Name a network: --layers SIZES, or a MODEL file (not both)." + SOURCE),
    (
        "source --layers 784",
        "Invalid value for '--layers': '784' has too few sizes; write 2 or more, for example 784-256-10."
        + SOURCE,
    ),
    (
        "source --layers 784-ten-10",
        "Invalid value for '--layers': 'ten' in '784-ten-10' is not a size; write for example 784-256-10."
        + SOURCE,
    ),
    (
        "source --layers 784--10",
        "Invalid value for '--layers': '' in '784--10' is not a size; write for example 784-256-10." + SOURCE,
    ),
    (
        "source --layers 99999-99999",
        "that network has 9,999,800,001 weights; this command goes up to 50,000,000.",
    ),
    (
        "source --layers 4-3 --kind trian",
        "Invalid value for '--kind': 'trian' is not one of 'train', 'predict', 'loss', 'gradients'." + SOURCE,
    ),
    (
        "source --layers 4-3 --backend jax",
        "Invalid value for '--backend': 'jax' is not one of 'numpy', 'numba'." + SOURCE,
    ),
    (
        "train iris --backend jax",
        "Invalid value for '--backend': 'jax' is not one of 'auto', 'numpy', 'numba'." + TRAIN,
    ),
]


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """Run a command line in an empty folder: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def call(line):
        with pytest.raises(SystemExit) as stop:
            main(line.split(), prog_name="glassnet")
        return stop.value.code, *capsys.readouterr()

    return call


@pytest.mark.parametrize(("line", "message"), MISTAKES, ids=[line for line, _ in MISTAKES])
def test_mistake(run, tmp_path, line, message):
    code, out, err = run(line)
    assert (code, out) == (2, "")
    assert err.startswith(f"glassnet: {message}")  # newer versions of click add what was meant
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["train iris", "source --layers 4-3"])
@pytest.mark.parametrize("option, wrong, right", [("activation", "rleu", "relu")])
def test_mistaken_name(run, command, option, wrong, right):
    code, out, err = run(f"{command} --{option} {wrong}")
    assert (code, out) == (2, "")
    assert err.startswith(f"glassnet: Invalid value for '--{option}': ")
    assert f"Did you mean {right!r}?" in err
    assert err.count("\n") == 1


def test_mistaken_loss(run):
    code, out, err = run("source --layers 4-3 --loss softmax_crossentropy")
    assert (code, out) == (2, "")
    assert err.startswith("glassnet: Invalid value for '--loss': ")
    assert "Did you mean 'softmax_cross_entropy'?" in err


@pytest.mark.parametrize("line", ["train iris --backend numba", "source --layers 4-3 --backend numba"])
def test_compiled_without_numba(run, monkeypatch, tmp_path, line):
    monkeypatch.setitem(sys.modules, "numba", None)
    code, out, err = run(line)
    assert (code, out) == (2, "")
    assert err.startswith("glassnet: ")
    assert err.endswith(' which is not installed. Install it with: pip install "glassnet[fast]"\n')
    assert list(tmp_path.iterdir()) == []


def test_output_is_a_file(run, tmp_path):
    (tmp_path / "taken").write_text("kept")
    assert run("train iris --output taken") == (2, "", "glassnet: --output taken is a file; name a folder.\n")
    assert (tmp_path / "taken").read_text() == "kept"


def test_output_below_a_file(run, tmp_path):
    (tmp_path / "taken").write_text("kept")
    line = "glassnet: --output taken/here cannot be written (Not a directory); name another folder.\n"
    assert run("train iris --output taken/here") == (2, "", line)


def test_output_cannot_be_written(run, monkeypatch, tmp_path):
    def refuse(self, *arguments, **options):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "touch", refuse)
    (tmp_path / "locked").mkdir()
    line = "glassnet: --output locked cannot be written (Permission denied); name another folder.\n"
    assert run("train iris --output locked") == (2, "", line)


def raising(error):
    def raise_it(*arguments, **options):
        raise error

    return raise_it


def test_interrupted(run, monkeypatch, tmp_path):
    monkeypatch.setattr(train_command, "fit", raising(KeyboardInterrupt()))
    code, _, err = run("train iris")
    assert code == 130
    assert err.strip() == "glassnet: stopped by Ctrl-C."
    assert list(tmp_path.iterdir()) == []


def test_divergence_is_a_failure(run, monkeypatch, tmp_path):
    monkeypatch.setattr(train_command, "fit", raising(DivergenceError("The loss is NaN\nat step 3.")))
    code, _, err = run("train iris")
    assert (code, err) == (1, "glassnet: The loss is NaN at step 3.\n")
    assert list(tmp_path.iterdir()) == []


def test_disk_full_is_a_failure(run, monkeypatch):
    def full(self, target):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    code, _, err = run("train iris --epochs 1 --no-compare")
    path = Path("glassnet-iris", "train_step.py")
    assert (code, err) == (1, f"glassnet: {path} could not be written (No space left on device).\n")


def test_real_divergence(run):
    code, _, err = run("train iris --learning-rate 1e30 --no-batch-norm --optimizer sgd")
    assert code == 1
    assert err.startswith("glassnet: ")
    assert "diverged" in err
    assert err.count("\n") == 1


@pytest.mark.filterwarnings("always")
def test_warning_is_one_line(run):
    code, out, err = run("source --layers 4-3-1 --dropout 0.5")
    assert code == 0
    assert "def train_step(" in out
    assert err.startswith("glassnet: warning: Dropout(0.5) stands right before Dense(1)")
    assert err.count("\n") == 1


def test_closed_pipe_is_silent():
    program = "from glassnet.cli import main; main(['source', '--layers', '64-32-10'])"
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()  # long before the program has been imported and printed
        assert (process.stderr.read(), process.wait()) == (b"", 141)
