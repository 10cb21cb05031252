"""The method that writes an estimator to a file."""

from __future__ import annotations

from glassnet import files
from glassnet.estimators.exporting import Exporting
from glassnet.files.format import Path


class Saving(Exporting):
    """Estimators that can be written to a model file, and to others that run without glassnet."""

    def save(self, path: Path) -> None:
        """Write the estimator to a file that :func:`glassnet.load` reads; the file can name no code.

        Arguments, classes, names of columns, records and networks are kept, with the state of the optimizer,
        so that ``partial_fit`` goes on where it was. Callbacks and random generators are not.

        Parameters
        ----------
        path : str or path
            By custom it ends with ``.safetensors``.

        Raises
        ------
        ModelFileError
            Something in it cannot be stored, such as a lambda, or the file cannot be written.

        Examples
        --------
        >>> import pathlib, tempfile, numpy as np, glassnet as gn
        >>> classifier = gn.LinearClassifier(max_iter=5, tol=1e9, n_iter_no_change=1, random_state=0)
        >>> classifier = classifier.fit(np.eye(2), ["no", "yes"])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "classifier.safetensors")
        ...     classifier.save(path)
        ...     gn.load(path).classes_.tolist()
        ['no', 'yes']
        """
        files.save(
            path, "estimator", lambda packer: {"estimator": packer.pack(self, "estimator")["estimator"]}
        )
