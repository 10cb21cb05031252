"""``python -m benchmarks.estimators``: our MLP estimators beside scikit-learn's, with default arguments.

Two tables. The first: 5x2-fold cross-validation on every data set that comes with scikit-learn, the same
splits, the same scaling and the same seed for both; the difference of the scores with its paired 95 %
interval, and how much faster ours fits. The second: a grid search of 24 candidates in 5 folds on digits, with
skorch if it is installed.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import t as student
from sklearn import datasets, neural_network
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import glassnet as gn

RESULTS = Path(__file__).parent / "results" / "estimators.json"

DATA: dict[str, tuple[Callable[..., Any], bool]] = {  # the loader, and whether the targets are classes
    "iris": (datasets.load_iris, True),
    "wine": (datasets.load_wine, True),
    "breast_cancer": (datasets.load_breast_cancer, True),
    "digits": (datasets.load_digits, True),
    "diabetes": (datasets.load_diabetes, False),
    "linnerud": (datasets.load_linnerud, False),
}
GRID = {
    "hidden_layer_sizes": [(50,), (100,)],
    "alpha": [1e-5, 1e-4, 1e-3, 1e-2],
    "learning_rate_init": [3e-4, 1e-3, 3e-3],
}


@dataclass(frozen=True)
class Comparison:
    """One data set: mean scores, the difference with its interval, how many times faster ours fits."""

    name: str
    ours: float
    theirs: float
    low: float
    high: float
    faster: float
    slowest: float

    @property
    def verdict(self) -> str:
        """What the interval says."""
        return "worse" if self.high < 0 else "better" if self.low > 0 else "the same"


def compare(name: str, repeats: int) -> Comparison:
    """Both estimators on the same folds, taking turns at being first."""
    load, classes = DATA[name]
    X, y = load(return_X_y=True)
    kind = "MLPClassifier" if classes else "MLPRegressor"
    makers = [getattr(gn, kind), getattr(neural_network, kind)]
    scores, times = [], []
    for seed in range(repeats):
        folds = (StratifiedKFold if classes else KFold)(2, shuffle=True, random_state=seed)
        for turn, (train, test) in enumerate(folds.split(X, y)):
            order = (0, 1) if turn == 0 else (1, 0)
            pair = {i: fitted(makers[i](random_state=seed), X, y, train, test) for i in order}
            scores.append([pair[0][0], pair[1][0]])
            times.append([pair[0][1], pair[1][1]])
    differences = np.subtract(*np.transpose(scores))
    half = student.ppf(0.975, len(differences) - 1) * differences.std(ddof=1) / np.sqrt(len(differences))
    ratios = np.array([theirs / ours for ours, theirs in times])
    ours, theirs = np.mean(scores, axis=0)
    mean = differences.mean()
    return Comparison(name, ours, theirs, mean - half, mean + half, float(np.median(ratios)), ratios.min())


def fitted(estimator: Any, X: Any, y: Any, train: Any, test: Any) -> tuple[float, float]:
    """The score on the test fold, and the seconds of the fit, scaling included."""
    pipeline = make_pipeline(StandardScaler(), estimator)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # constant columns, and that 200 epochs are not enough
        start = time.perf_counter()
        pipeline.fit(X[train], y[train])
        seconds = time.perf_counter() - start
        return float(pipeline.score(X[test], y[test])), seconds


# ------------------------------------------------------------------------------------------ grid search
def skorch_network() -> Any:
    """The same network by skorch, or None if it or PyTorch is not installed."""
    try:
        import skorch
        import torch
    except ImportError:
        return None

    class Module(torch.nn.Module):
        def __init__(self, units: int = 100) -> None:
            super().__init__()
            self.layers = torch.nn.Sequential(
                torch.nn.Linear(64, units), torch.nn.ReLU(), torch.nn.Linear(units, 10)
            )

        def forward(self, X: Any) -> Any:
            return self.layers(X)

    return skorch.NeuralNetClassifier(
        Module, criterion=torch.nn.CrossEntropyLoss, optimizer=torch.optim.Adam, batch_size=200,
        train_split=None, verbose=0,
    )  # fmt: skip


def peers_of_search(epochs: int) -> dict[str, tuple[Any, dict[str, Any]] | None]:
    """Each estimator with its grid; None for what is not installed."""
    settings = {"max_iter": epochs, "random_state": 0}
    network = skorch_network()
    skorch_grid = {
        "module__units": [size[0] for size in GRID["hidden_layer_sizes"]],
        "optimizer__weight_decay": GRID["alpha"],
        "lr": GRID["learning_rate_init"],
    }
    compiled = gn.MLPClassifier(**settings, backend="numba") if find_spec("numba") else None
    return {
        "glassnet": (gn.MLPClassifier(**settings), GRID),
        "glassnet, compiled": compiled and (compiled, GRID),
        "scikit-learn": (neural_network.MLPClassifier(**settings), GRID),
        "skorch": network and (network.set_params(max_epochs=epochs), skorch_grid),
    }


def search(jobs: int, epochs: int, rounds: int) -> dict[str, list[tuple[float, float]]]:
    """(seconds, best score) of the whole search, for each peer and round; they take turns."""
    X, y = datasets.load_digits(return_X_y=True)
    X = (X / 16).astype(np.float32)
    peers = peers_of_search(epochs)
    installed = {name: peer for name, peer in peers.items() if peer}
    for peer, grid in installed.values():  # brings the workers up
        small = {name: values[:1] for name, values in grid.items()}
        searched(GridSearchCV(peer, small, cv=2, n_jobs=jobs), X, y)
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in peers}
    for turn in range(rounds):
        for name in sorted(installed, reverse=bool(turn % 2)):
            peer, grid = installed[name]
            found[name].append(searched(GridSearchCV(peer, grid, cv=5, n_jobs=jobs), X, y))
    return found


def searched(searcher: Any, X: Any, y: Any) -> tuple[float, float]:
    """How long a search takes, and the best mean score that it finds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start = time.perf_counter()
        searcher.fit(X, y)
        return time.perf_counter() - start, float(searcher.best_score_)


# ------------------------------------------------------------------------------------------ the report
def lines(found: list[Comparison]) -> list[str]:
    """The first table, in Markdown."""
    head = "| data set | ours | scikit-learn | difference (95 % interval) | ours is | times faster (least) |"
    rows = [
        f"| {c.name} | {c.ours:.4f} | {c.theirs:.4f} "
        f"| {c.ours - c.theirs:+.4f} ({c.low:+.4f} to {c.high:+.4f}) "
        f"| {c.verdict} | {c.faster:.2f} ({c.slowest:.2f}) |"
        for c in found
    ]
    return [head, "|---|---|---|---|---|---|", *rows]


def lines_of_search(found: dict[str, list[tuple[float, float]]]) -> list[str]:
    """The second table, in Markdown."""
    first = np.median([seconds for seconds, _ in next(iter(found.values()))])
    rows = [
        "| peer | seconds | smallest to largest | times the first | best score |",
        "|---|---|---|---|---|",
    ]
    for name, values in found.items():
        if not values:
            rows.append(f"| {name} | not installed | | | |")
            continue
        times = [seconds for seconds, _ in values]
        middle = np.median(times)
        rows.append(
            f"| {name} | {middle:.1f} | {min(times):.1f} to {max(times):.1f} | {middle / first:.2f} "
            f"| {values[0][1]:.4f} |"
        )
    return rows


def main() -> None:
    """Read the arguments, measure, report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.estimators", description=__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="of the 2-fold cross-validation")
    parser.add_argument("--jobs", type=int, default=1, help="of the grid search")
    parser.add_argument("--epochs", type=int, default=30, help="of each fit in the grid search")
    parser.add_argument("--rounds", type=int, default=3, help="of the grid search")
    arguments = parser.parse_args()
    found = []
    for name in DATA:
        found.append(compare(name, arguments.repeats))
        print("\n".join(lines(found[-1:])[0 if len(found) == 1 else 2 :]), flush=True)
    searches = search(arguments.jobs, arguments.epochs, arguments.rounds)
    print(f"\n24 candidates in 5 folds on digits, {arguments.epochs} epochs, {arguments.jobs} jobs:\n")
    print("\n".join(lines_of_search(searches)))
    RESULTS.parent.mkdir(exist_ok=True)
    content = {"comparisons": [asdict(c) for c in found], "searches": searches}
    RESULTS.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
