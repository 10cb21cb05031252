"""`glassnet completion`: the scripts, what fits to what has been typed, and a real bash."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest
from click.shell_completion import ShellComplete

from glassnet.cli.app import COMMANDS, main


def fitting(*typed):
    """What is offered for the last word."""
    completer = ShellComplete(main, {}, "glassnet", "_GLASSNET_COMPLETE")
    return [item.value for item in completer.get_completions(list(typed[:-1]), typed[-1])]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with files of several kinds."""
    monkeypatch.chdir(tmp_path)
    for name in ("model.safetensors", "notes.md", "data.csv", "data.parquet", "look.png", ".hidden.csv"):
        (tmp_path / name).write_bytes(b"\0" if name == "model.safetensors" else b"name;size\nx;1\n")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "best.safetensors").touch()
    return tmp_path


CASES = {
    ("",): list(COMMANDS),
    ("ex",): ["export"],
    ("predict", ""): ["model.safetensors", "runs"],
    ("predict", "runs/"): ["runs/best.safetensors"],
    ("predict", "nowhere/"): [],
    ("predict", "model.safetensors", "d"): ["data.csv", "data.parquet"],
    ("predict", "model.safetensors", "."): [".hidden.csv"],
    ("predict", "model.safetensors", "data.csv", "--keep", "s"): ["size"],
    ("predict", "model.safetensors", "data.csv", "--keep", "name,"): ["name,name", "name,size"],
    ("predict", "model.safetensors", "--pro"): ["--probabilities"],
    ("evaluate", "model.safetensors", "data.csv", "--target", ""): ["name", "size"],
    ("evaluate", "model.safetensors", "nowhere.csv", "--target", ""): [],
    ("export", "model.safetensors", "--to", ""): ["onnx", "c", "numpy", "pytorch"],
    ("export", "model.safetensors", "--dtype", "float6"): ["float64"],
    ("inspect", "model.safetensors", "--output", ""): ["look.png", "runs"],
    ("source", "m"): ["model.safetensors"],
    ("source", "--layers", "2-3", "--optimizer", ""): ["adam", "sgd", "momentum", "nesterov"],
    ("source", "--layers", "2-3", "--activation", "hard_t"): ["hard_tanh"],
    ("train", "di"): ["digits", "diabetes"],
    ("train", "data"): ["data.csv", "data.parquet"],
    ("train", "data.csv", "--target", "n"): ["name"],
    ("train", "iris", "--task", "r"): ["regression"],
    ("completion", ""): ["bash", "zsh", "fish"],
}


@pytest.mark.parametrize("typed", CASES, ids=" ".join)
def test_what_fits(folder, typed):
    assert fitting(*typed) == CASES[typed]


@pytest.mark.parametrize(("shell", "first"), [("bash", "_glassnet_completion() {"),
    ("zsh", "#compdef glassnet"), ("fish", "function _glassnet_completion;")])  # fmt: skip
def test_scripts(capsys, shell, first):
    with pytest.raises(SystemExit) as stop:
        main(["completion", shell], prog_name="glassnet")
    out, err = capsys.readouterr()
    assert (stop.value.code, err, out.split("\n")[0].strip()) == (0, "", first)
    assert f"_GLASSNET_COMPLETE={shell}_complete" in out


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_in_bash(folder):
    """The words that bash offers, by the function that the script defines."""
    (folder / "bin").mkdir()
    command = folder / "bin" / "glassnet"
    command.write_text(f"#!{sys.executable}\nfrom glassnet.cli import main\nmain(prog_name='glassnet')\n")
    command.chmod(0o755)
    script = """
        PATH="$PWD/bin:$PATH"
        eval "$(glassnet completion bash)"
        offered() {
            COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
            _glassnet_completion glassnet
            echo "${COMPREPLY[*]}"
        }
        complete -p glassnet
        offered glassnet tr
        offered glassnet export model.safetensors --to p
    """
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, cwd=folder)
    assert done.stdout.splitlines() == [
        "complete -o nosort -F _glassnet_completion glassnet",
        "train",
        "pytorch",
    ]
