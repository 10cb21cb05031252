r"""
From a CSV file to a network
============================

A table as it comes: numbers beside text and dates, cells that are empty, nothing scaled. One command makes a
network of it, tells how good that is on rows that were kept away from it, and writes a file that predicts new
ones. What it writes is an estimator that takes data frames, so everything can be done in Python as well. This
page does both, side by side, and looks at what happens to each column on the way.

The table is made here, of the diabetes data that comes with scikit-learn: ten measurements of 442 patients,
and a number that says how far the disease has progressed a year later. To have everything that real tables
have,

- one measured value in twelve is taken out,
- the column ``sex`` is written as text (the data have 1 and 2 and do not say which is which),
- and three columns are **made up**: ``clinic``, ``visit``, ``smoker``. They are drawn at random, say
  nothing about the disease, and can only mislead.
"""

import json
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import polars as pl
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

import glassnet as gn

table = load_diabetes(scaled=False, as_frame=True).frame
table = table.rename(columns={"target": "progression", "bp": "blood_pressure"})
draws = np.random.default_rng(0)
for name in ("bmi", "blood_pressure", "s3", "s5"):
    table[name] = table[name].mask(draws.random(len(table)) < 1 / 12)
table["sex"] = table["sex"].map({1: "a", 2: "b"})
clinics = ["North", "South", "Harbour", None]
table["clinic"] = draws.choice(clinics, len(table), p=[0.4, 0.3, 0.2, 0.1])
days = draws.integers(0, 366, len(table))
table["visit"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(days, "D")
table["smoker"] = draws.random(len(table)) < 0.25
old, new = train_test_split(table, test_size=0.1, random_state=0)

folder = Path(tempfile.mkdtemp())
old.to_csv(folder / "patients.csv", index=False)
new.to_csv(folder / "new_patients.csv", index=False)


def shell(command):
    """Run a command line of glassnet's in the folder of the tables."""
    program = [sys.executable, "-c", "from glassnet.cli import main; main()"]
    words = shlex.split(command)[1:]
    done = subprocess.run([*program, *words], cwd=folder, capture_output=True, text=True, check=False)
    print(f"$ {command}\n{done.stdout}{done.stderr}".rstrip())


print("".join((folder / "patients.csv").read_text().splitlines(keepends=True)[:5]))

# %%
# One command
# -----------

shell("glassnet train patients.csv --target progression")

# %%
# It says what it has taken the target for, and why; what each column becomes; how the rows are split; and
# how the network ends, beside what must be beaten: the mean of the target, scikit-learn's network, and its
# gradient boosting, each trained on the same rows and measured on the same 80 that none of them has seen.
# An R² of 0 is the mean's, 1 would be perfect. On so few rows the last digits are chance: ``--seed 1``
# splits otherwise.
#
# Among the files is a picture of the run:

fig, ax = plt.subplots(figsize=(9, 4.6), layout="constrained")
ax.imshow(plt.imread(folder / "glassnet-patients" / "run.png"))
ax.set_axis_off()

# %%
# The same in Python
# ------------------
#
# The model file holds an estimator, with all its settings. Here it is:

model = gn.load(folder / "glassnet-patients" / "model.safetensors")
print(model)

# %%
# One of your own needs no more than two arguments beside those of every network: ``columns="auto"`` puts an
# encoder in front, and ``missing="median"`` allows cells to be empty. That is an error otherwise: whether a
# value is missing by accident or for a reason is yours to know.

X, y = old.drop(columns="progression"), old["progression"]
X_new, y_new = new.drop(columns="progression"), new["progression"]
regressor = gn.MLPRegressor(
    columns="auto",
    missing="median",
    hidden_layer_sizes=32,
    dropout=0.5,
    alpha=1.0,
    early_stopping=True,
    n_iter_no_change=50,
    max_iter=500,
    random_state=0,
)
regressor.fit(X, y)
print(f"R² of the {len(y_new)} new patients: {regressor.score(X_new, y_new):.2f}")

# %%
# Frames of pandas, polars and pyarrow are read alike, and become the same numbers to the last bit:

same = np.array_equal(regressor.predict(pl.from_pandas(X_new)), regressor.predict(X_new))
print("polars as pandas:", same)

# %%
# What becomes of a column
# ------------------------
#
# Only what ``fit`` has seen decides, and it can be read:

encoder = regressor.encoder_
print(encoder.describe())

# %%
# **Numbers** are scaled by their median and the distance of their quartiles, which a few odd values cannot
# move, and bent so that nothing is beyond 3 [1]_:
#
# .. math::
#
#    z = \frac{x - \mathrm{median}}{q_{75} - q_{25}}, \qquad \frac{z}{\sqrt{1 + (z / 3)^2}} .
#
# What is missing counts as the median, which is 0 here, and a second number says that it was missing. By
# hand:

bmi = X["bmi"].fillna(X["bmi"].median())
low, middle, high = X["bmi"].quantile([0.25, 0.5, 0.75])
z = (bmi - middle) / (high - low)
encoded = pd.DataFrame(encoder.transform(X), X.index, encoder.get_feature_names_out())
print(np.allclose(z / np.sqrt(1 + (z / 3) ** 2), encoded["bmi"]))
print((encoded["bmi_missing"] == X["bmi"].isna()).all())

# %%
# **Two values**, true and false or any others, are -1 and +1. **Three and more** have a column each, with a
# 1 for the one that it is and none for an empty cell. Beyond 16 values that would be many columns, each of
# them nearly always 0: then each value is given a vector of a few numbers, which is learned with the rest
# (:class:`~glassnet.layers.ColumnEmbedding`). **Dates** are days, and sine and cosine of their place in the
# year and the week, so that December is next to January.
#
# The first rows as the network sees them:

fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
image = ax.imshow(encoded[:30].T, cmap="RdBu_r", vmin=-3, vmax=3, aspect="auto")
ax.set(yticks=range(encoded.shape[1]), yticklabels=encoded.columns, xlabel="patient")
ax.tick_params(axis="y", labelsize=7, length=0)
_ = fig.colorbar(image, ax=ax)

# %%
# Categories that are written as numbers, such as postal codes, look like numbers to anybody. They have to
# be named: ``columns=gn.FrameEncoder(categorical=["code"], missing="median")``.
#
# New rows
# --------

shell("glassnet evaluate glassnet-patients/model.safetensors new_patients.csv")

# %%
# The file of answers has a row for each row of the table, with what it is asked to carry along. Tables are
# read in parts, so that they may be larger than the memory.

shell(
    "glassnet predict glassnet-patients/model.safetensors new_patients.csv"
    " --keep age,clinic --output answers.csv"
)
answers = pd.read_csv(folder / "answers.csv")
print(answers.head(3))
difference = np.abs(answers["prediction"] - model.predict(X_new)).max()
print("largest difference from Python:", difference)

# %%
# A clinic that nobody knows
# --------------------------
#
# The next patient comes from a clinic that was not in the table. Before you run: an error? The commonest
# clinic? One of the three at random?

patient = X_new[:1].assign(clinic="East")
columns = [name for name in encoded.columns if name.startswith("clinic")]
features = pd.DataFrame(encoder.transform(patient), columns=encoded.columns)
print(features[columns].to_string(index=False))
for clinic in ("North", "South", "Harbour", "East", None):
    print(f"{clinic!s:8} {regressor.predict(patient.assign(clinic=clinic))[0]:6.1f}")

# %%
# It is none of those that the network knows, exactly as an empty cell is. (That the clinics differ at all
# is what the network has learned from a column of noise: a few units, where it is wrong by dozens.)
#
# Columns may come in another order, and there may be more of them; a whole number may come as a float. What
# would have to be guessed is refused:

for wrong in (
    X_new.drop(columns="bmi"),
    X_new.assign(bmi="24.5 kg/m²"),
    pd.read_csv(folder / "new_patients.csv"),
):
    try:
        model.predict(wrong)
    except (TypeError, ValueError) as error:
        print(error, end="\n\n")

# %%
# The last one is a surprise that files have ready: in CSV a date is text. The command line reads the column
# as what it was when the network was trained; in pandas it is ``read_csv(..., parse_dates=["visit"])``.
#
# Too good to be true
# -------------------
#
# Somebody has added a column, ``dose``: what the doctors gave after the year, by how far the disease had
# come. Before you run: what will the report say?

dose = (old["progression"] / 10).round() + draws.integers(-1, 2, len(old))
old.assign(dose=dose).to_csv(folder / "with_dose.csv", index=False)
shell("glassnet train with_dose.csv --target progression --quiet")
report = json.loads((folder / "glassnet-with_dose" / "report.json").read_text())
for name, scores in report["held_out"].items():
    print(f"{name:22} R² {scores['r2']:6.3f}")

# %%
# All of them have found it, and the held-out rows cannot tell: they have the column, too. The patients whom
# the network is meant for have not. No report can know what will be known on the day of the prediction; a
# score that is far better than anybody has hoped for is the sign to ask. Leave the column out and train
# again.
#
# From here
# ---------
#
# ``glassnet inspect`` looks into a trained network, ``glassnet source`` prints its program, and ``glassnet
# export`` writes it, with all that happens to the columns, to a file that runs without this package:
# :doc:`n_ship_it`.
#
# .. [1] D. Holzmüller, L. Grinsztajn, I. Steinwart, "Better by default: Strong pre-tuned MLPs and boosted
#    trees on
#    tabular data", 2024.
