"""`glassnet source`: the program of a described network, as plain text."""

from __future__ import annotations

import ast
import io
import subprocess
import sys

import pytest

import glassnet as gn
from glassnet import layers
from glassnet.cli import main, source_command


@pytest.fixture
def source(capsys):
    """Run `glassnet source` and return what it printed."""

    def call(options):
        with pytest.raises(SystemExit) as stop:
            main(["source", *options.split()], prog_name="glassnet")
        out, err = capsys.readouterr()
        assert (stop.value.code, err) == (0, "")
        return out

    return call


def model(*stack, optimizer, loss="softmax_cross_entropy", inputs=6):
    network = gn.Sequential(list(stack), seed=0)
    network.compile(optimizer=optimizer, loss=loss)
    network.build((None, inputs))
    return network


@pytest.mark.parametrize("kind", source_command.KINDS)
def test_default_network(source, kind):
    expected = model(
        layers.Dense(5, kernel_initializer="he_normal"),
        layers.Activation("relu"),
        layers.Dense(3),
        optimizer=gn.optimizers.SGD(0.1),
    )
    assert source(f"--layers 6-5-3 --kind {kind}").rstrip("\n") == expected.source(kind).rstrip("\n")


@pytest.mark.parametrize("kind", source_command.KINDS)
def test_compiled_program(source, kind):
    expected = model(
        layers.Dense(5, kernel_initializer="he_normal"),
        layers.Activation("relu"),
        layers.Dense(3),
        optimizer=gn.optimizers.SGD(0.1),
    )
    printed = source(f"--layers 6-5-3 --kind {kind} --backend numba")
    assert printed.rstrip("\n") == expected.source(kind, "numba").rstrip("\n")
    assert printed.startswith('# Printed by glassnet, backend "numba": this text is what runs.')


def test_every_option(source):
    penalty, bound = gn.regularizers.L2(0.01), gn.constraints.MaxNorm(3.0)
    expected = model(
        layers.Dense(5, use_bias=False, kernel_regularizer=penalty, kernel_constraint=bound),
        layers.BatchNormalization(),
        layers.Activation("tanh"),
        layers.Dropout(0.5),
        layers.Dense(2, kernel_regularizer=penalty, kernel_constraint=bound),
        optimizer=gn.optimizers.Adam(0.003),
    )
    options = "--activation tanh --batch-norm --dropout 0.5 --l2 0.01 --max-norm 3 --optimizer adam"
    assert source(f"--layers 6-5-2 {options}").rstrip("\n") == expected.source("train").rstrip("\n")


def test_loss_is_chosen_or_given(source):
    assert source("--layers 6-1") == source("--layers 6-1 --loss squared_error")
    assert source("--layers 6-2") == source("--layers 6-2 --loss softmax_cross_entropy")
    assert source("--layers 6-2") != source("--layers 6-2 --loss squared_error")


def test_plain_text_in_a_pipe():
    command = [
        sys.executable,
        "-c",
        "from glassnet.cli import main; main()",
        "source",
        "--layers",
        "784-256-10",
    ]
    result = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=True)
    assert result.stderr == ""
    assert "\x1b" not in result.stdout
    names = [node.name for node in ast.parse(result.stdout).body if isinstance(node, ast.FunctionDef)]
    assert names[-1] == "train_step"


def test_colors_on_a_terminal(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    source_command.show("def f(x):\n    return x" + " + x" * 60)
    lines = terminal.getvalue().splitlines()
    assert "\x1b[" in lines[0]
    assert len(lines) == 2  # the long line was not broken
