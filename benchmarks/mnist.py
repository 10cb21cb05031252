"""MNIST as people train it: whole programs, with validation after each epoch, beside PyTorch and Keras.

    python -m benchmarks.mnist FOLDER              # three seeds; FOLDER holds MNIST's four idx files
    python -m benchmarks.mnist FOLDER --epochs 2 --seeds 1

784-512-512-10 with ReLU and dropout 0.2, Adam with rate 0.001, batches of 128. Each run is a process of its
own, and the libraries take turns. Its time is that of all of it: imports, reading, compiling, training,
validating. Keras runs on JAX. A library that is not installed is left out and named.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

EPOCHS, SEEDS, BATCH, HIDDEN, RATE = 10, 3, 128, 512, 0.2
Split = tuple[np.ndarray, np.ndarray]


def read(folder: Path) -> tuple[Split, Split]:
    """Pixels between 0 and 1, as float32, and labels."""
    arrays = [np.load(folder / f"{name}.npy") for name in ("X_train", "y_train", "X_test", "y_test")]
    return (arrays[0], arrays[1]), (arrays[2], arrays[3])


def glassnet(train: Split, test: Split, epochs: int, seed: int) -> float:
    """Accuracy on the test images after the last epoch."""
    import glassnet as gn
    from glassnet import layers

    model = gn.Sequential(
        [
            layers.Dense(HIDDEN, "relu"),
            layers.Dropout(RATE),
            layers.Dense(HIDDEN, "relu"),
            layers.Dropout(RATE),
            layers.Dense(10),
        ],
        seed=seed,
    )
    model.compile(gn.optimizers.Adam(1e-3), "softmax_cross_entropy", metrics=["accuracy"])
    history = model.fit(*train, batch_size=BATCH, epochs=epochs, validation_data=test, verbose=0)
    return float(history.history["val_accuracy"][-1])


def pytorch(train: Split, test: Split, epochs: int, seed: int) -> float:
    """The same; an epoch's rows are drawn at once, which is faster than a DataLoader."""
    import torch
    from torch import nn

    torch.manual_seed(seed)
    (X, y), (Xt, yt) = [tuple(map(torch.from_numpy, split)) for split in (train, test)]
    hidden = [nn.Linear(784, HIDDEN), nn.ReLU(), nn.Dropout(RATE)]
    hidden += [nn.Linear(HIDDEN, HIDDEN), nn.ReLU(), nn.Dropout(RATE)]
    model = nn.Sequential(*hidden, nn.Linear(HIDDEN, 10))
    optimizer, loss = torch.optim.Adam(model.parameters(), 1e-3, fused=True), nn.CrossEntropyLoss()
    accuracy = 0.0
    for _ in range(epochs):
        model.train()
        for rows in torch.randperm(len(X)).split(BATCH):
            optimizer.zero_grad(set_to_none=True)
            loss(model(X[rows]), y[rows]).backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            accuracy = (model(Xt).argmax(1) == yt).float().mean().item()
    return accuracy


def keras(train: Split, test: Split, epochs: int, seed: int) -> float:
    """The same."""
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import keras
    from keras import layers

    keras.utils.set_random_seed(seed)
    hidden = [layers.Dense(HIDDEN, "relu"), layers.Dropout(RATE)]
    hidden += [layers.Dense(HIDDEN, "relu"), layers.Dropout(RATE)]
    model = keras.Sequential([*hidden, layers.Dense(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-3), loss, metrics=["accuracy"])
    history = model.fit(*train, batch_size=BATCH, epochs=epochs, validation_data=test, verbose=0)
    return float(history.history["val_accuracy"][-1])


PEERS = {"glassnet": glassnet, "pytorch": pytorch, "keras": keras}
MODULES = {"glassnet": "numba", "pytorch": "torch", "keras": "keras"}


def run(peer: str, folder: Path, epochs: int, seed: int, cache: Path) -> tuple[float, float]:
    """(seconds of the whole process, accuracy)."""
    command = [sys.executable, "-m", "benchmarks.mnist", str(folder), "--peer", peer]
    command += ["--epochs", str(epochs), "--seeds", str(seed)]
    started = time.perf_counter()
    environment = {**os.environ, "GLASSNET_CACHE_DIR": str(cache)}
    answer = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return time.perf_counter() - started, float(answer.stdout.split()[-1])


def write(source: Path, folder: Path) -> None:
    """The images as arrays, so that every library reads the same files."""
    import glassnet as gn

    images = gn.datasets.mnist(source)
    for part in ("train", "test"):
        X, y = getattr(images, f"X_{part}"), getattr(images, f"y_{part}")
        np.save(folder / f"X_{part}.npy", X.reshape(-1, 784).astype(np.float32) / np.float32(255))
        np.save(folder / f"y_{part}.npy", y.astype(np.int64))


def compare(source: Path, epochs: int, seeds: int) -> None:
    """All libraries in turn, each seed."""
    missing = [name for name in PEERS if importlib.util.find_spec(MODULES[name]) is None]
    for name in missing:
        print(f"{name} is left out: {MODULES[name]} is not installed")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write(source, folder)
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in PEERS if name not in missing}
        for seed in range(seeds):
            for name, results in found.items():
                # A new cache for each seed: compiling is part of every run.
                results.append(run(name, folder, epochs, seed, folder / f"cache{seed}"))
                seconds, accuracy = results[-1]
                print(f"  seed {seed}  {name:10} {seconds:7.2f} s  {accuracy:.4f}", flush=True)
    print(f"{'':12}{'seconds':>8}{'ratio':>7}{'accuracy':>10}   of {epochs} epochs, medians and mean")
    ours = statistics.median(seconds for seconds, _ in found["glassnet"])
    for name, results in found.items():
        seconds = statistics.median(seconds for seconds, _ in results)
        accuracy = statistics.mean(accuracy for _, accuracy in results)
        print(f"{name:12}{seconds:8.2f}{seconds / ours:7.2f}{100 * accuracy:9.2f}%")


def main() -> None:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many; with --peer, which one")
    parser.add_argument("--peer", choices=PEERS, help="run one of them here, on arrays in FOLDER")
    asked = parser.parse_args()
    if asked.peer:
        print(PEERS[asked.peer](*read(asked.folder), asked.epochs, asked.seeds))
    else:
        compare(asked.folder, asked.epochs, asked.seeds)


if __name__ == "__main__":
    main()
