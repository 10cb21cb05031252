"""Files that take an old file's place as a whole, or not at all."""

from __future__ import annotations

import os
import pathlib

from glassnet.files.format import Path, at_the_door
from glassnet.files.refused import refuse
from glassnet.files.writing import replace_file


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file, read it again, and only then put it in the old one's place.

    Raises
    ------
    ModelFileError
        It cannot be written.
    """

    def verify(temporary: str) -> None:
        if pathlib.Path(temporary).read_bytes() != data:
            refuse("", "does not hold what was written to it.")

    with at_the_door(path):
        replace_file(os.path.realpath(path), [data], verify)
