r"""
Coming from scikit-learn
========================

Change the import, and keep the rest. :class:`glassnet.MLPClassifier` and :class:`glassnet.MLPRegressor` take
every argument of scikit-learn's classes with the same meaning and the same default, have the same
attributes and methods, and pass scikit-learn's own tests of its MLP. What scikit-learn's are asked for and do
not have is here, too. Every argument stands in :doc:`../argument_table`.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn import neural_network
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_diabetes, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import glassnet as gn

X, y = load_wine(return_X_y=True)
X_train, X_new, y_train, y_new = train_test_split(X, y, test_size=0.4, random_state=0, stratify=y)

# %%
# The same numbers
# ----------------
#
# The first weights are scikit-learn's, for the same ``random_state``; so are the penalty, the batches' sizes
# and the rules for stopping. With all examples in one batch, both walk the same way:

settings = {"solver": "sgd", "learning_rate_init": 0.05, "max_iter": 400, "tol": 1e-3, "random_state": 0}
scaler = StandardScaler().fit(X_train)
ours = gn.MLPClassifier(**settings).fit(scaler.transform(X_train), y_train)
theirs = neural_network.MLPClassifier(**settings).fit(scaler.transform(X_train), y_train)
print(ours.n_iter_, theirs.n_iter_)
print(f"largest difference of a weight: {np.abs(ours.coefs_[0] - theirs.coefs_[0]).max():.0e}")

# %%
# Two things differ. Adam's :math:`\epsilon` is added to the corrected root, as in the paper, where
# scikit-learn adds it to the uncorrected one; and in smaller batches the order of the examples is a pure
# function of the seed and the epoch, so that a run can be repeated by any program that glassnet prints.
#
# Among its tools
# ---------------
#
# Pipelines, searches, calibration and all the others take these estimators as their own:

pipeline = make_pipeline(StandardScaler(), gn.MLPClassifier(max_iter=300, tol=1e-2, random_state=0))
print(cross_val_score(pipeline, X, y, cv=5).round(3))

grid = {"mlpclassifier__alpha": [1e-4, 1.0], "mlpclassifier__dropout": [0.0, 0.3]}
search = GridSearchCV(pipeline, grid, cv=3).fit(X_train, y_train)
print(search.best_params_, round(search.score(X_new, y_new), 3))

calibrated = CalibratedClassifierCV(pipeline, cv=3).fit(X_train, y_train)
print(calibrated.predict_proba(X_new[:2]).round(2))

# %%
# The search above printed and compiled one program for each architecture, and not one for each candidate:
# rates and strengths are numbers at the top of the program.
#
# What was asked for
# ------------------
#
# Dropout, batch normalization, one activation per layer, a validation set of one's own, and its curve:

network = gn.MLPClassifier(
    (32, 16),
    activation=["relu", "tanh"],
    dropout=[0.3, 0.0],
    class_weight="balanced",
    learning_rate_init=0.01,
    early_stopping=True,
    max_iter=500,
    random_state=0,
)
half = len(X_new) // 2  # the examples that choose the epoch must not be those that the result is told on
network.fit(scaler.transform(X_train), y_train, X_val=scaler.transform(X_new[:half]), y_val=y_new[:half])
print(round(network.score(scaler.transform(X_new[half:]), y_new[half:]), 3))
fig, ax = plt.subplots(figsize=(6, 3), layout="constrained")
ax.plot(network.loss_curve_, label="training")
ax.plot(network.validation_loss_curve_, label="validation")
ax.set(xlabel="epoch", ylabel="loss")
ax.legend(frameon=False)
ax.spines[["top", "right"]].set_visible(False)

# %%
# Other losses, among them the hinge, quantiles and the likelihood of a normal distribution, or a NumPy
# function of (y, scores):

hinge = gn.MLPClassifier(loss="hinge", max_iter=500, tol=1e-2, random_state=0)
print(round(hinge.fit(scaler.transform(X_train), y_train).score(scaler.transform(X_new), y_new), 3))

Z, progress = load_diabetes(return_X_y=True)
Z = StandardScaler().fit_transform(Z)
interval = gn.MLPRegressor(
    quantiles=(0.1, 0.5, 0.9), learning_rate_init=0.02, max_iter=500, tol=0.1, random_state=0
).fit(Z, progress)
low, high = interval.predict(Z, quantile=0.1), interval.predict(Z, quantile=0.9)
print(f"{np.mean((low <= progress) & (progress <= high)):.0%} of the examples lie in their interval")

# %%
# Several labels per example, each with its own classes; several networks that vote:

both = np.column_stack([y_train, X_train[:, 0] > 13])
several = gn.MLPClassifier(learning_rate_init=0.01, max_iter=500, tol=1e-3, random_state=0)
several.fit(scaler.transform(X_train), both)
print([p.shape for p in several.predict_proba(scaler.transform(X_new))])

ensemble = gn.MLPClassifier(n_ensemble=3, max_iter=500, tol=1e-2, random_state=0)
print(round(ensemble.fit(scaler.transform(X_train), y_train).score(scaler.transform(X_new), y_new), 3))

# %%
# The activations of a hidden layer as features for another estimator:

features = gn.HiddenFeatures(gn.MLPClassifier((16, 4), max_iter=500, tol=1e-3, random_state=0))
stack = make_pipeline(StandardScaler(), features, LogisticRegression()).fit(X_train, y_train)
print(features.get_feature_names_out())
print(round(stack.score(X_new, y_new), 3))

# %%
# What goes on inside
# -------------------
#
# The network is an ordinary model, and its training step a program that can be read:

small = gn.MLPClassifier(4, max_iter=300, tol=1e-2, learning_rate_init=0.01, random_state=0)
small.fit(scaler.transform(X_train), y_train)
print(small.model_.source())

# %%
# When something is wrong
# -----------------------
#
# Arguments are looked at in ``fit``, and every message says what was found, what is needed and what to do:

missing = X_train.copy()
missing[17, 1] = np.nan
for attempt in (
    lambda: gn.MLPClassifier(activation="rleu").fit(X_train, y_train),
    lambda: gn.MLPClassifier().fit(missing, y_train),
):
    try:
        attempt()
    except ValueError as error:
        print(error, end="\n\n")

# %%
# A network of one's own
# ----------------------
#
# What the MLP's arguments cannot say, a function can: it gets the number of inputs and outputs, and answers a
# compiled model. Its arguments are parameters of the estimator, so that searches find them.


def build(inputs, outputs, units=16, rate=0.01):
    x = gn.Input((inputs,))
    h = gn.layers.Dense(units, "relu")(x)
    model = gn.Model(x, gn.layers.Dense(outputs)(h) + gn.layers.Dense(outputs)(x))
    model.compile(gn.optimizers.Adam(rate), "softmax_cross_entropy")
    return model


own = make_pipeline(StandardScaler(), gn.NetworkClassifier(build, epochs=30))
search = GridSearchCV(own, {"networkclassifier__units": [4, 16]}, cv=3).fit(X_train, y_train)
print(search.best_params_, round(search.score(X_new, y_new), 3))
