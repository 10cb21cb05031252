"""What a run shows: lines in a pipe, a bar on a terminal, a page in a notebook, on a clock of our own."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from types import ModuleType, SimpleNamespace

import pytest

from glassnet.errors import InputError
from glassnet.train import progress
from glassnet.train.callbacks import CallbackList
from glassnet.train.displays import format_seconds, sparkline
from glassnet.train.progress import ProgressBar


class Screen(io.StringIO):
    """Text that takes itself for a terminal."""

    encoding = "utf-8"

    def isatty(self):
        return True

    def frames(self):
        """What every drawing wrote, without colors."""
        text = re.sub(r"\x1b\[[0-9;]*m", "", self.getvalue())
        drawings = re.split(r"\r?(?:\x1b\[\d*[AK])+|(?=epoch )", text)
        return [drawing for drawing in drawings if drawing.startswith("epoch ")]

    def last(self):
        lines = self.frames()[-1].replace("\x1b[?25h", "").splitlines()
        return [line.rstrip() for line in lines if line.rstrip()]


@pytest.fixture
def clock(monkeypatch):
    """A clock that only moves when told."""
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(progress, "monotonic", lambda: clock.now)
    return clock


@pytest.fixture
def screen(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    return Screen()


def logs(epoch, validation=True):
    found = {"loss": 2.0 / 2**epoch, "accuracy": 0.5 + epoch / 10}
    return found | ({"val_loss": 2.5 / 2**epoch, "val_accuracy": 0.25} if validation else {})


def run(bar, clock, epochs, seconds, until=None, validation=True, steps=8):
    """A fit: every epoch takes some seconds, a batch at a time; returns the number of calls per batch."""
    calls = 0
    with CallbackList([bar], None, {"epochs": epochs, "steps": steps}) as callbacks:
        callbacks.on_train_begin()
        for epoch in range(epochs if until is None else until):
            callbacks.on_epoch_begin(epoch)
            for batch in range(steps):
                clock.now += seconds / steps
                if callbacks.wants_batches:
                    calls += 1
                    callbacks.on_train_batch_end(batch)
            callbacks.on_epoch_end(epoch, logs(epoch, validation))
        callbacks.on_train_end()
    return calls


@pytest.mark.parametrize(
    "seconds, text",
    [(0, "0.00 s"), (0.126, "0.13 s"), (1.26, "1.3 s"), (59.9, "59.9 s"), (59.96, "1:00"),
     (3599.7, "1:00:00"), (36000, "10:00:00")],
)  # fmt: skip
def test_seconds(seconds, text):
    assert format_seconds(seconds) == text


@pytest.mark.parametrize(
    "values, text",
    [
        ([], ""), ([5], "▆"), ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█"), ([9, -3], "█▁"),
        ([float("nan"), float("inf"), 0], "██▁"), (range(100), "▁███"),
    ],
)  # fmt: skip
def test_sparkline(values, text):
    assert sparkline(list(values), low=0, high=7, width=4 if len(values) == 100 else 24) == text


def test_a_sparkline_without_height():
    assert sparkline([2.0, 2.0], low=2.0, high=2.0) == "▁▁"


def test_lines_are_a_table(clock):
    file = io.StringIO()
    assert run(ProgressBar(file=file), clock, epochs=10, seconds=0.25) == 0
    assert file.getvalue().splitlines()[:4] == [
        "epoch      loss   accuracy   val_loss  val_accuracy      time",
        " 1/10    2.000      0.5000     2.500         0.2500    0.25 s",
        " 2/10    1.000      0.6000     1.250         0.2500    0.25 s",
        " 3/10    0.5000     0.7000     0.6250        0.2500    0.25 s",
    ]
    assert file.getvalue().splitlines()[-1] == "10/10   0.003906    1.400     0.004883       0.2500    0.25 s"
    assert len(file.getvalue().splitlines()) == 11


def test_lines_for_numbers_of_every_size(clock):
    file = io.StringIO()
    bar = ProgressBar(verbose=2, file=file)
    bar.set_params({"epochs": 1000})
    bar.on_train_begin()
    for epoch, loss in enumerate([1234.5, 99.99, 1, 0.05, 1e-5, 1e9, float("nan"), -0.5]):
        clock.now += 75
        bar.on_epoch_end(epoch, {"loss": loss})
    assert file.getvalue().splitlines() == [
        "    epoch      loss      time",
        "   1/1000 1234           1:15",
        "   2/1000   99.99        2:30",
        "   3/1000    1.000       3:45",
        "   4/1000    0.05000     5:00",
        "   5/1000  1.000e-05     6:15",
        "   6/1000  1.000e+09     7:30",
        "   7/1000        nan     8:45",
        "   8/1000   -0.5000     10:00",
    ]


def test_lines_follow_names_that_come_and_go():
    file = io.StringIO()
    bar = ProgressBar(verbose=2, file=file)
    bar.set_params({"epochs": 3})
    bar.on_train_begin()
    for epoch, found in enumerate([{"loss": 1.0}, {"loss": 1.0, "val_loss": 2.0}, {"loss": 1.0}]):
        bar.on_epoch_end(epoch, found)
    assert [re.sub(r" +[\d.]+ s$", "", line) for line in file.getvalue().splitlines()] == [
        "epoch      loss      time",
        "  1/3    1.000",
        "epoch      loss   val_loss      time",
        "  2/3    1.000      2.000",
        "  3/3    1.000",
    ]


def test_other_callbacks_batches_print_no_lines():
    file = io.StringIO()
    bar = ProgressBar(file=file)
    bar.on_train_begin()
    bar.on_train_batch_end(0)
    assert file.getvalue() == ""


def test_verbose_0_is_silent(clock, capsys):
    assert run(ProgressBar(verbose=0), clock, epochs=3, seconds=5) == 0
    assert capsys.readouterr() == ("", "")


def test_no_standard_output_is_silent(clock, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    assert run(ProgressBar(), clock, epochs=3, seconds=5) == 0


def test_standard_output_is_the_default(clock, capsys):
    run(ProgressBar(), clock, epochs=1, seconds=1, validation=False)
    assert capsys.readouterr().out.splitlines()[1] == "  1/1    2.000      0.5000     1.0 s"


def test_the_bar_at_the_end(clock, screen):
    run(ProgressBar(file=screen), clock, epochs=4, seconds=0.5)
    assert screen.last() == [
        f"epoch 4/4  {'━' * 40}  100%  2.0 s",
        "                loss   accuracy",
        "training      0.2500     0.8000  ▆▃▂▁",
        "validation    0.3125     0.2500  █▄▂▁",
    ]


def test_the_bar_under_way(clock, screen):
    bar = ProgressBar(verbose=1, file=screen)
    bar.set_params({"epochs": 10, "steps": 4})
    bar.on_train_begin()
    assert screen.last() == [f"epoch  0/10  {'━' * 40}    0%"]
    for epoch in range(3):
        bar.on_epoch_begin(epoch)
        clock.now += 3
        bar.on_epoch_end(epoch, {"loss": 12.5, "val_loss": 1.0 + epoch})
    assert screen.last() == [
        f"epoch  3/10  {'━' * 12}╺{'━' * 27}   30%  21.0 s left",
        "                loss",
        "training     12.50    ███",
        "validation    3.000   ▁▂▂",
    ]
    bar.on_epoch_begin(3)
    clock.now += 1.5
    bar.on_train_batch_end(1)
    assert screen.last()[0] == f"epoch  3/10  {'━' * 14}{'╺'}{'━' * 25}   35%  19.5 s left"
    bar.close()


def test_a_fit_that_stops_early_says_so(clock, screen):
    run(ProgressBar(file=screen), clock, epochs=20, seconds=0.5, until=5, validation=False)
    assert screen.last()[0] == f"epoch  5/20  {'━' * 10}╺{'━' * 29}   25%  stopped after 2.5 s"


def test_a_second_fit_counts_its_own_epochs(clock, screen):
    bar = ProgressBar(file=screen)
    bar.set_params({"epochs": 12, "steps": 1})
    bar.on_train_begin()
    bar.on_epoch_begin(10)
    clock.now += 4
    bar.on_epoch_end(10, {"loss": 1.0})
    assert screen.last()[0].endswith("92%  4.0 s left")
    bar.close()


@pytest.mark.parametrize(
    "width, first, third",
    [
        (60, "epoch 2/4  ━━━━━━━━━━━━━━   50%  stopped after 1.0 s", "training      1.000      0.6000"),
        (40, "epoch 2/4  ━━━━   50%  stopped after 1.0", "training      1.000      0.6000"),
    ],
)
def test_a_narrow_terminal_cuts_the_curve_and_the_clock(clock, screen, monkeypatch, width, first, third):
    monkeypatch.setenv("COLUMNS", str(width))
    run(ProgressBar(file=screen), clock, epochs=4, seconds=0.5, until=2)
    assert [screen.last()[0].replace("╸", "━").replace("╺", "━"), screen.last()[2]] == [first, third]


def test_a_terminal_without_unicode(clock, screen):
    screen.encoding = "ascii"
    run(ProgressBar(file=screen), clock, epochs=2, seconds=0.5)
    assert screen.last()[0] == f"epoch 2/2  {'-' * 40}  100%  1.0 s"
    assert screen.getvalue().isascii()


def test_names_are_not_markup(clock, screen):
    bar = ProgressBar(file=screen)
    bar.on_train_begin()
    bar.on_epoch_end(0, {"loss": 1.0, "recall[spam]": 0.5, "val_[/]": 0.25})
    bar.close()
    assert screen.last()[1:] == [
        "                loss  recall[spam]        [/]",
        "training      1.000         0.5000             ▁",
        "validation                             0.2500",
    ]


def test_a_bar_beside_a_missing_standard_output(clock, screen, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    run(ProgressBar(file=screen), clock, epochs=2, seconds=0.5)
    assert screen.last()[0] == f"epoch 2/2  {'━' * 40}  100%  1.0 s"


def test_a_dumb_terminal_gets_lines(clock, screen, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    run(ProgressBar(file=screen), clock, epochs=1, seconds=1, validation=False)
    assert screen.getvalue() == "epoch      loss   accuracy      time\n  1/1    2.000      0.5000     1.0 s\n"


def test_fast_epochs_are_drawn_ten_times_a_second_and_never_asked_for_batches(clock, screen):
    assert run(ProgressBar(file=screen), clock, epochs=1000, seconds=0.003) == 0
    assert 25 <= len(screen.frames()) <= 33  # in three seconds
    assert screen.last()[0].startswith("epoch 1000/1000")


def test_slow_epochs_show_their_batches(clock, screen):
    # A batch takes a second. The first shows that epochs are slow; all the others are drawn.
    assert run(ProgressBar(file=screen), clock, epochs=2, seconds=8) == 15
    assert len({frame.splitlines()[0] for frame in screen.frames()}) >= 15


def test_a_slow_screen_is_drawn_less_often(clock, screen, monkeypatch):
    show = progress.Terminal.show

    def slow(self, state, now):
        clock.now += 0.05
        show(self, state, now)

    monkeypatch.setattr(progress.Terminal, "show", slow)
    run(ProgressBar(file=screen), clock, epochs=1000, seconds=0.01)
    assert len(screen.frames()) <= 8  # 0.05 s each, of ten seconds


def test_an_interrupted_fit_gives_the_terminal_back(clock, screen, monkeypatch):
    monkeypatch.setattr(sys, "stdout", screen)

    def fit():
        with CallbackList([ProgressBar()], None, {"epochs": 9, "steps": 1}) as callbacks:
            callbacks.on_train_begin()
            callbacks.on_epoch_end(0, logs(0))
            assert sys.stdout is not screen  # what callbacks print appears above the bar
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit()
    assert sys.stdout is screen
    assert screen.last()[0].endswith("stopped after 0.00 s")
    assert screen.getvalue().rindex("\x1b[?25h") > screen.getvalue().rindex("\x1b[?25l")  # the cursor is back


def test_a_notebook_gets_one_page_that_is_updated(clock, monkeypatch):
    pages = []
    tools = ModuleType("IPython.display")
    tools.HTML = lambda text: text
    handle = SimpleNamespace(update=pages.append)
    tools.display = lambda page, display_id: (pages.append(page), handle)[1]
    monkeypatch.setitem(sys.modules, "IPython", ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", tools)
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    run(ProgressBar(), clock, epochs=4, seconds=0.5, until=2)
    bar = '<progress value="{}" max="1" style="width: 20em"></progress>'
    assert (
        pages[0]
        == f"<div>epoch 0/4 {bar.format('0.0000')} 0% </div><table><tr><th></th><th></th></tr></table>"
    )
    assert pages[-1] == (
        f"<div>epoch 2/4 {bar.format('0.5000')} 50% stopped after 1.0 s</div><table>"
        "<tr><th></th><th>loss</th><th>accuracy</th><th></th></tr>"
        "<tr><th>training</th><td>1.000</td><td>0.6000</td><td>▆▁</td></tr>"
        "<tr><th>validation</th><td>1.250</td><td>0.2500</td><td>█▂</td></tr></table>"
    )
    assert len(pages) == 4


@pytest.mark.parametrize("verbose", [3, -1, "bar", None])
def test_bad_verbose(verbose):
    with pytest.raises(InputError) as caught:
        ProgressBar(verbose)
    assert str(caught.value) == f'verbose is {verbose!r}.\nIt is "auto", 0 (silent), 1 (a bar) or 2 (lines).'


def test_hooks_before_a_fit_do_nothing():
    bar = ProgressBar()
    bar.on_epoch_end(0, {"loss": 1.0})
    bar.close()
    assert not bar.wants_batches


# rich draws from Python's global generator while it loads, and scikit-learn loads rich.
ALONE = """
import random, sys
import numpy as np
from glassnet.train.data import Dataset, validation_split
from glassnet.train.progress import ProgressBar
assert not {"rich", "sklearn", "matplotlib"} & set(sys.modules)
class Screen(type(sys.stdout)):
    def isatty(self): return True
before = random.getstate(), np.random.get_state()[1].tolist()
bar = ProgressBar(file=Screen(sys.stdout.buffer, "utf-8"))
bar.on_train_begin()
validation_split(Dataset((np.zeros(10),)), 0.5, seed=0, stratify=False)
assert {"rich", "sklearn"} <= set(sys.modules)
assert before == (random.getstate(), np.random.get_state()[1].tolist())
"""


def test_loading_rich_and_scikit_learn_leaves_the_global_generators_alone():
    subprocess.run([sys.executable, "-c", ALONE], check=True, stdout=subprocess.DEVNULL, timeout=60)
