"""The record of a run: lists per name, words, HTML, curves."""

from __future__ import annotations

import json
import math
import sys

import pytest

from glassnet.errors import GlassnetError, InputError
from glassnet.train.history import History, format_number


def history(epochs=3, validation=True):
    record = History({"epochs": epochs, "backend": "numpy"})
    for epoch in range(epochs):
        logs = {"loss": 1.0 / (epoch + 1), "accuracy": 0.5 + epoch / 10}
        record.append(epoch, logs | ({"val_loss": 2.0 / (epoch + 1)} if validation else {}))
    return record


@pytest.mark.parametrize(
    "value, text",
    [
        (0, "0.000"), (1, "1.000"), (0.5, "0.5000"), (0.031211, "0.03121"), (12.3456, "12.35"),
        (123.45, "123.5"), (1234.5678, "1235"), (12345, "1.234e+04"), (1e-5, "1.000e-05"), (9.99996, "10.00"),
        (-0.25, "-0.2500"), (math.nan, "nan"), (math.inf, "inf"),
    ],
)  # fmt: skip
def test_numbers_have_four_significant_digits(value, text):
    assert format_number(value) == text


def test_append_keeps_one_value_per_epoch():
    record = history(2)
    assert record.epoch == [0, 1]
    assert record.history == {"loss": [1.0, 0.5], "accuracy": [0.5, 0.6], "val_loss": [2.0, 1.0]}
    assert record.params == {"epochs": 2, "backend": "numpy"}


def test_a_name_that_is_not_always_reported_is_nan_between():
    record = History()
    for epoch, logs in enumerate([{"loss": 3}, {"loss": 2, "val_loss": 5}, {"loss": 1}]):
        record.append(epoch, logs)
    assert record.history["loss"] == [3.0, 2.0, 1.0]
    assert record.history["val_loss"] == pytest.approx([math.nan, 5.0, math.nan], nan_ok=True)


def test_to_dict_is_a_copy_that_json_can_hold():
    record = history(2)
    copy = record.to_dict()
    assert json.loads(json.dumps(copy)) == copy
    copy["history"]["loss"].append(9.0)
    copy["epoch"].append(9)
    copy["params"]["epochs"] = 9
    assert (record.history["loss"], record.epoch, record.params["epochs"]) == ([1.0, 0.5], [0, 1], 2)


@pytest.mark.parametrize(
    "record, text",
    [
        (History(), "History(0 epochs)"),
        (history(1, validation=False), "History(1 epoch: loss 1.000, accuracy 0.5000)"),
        (history(3), "History(3 epochs: loss 0.3333, accuracy 0.7000, val_loss 0.6667)"),
    ],
)
def test_repr(record, text):
    assert repr(record) == text


def test_html_has_a_row_and_a_curve_per_name():
    record = history(3)
    record.append(3, {"loss": math.nan, "<b>": 1.0})
    page = record._repr_html_()
    assert page.startswith("<table><caption>4 epochs</caption><tr><th></th><th>first</th>")
    assert "<tr><th>accuracy</th><td>0.5000</td><td>0.5000</td><td>0.7000</td><td>nan</td>" in page
    assert 'points="1.0,1.0 40.3,17.5 79.7,23.0"' in page  # loss 1, 1/2, 1/3, and nothing for NaN
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    assert page.count("<polyline") == 3  # one value makes no curve


def test_plot_draws_training_beside_validation():
    import matplotlib.pyplot as plt

    axes = history(3).plot()
    assert [axis.get_title() for axis in axes] == ["loss", "accuracy"]
    loss, accuracy = ([line.get_xydata().tolist() for line in axis.lines] for axis in axes)
    assert loss == [[[1, 1.0], [2, 0.5], [3, 1 / 3]], [[1, 2.0], [2, 1.0], [3, 2 / 3]]]
    assert accuracy == [[[1, 0.5], [2, 0.6], [3, 0.7]]]
    assert [text.get_text() for text in axes[0].get_legend().get_texts()] == ["training", "validation"]
    assert axes[1].get_legend() is None
    plt.close(axes[0].figure)


def test_plot_into_given_axes():
    import matplotlib.pyplot as plt

    figure, grid = plt.subplots(2, 2)
    assert history(3).plot(grid[0, 0]) == [grid[0, 0]]
    assert history(3).plot(grid) == [grid[0, 0], grid[0, 1]]
    assert history(1).plot([grid[1, 0], grid[1, 1]])[1].lines[0].get_marker() == "o"
    plt.close(figure)


def test_plot_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(GlassnetError) as caught:
        history().plot()
    text = (
        'History.plot() needs matplotlib, which is not installed.\nInstall it: pip install "glassnet[plot]"'
    )
    assert str(caught.value) == text


def test_plot_of_nothing():
    with pytest.raises(InputError) as caught:
        History().plot()
    assert str(caught.value) == "This history has no epochs, so there is nothing to plot.\nRun fit() first."
