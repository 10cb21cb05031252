"""Callbacks that write the numbers of each epoch elsewhere: a CSV file, TensorBoard, MLflow."""

from __future__ import annotations

import csv
import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from glassnet.errors import GlassnetError, InputError
from glassnet.random import same_random_state
from glassnet.train.callbacks.base import Callback, Logs

__all__ = ["CSVLogger", "MLflowLogger", "TensorBoard"]


def _optional(package: str, owner: str) -> Any:
    """A package that the extra ``monitor`` brings, or an error that says so."""
    try:
        with same_random_state():
            return importlib.import_module(package)
    except ImportError as error:
        raise GlassnetError(
            f'{owner} needs {package}, which is not installed.\nInstall it: pip install "glassnet[monitor]"'
        ) from error


class CSVLogger(Callback):
    """Write the numbers of each epoch as a line of a CSV file.

    The columns are the epoch, counted from 0, and the loss and metrics of the first epoch in their order; a
    number that a later epoch does not report is ``NA``. Each line is in the file when its epoch ends.

    Parameters
    ----------
    filename : str or Path
    separator : str, default ","
    append : bool, default False
        Go on with an existing file, in its columns, rather than begin it anew.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "log.csv"
    >>> logger = CSVLogger(path)
    >>> logger.on_train_begin()
    >>> logger.on_epoch_end(0, {"loss": 0.5, "accuracy": 0.75})
    >>> logger.close()
    >>> print(path.read_text())
    epoch,loss,accuracy
    0,0.5,0.75
    <BLANKLINE>
    """

    def __init__(self, filename: str | Path, separator: str = ",", append: bool = False) -> None:
        if len(separator) != 1:
            raise InputError(f"CSVLogger: separator must be one character; got {separator!r}.")
        self.filename, self.separator, self.append = Path(filename), separator, append
        self.columns: list[str] = []
        self.file: IO[str] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.columns = self._header() if self.append else []
        self.file = self.filename.open("a" if self.append else "w", encoding="utf-8", newline="")

    def _header(self) -> list[str]:
        """The columns of an existing file."""
        if not self.filename.exists():
            return []
        with self.filename.open(encoding="utf-8", newline="") as file:
            return next(csv.reader(file, delimiter=self.separator), [])

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.file is None:
            return
        writer = csv.writer(self.file, delimiter=self.separator, lineterminator="\n")
        row: dict[str, Any] = {"epoch": epoch, **(logs or {})}
        if not self.columns:
            self.columns = list(row)
            writer.writerow(self.columns)
        writer.writerow([row.get(name, "NA") for name in self.columns])
        self.file.flush()

    def close(self) -> None:
        if self.file is not None:
            self.file.close()
            self.file = None


class TensorBoard(Callback):
    """Write the numbers of each epoch for TensorBoard, by the package tensorboardX.

    Training goes to the folder ``train``, validation to ``validation``, under the tags ``epoch_loss``,
    ``epoch_accuracy``, ... and ``epoch_learning_rate``.

    Parameters
    ----------
    log_dir : str or Path, default "logs"
    histogram_freq : int, default 0
        Every so many epochs, write a histogram of each parameter; 0 for none.

    Raises
    ------
    GlassnetError
        In `fit`, if tensorboardX is not installed.

    Examples
    --------
    >>> TensorBoard("logs/first").log_dir.name
    'first'
    """

    def __init__(self, log_dir: str | Path = "logs", histogram_freq: int = 0) -> None:
        if histogram_freq < 0:
            raise InputError(f"TensorBoard: histogram_freq must be a number of epochs; got {histogram_freq}.")
        self.log_dir, self.histogram_freq = Path(log_dir), histogram_freq
        self.writers: dict[str, Any] = {}

    def _writer(self, part: str) -> Any:
        if part not in self.writers:
            package = _optional("tensorboardX", "TensorBoard")
            self.writers[part] = package.SummaryWriter(str(self.log_dir / part))
        return self.writers[part]

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._writer("train")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        optimizer = self.model.optimizer
        rate = {"learning_rate": optimizer.rate_at(max(self.model.step, 1))} if optimizer is not None else {}
        for name, value in {**rate, **(logs or {})}.items():
            part = "validation" if name.startswith("val_") else "train"
            self._writer(part).add_scalar(f"epoch_{name.removeprefix('val_')}", float(value), epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            for key, array in self.model.parameters.items():
                self._writer("train").add_histogram(key, np.asarray(array), epoch)

    def close(self) -> None:
        for writer in self.writers.values():
            writer.close()
        self.writers = {}


class MLflowLogger(Callback):
    """Log a run to MLflow: how it was made, and the numbers of each epoch.

    A run that is active already is used and stays open; otherwise one is started and ended.

    Parameters
    ----------
    run_name : str, optional
    tags : mapping of str to str, optional

    Raises
    ------
    GlassnetError
        In `fit`, if mlflow is not installed.

    Examples
    --------
    >>> MLflowLogger(run_name="digits").run_name
    'digits'
    """

    def __init__(self, run_name: str | None = None, tags: Mapping[str, str] | None = None) -> None:
        self.run_name, self.tags = run_name, dict(tags or {})
        self.mlflow: Any = None
        self.owns_run = self.finished = False

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.mlflow = _optional("mlflow", "MLflowLogger")
        self.finished = False
        self.owns_run = self.mlflow.active_run() is None
        if self.owns_run:
            self.mlflow.start_run(run_name=self.run_name, tags=self.tags)
            made = {"optimizer": repr(self.model.optimizer), "loss": repr(self.model.loss_function)}
            self.mlflow.log_params({**self.params, **made})

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.mlflow.log_metrics({name: float(value) for name, value in (logs or {}).items()}, step=epoch)

    def on_train_end(self, logs: Logs | None = None) -> None:
        self.finished = True

    def close(self) -> None:
        if self.owns_run:
            self.mlflow.end_run(status="FINISHED" if self.finished else "FAILED")
            self.owns_run = False
