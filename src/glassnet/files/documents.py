"""Documents of several kinds in one format: models, estimators. Each kind says how it is made again."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from glassnet.errors import InputTypeError
from glassnet.files import format as container
from glassnet.files import refused
from glassnet.files.format import Path, at_the_door
from glassnet.files.packing import Json, Packer
from glassnet.files.refused import guarded, record, refuse, shown
from glassnet.files.unpacking import Unpacker
from glassnet.random import same_random_state
from glassnet.trace.frames import without_reading

Restore = Callable[[dict[str, Json], Unpacker], Any]
RESTORE: dict[str, Restore] = {}  # kind of document → what makes the object; filled by their modules
_MODULES = {"estimator": "glassnet.estimators"}  # kinds whose module is loaded when a file asks for it


def save(path: Path, kind: str, describe: Callable[[Packer], Mapping[str, Json]]) -> None:
    """Write an object to a file, or leave the old file as it is.

    Parameters
    ----------
    path : str or path
    kind : str
        A key of ``RESTORE``.
    describe : callable
        Takes a packer, answers the document.

    Raises
    ------
    ModelFileError
        Something in it cannot be stored, or the file cannot be written.
    """
    packer = Packer()
    with at_the_door(path):
        document = {"kind": kind, **describe(packer)}
    container.write(path, document, packer.arrays)


def load(path: Path, custom: Mapping[str, Any] | None = None) -> Any:
    """The model or estimator that a file holds.

    A file cannot run code, name a module or open another file, and what it says is checked before memory is
    taken for it. It is safe to load a file from somebody you do not know; what it predicts is another matter.

    Parameters
    ----------
    path : str or path
    custom : dict, optional
        Name → class or function, for layers, losses and activations of one's own: a file holds only their
        names.

    Returns
    -------
    Model, Sequential or estimator
        With its optimizer's state, so that ``fit`` goes on where it was saved.

    Raises
    ------
    ModelFileError
        The file is missing or damaged, or does not hold what this version can read.

    Examples
    --------
    >>> import pathlib, tempfile, glassnet as gn
    >>> model = gn.Sequential([gn.layers.Dense(1)])
    >>> model.build((None, 3))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "model.safetensors")
    ...     model.save(path)
    ...     gn.load(path).layers
    [<layer Dense(1)>]
    """
    if custom is not None and not isinstance(custom, Mapping):
        raise InputTypeError(f"custom is a dict, such as custom={{'Scale': Scale}}; got {custom!r}.")
    document, tensors = container.read(path)
    with at_the_door(path):
        unpacker = Unpacker(tensors, custom)
        kind = refused.text(record(document, "the description", ("kind",), document).pop("kind"), "kind")
        with guarded("the description"), without_reading():
            found = _restorer(kind)(document, unpacker)
        unused = sorted(tensors.keys() - unpacker.used)
        if unused:
            refuse(f"tensor {shown(unused[0])}", "belongs to nothing in the description.")
    return found


def _restorer(kind: str) -> Restore:
    if kind not in RESTORE and kind in _MODULES:
        with same_random_state():  # loading scikit-learn draws numbers
            importlib.import_module(_MODULES[kind])
    return RESTORE[refused.one_of(kind, "kind", {*RESTORE, *_MODULES})]
