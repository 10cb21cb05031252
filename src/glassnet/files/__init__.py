"""The model file: a ``.safetensors`` file with one JSON document, which can name no code.

    header       the file's bytes: length, header, tensors, and the SHA-256 over all of them
    strict_json  JSON without duplicates, NaN, endless numbers, endless depth
    writing      a file replaces the old one as a whole, or not at all
    format       write(path, document, tensors) and read(path)
    registry     the closed tables of classes and functions that a document may name
    packing      objects → JSON and arrays
    unpacking    JSON and arrays → objects
    operations   plain NumPy between the layers of a functional model
    architecture layers and how they are put together
    training     optimizer, loss, metrics
    documents    save and load: documents of several kinds

Other kinds of documents (estimators) bring a function to ``RESTORE`` and call :func:`save`; models, arrays,
histories and plain values inside them are packed as they are, and ``registry.add`` takes in more classes.

Inside, whatever is wrong is :class:`~glassnet.files.refused.Refused` with a key and a reason; at the door
(``format.at_the_door``) it becomes one :class:`~glassnet.errors.ModelFileError` that names the file.
"""

from __future__ import annotations

from glassnet.files.documents import RESTORE, load, save
from glassnet.files.format import read, write
from glassnet.files.packing import Packer
from glassnet.files.unpacking import Unpacker

__all__ = ["RESTORE", "Packer", "Unpacker", "load", "read", "save", "write"]
