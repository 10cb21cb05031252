"""The commands that look at a trained model: evaluate, export, inspect, source."""

from __future__ import annotations

import json
import runpy

import numpy as np
import pytest
from saved_models import IRIS, PRICE, ROWS, SOLD, SPECIES, TABLE
from sklearn.metrics import f1_score, log_loss, mean_absolute_error, r2_score, root_mean_squared_error

import glassnet as gn


def loaded(saved, name):
    return gn.load(saved / f"{name}.safetensors")


# ------------------------------------------------------------------------------------------ evaluate
def evaluated(glassnet, *words):
    code, out, err = glassnet("evaluate", *words, "--json", "--quiet")
    assert (code, err) == (0, "")
    return json.loads(out)


def test_scores_of_a_classifier(glassnet, saved):
    found, model = evaluated(glassnet, "sold.safetensors", "houses.csv"), loaded(saved, "sold")
    likely, predicted = model.predict_proba(TABLE), model.predict(TABLE)
    shares = np.tile([(label == SOLD).mean() for label in ("no", "yes")], (ROWS, 1))
    commonest = np.full(ROWS, SOLD.mode()[0])
    assert [found[key] for key in ("model", "table", "target")] == ["sold.safetensors", "houses.csv", "sold"]
    assert [found[key] for key in ("rows", "rows_without_target")] == [ROWS, 0]
    for who, guess, p in (("glassnet", predicted, likely), ("commonest class", commonest, shares)):
        assert found["scores"][who] == pytest.approx({
            "accuracy": (guess == SOLD).mean(),
            "log_loss": log_loss(SOLD, p),
            "macro_f1": f1_score(SOLD, guess, average="macro", zero_division=0),
        })  # fmt: skip


def test_scores_of_a_regressor(glassnet, saved):
    found = evaluated(glassnet, "price.safetensors", "houses.parquet")["scores"]
    for who, guess in (
        ("glassnet", loaded(saved, "price").predict(TABLE)),
        ("mean", np.full(ROWS, PRICE.mean())),
    ):
        assert found[who] == pytest.approx({
            "r2": r2_score(PRICE, guess),
            "rmse": root_mean_squared_error(PRICE, guess),
            "mae": mean_absolute_error(PRICE, guess),
        })  # fmt: skip


def test_scores_of_other_models(glassnet, saved):
    found = evaluated(glassnet, "names.safetensors", "species.csv", "--target", "species")["scores"][
        "glassnet"
    ]
    assert found["accuracy"] == loaded(saved, "names").score(IRIS.data, SPECIES)
    found = evaluated(glassnet, "hinge.safetensors", "species.csv", "--target", "species")["scores"]
    assert list(found["glassnet"]) == list(found["commonest class"]) == ["accuracy", "macro_f1"]
    assert found["glassnet"]["accuracy"] == loaded(saved, "hinge").score(IRIS.data, SPECIES)


def test_loss_and_metrics_of_a_network(glassnet, saved, tmp_path):
    IRIS.data.assign(number=IRIS.target).to_csv(tmp_path / "t.csv", index=False)
    found = evaluated(glassnet, "model.safetensors", tmp_path / "t.csv", "--target", "number")["scores"]
    expected = loaded(saved, "model").evaluate(IRIS.data.to_numpy(), IRIS.target.to_numpy())
    assert found == {"glassnet": pytest.approx(expected)}


def test_rows_without_the_target_are_left_out(glassnet, saved, tmp_path):
    table = TABLE.assign(sold=SOLD.where(np.arange(ROWS) % 10 != 9))
    table.to_csv(tmp_path / "t.csv", index=False)
    found = evaluated(glassnet, "sold.safetensors", tmp_path / "t.csv")
    rows = table["sold"].notna()
    assert (found["rows"], found["rows_without_target"]) == (ROWS - 6, 6)
    assert found["scores"]["glassnet"]["accuracy"] == loaded(saved, "sold").score(TABLE[rows], SOLD[rows])


def test_one_row_has_no_r2(glassnet, tmp_path):
    TABLE.assign(price=PRICE)[:1].to_csv(tmp_path / "t.csv", index=False)
    assert evaluated(glassnet, "price.safetensors", tmp_path / "t.csv")["scores"]["mean"] == {
        "r2": None, "rmse": 0.0, "mae": 0.0,
    }  # fmt: skip


def test_report_for_people(glassnet, saved):
    code, out, err = glassnet("evaluate", "sold.safetensors", "houses.csv")
    accuracy = loaded(saved, "sold").score(TABLE, SOLD)
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0] == "sold of 60 rows   accuracy   log loss   macro F1"
    assert lines[2].startswith(f"glassnet {100 * accuracy:15.1f} %")
    assert lines[3].startswith("commonest class")
    assert lines[5].startswith("On 60 rows an accuracy is known to about ±")


# ------------------------------------------------------------------------------------------ export
@pytest.mark.parametrize("name", ["sold", "price", "names", "model", "hidden"])
def test_modules_answer_the_same(glassnet, saved, tmp_path, name):
    path = tmp_path / "shipped.py"
    said = f"Wrote {path}: a module that needs NumPy only.\n"
    assert glassnet("export", f"{name}.safetensors", "--output", path) == (0, said, "")
    module, model = runpy.run_path(str(path)), loaded(saved, name)
    data = IRIS.data.to_numpy() if name in ("names", "model") else TABLE
    answer = "transform" if name == "hidden" else "predict"
    expected = getattr(model, answer)(IRIS.data if name == "names" else data)
    assert np.array_equal(module[answer](data), expected)


FILES = {
    "onnx": ["sold.onnx"],
    "c": ["sold.c", "sold.h"],
    "numpy": ["sold.py"],
    "pytorch": ["sold_pytorch.safetensors"],
}


@pytest.mark.parametrize("form", FILES)
def test_files_stand_beside_the_model(glassnet, saved, tmp_path, form):
    (tmp_path / "sold.safetensors").write_bytes((saved / "sold.safetensors").read_bytes())
    code, out, err = glassnet("export", tmp_path / "sold.safetensors", "--to", form)
    assert (code, err) == (0, "")
    assert out.startswith(f"Wrote {tmp_path / FILES[form][0]}")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["sold.safetensors", *FILES[form]])


def test_options_of_formats(glassnet, tmp_path):
    words = ("export", "names.safetensors", "--quiet")
    assert glassnet(*words, "--output", tmp_path / "a.c", "--name", "iris", "--dtype", "float32") == (
        0,
        "",
        "",
    )
    assert "void iris_predict(const float *X, float *y);" in (tmp_path / "a.h").read_text()
    assert glassnet(*words, "--output", tmp_path / "a.safetensors", "--keys", "sequential") == (0, "", "")
    from_file = gn.export.to_pytorch(gn.load("names.safetensors"), keys="sequential")
    assert b'"0.weight"' in (tmp_path / "a.safetensors").read_bytes()
    assert list(from_file) == ["0.weight", "0.bias", "2.weight", "2.bias"]


# ------------------------------------------------------------------------------------------ inspect
def test_what_a_file_holds(glassnet, saved):
    code, out, err = glassnet("inspect", "sold.safetensors")
    model = loaded(saved, "sold")
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0].startswith("model     sold.safetensors: MLPClassifier, ")
    assert lines[1] == "predicts  sold: 2 classes: 'no', 'yes'"
    columns = model.encoder_.describe().splitlines()
    assert lines[2:7] == [f"columns   {columns[0]}", *(f"          {line}" for line in columns[1:])]
    assert (
        lines[7]
        == "training  BinaryCrossEntropy with Adam(learning_rate=0.001, epsilon=1e-08): 5 epochs, 5 steps"
    )
    assert model.model_.summary_text() in out
    assert str(gn.inspect.weights.weight_statistics(model.model_)) in out
    assert lines[-1] == "Nothing looks wrong."


@pytest.mark.parametrize("name", ["price", "names", "array", "several", "encoder", "hidden", "model"])
def test_every_model_can_be_inspected(glassnet, saved, name):
    code, out, err = glassnet("inspect", f"{name}.safetensors")
    assert (code, err) == (0, "")
    assert f"{name}.safetensors: {type(loaded(saved, name)).__name__}" in out


@pytest.mark.parametrize(("name", "table", "rows"), [("sold", "houses.csv", 60), ("price", "houses.tsv", 60),
    ("names", "species.csv", 150), ("model", "flowers.csv", 150), ("hidden", "houses.csv", 60)])  # fmt: skip
def test_answers_of_the_layers(glassnet, saved, name, table, rows):
    code, out, err = glassnet("inspect", f"{name}.safetensors", table)
    assert (code, err) == (0, "")
    head = out.index(f"answers of the layers for {rows} rows of {table}\n")
    assert ("gradient std" in out[head:]) == (name in ("sold", "price"))  # where the target is there


def test_findings(glassnet, tmp_path):
    model = gn.Sequential([gn.layers.Dense(4, "relu", kernel_initializer="zeros"), gn.layers.Dense(1)])
    model.build((None, 4))
    model.save(tmp_path / "zeros.safetensors")
    _, out, _ = glassnet("inspect", tmp_path / "zeros.safetensors", "flowers.csv")
    remedy = "use other initial weights, a lower rate or leaky ReLU"
    assert [line for line in out.splitlines() if line.startswith("- dense_1")] == [
        "- dense_1.kernel: all weights are 0: use random initial weights",
        f"- dense_1: 100 % of the units are 0 for all examples: {remedy}",
    ]


@pytest.mark.parametrize(
    "words", [("sold.safetensors",), ("sold.safetensors", "houses.csv"), ("model.safetensors",)]
)
def test_picture(glassnet, tmp_path, words):
    code, out, err = glassnet("inspect", *words, "--output", tmp_path / "look.png")
    assert (code, err, out.splitlines()[-1]) == (0, "", f"Wrote {tmp_path / 'look.png'}.")
    assert (tmp_path / "look.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert [path.name for path in tmp_path.iterdir()] == ["look.png"]


# ------------------------------------------------------------------------------------------ source
@pytest.mark.parametrize("kind", ["train", "predict", "loss", "gradients"])
@pytest.mark.parametrize("name", ["sold", "model", "hidden"])
def test_programs_of_trained_networks(glassnet, saved, kind, name):
    code, out, err = glassnet("source", f"{name}.safetensors", "--kind", kind)
    model = loaded(saved, name)
    inside = getattr(model, "estimator_", model)
    assert (code, err) == (0, "")
    assert out.rstrip("\n") == getattr(inside, "model_", inside).source(kind, "numpy").rstrip("\n")
