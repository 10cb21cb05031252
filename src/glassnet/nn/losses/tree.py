"""Hierarchical softmax: classes at the leaves of a binary tree, a yes-or-no classifier at each inner node."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.errors import InputError, ShapeError
from glassnet.nn.losses import formulas
from glassnet.nn.losses.base import Loss, classes_of
from glassnet.nn.sizes import whole_number
from glassnet.nn.targets import class_targets
from glassnet.trace.numpy_api import is_plain, take


class Tree:
    """A binary tree with the classes at its leaves.

    The inner nodes are numbered from the root, parents before their children; node j has the score ``s_j``,
    and the way goes right there with probability ``σ(s_j)``. A class's probability is the product along its
    path, so that all of them sum to 1 whatever the scores are.

    Parameters
    ----------
    nested : tuple or list
        A pair (left, right) of leaves or pairs: ``(("cat", "dog"), "car")``. Labels are the leaves' numbers,
        from left to right.

    Attributes
    ----------
    leaves : list
        From left to right; the label of ``leaves[i]`` is i.
    paths : ndarray (leaves, nodes)
        -1 where a leaf's path goes left, 1 where it goes right, 0 at nodes that it does not pass.

    Examples
    --------
    >>> words = Tree((("cat", "dog"), "car"))
    >>> words.leaves, words.nodes
    (['cat', 'dog', 'car'], 2)
    >>> words.paths
    array([[-1, -1],
           [-1,  1],
           [ 1,  0]], dtype=int8)
    >>> words.probabilities(np.array([[0.0, 0.0]]))
    array([[0.25, 0.25, 0.5 ]])
    """

    def __init__(self, nested: Any) -> None:
        self.leaves: list[Any] = []
        steps: list[list[tuple[int, int]]] = []
        self._walk(nested, [], itertools.count(), steps)
        if len(self.leaves) < 2:
            raise InputError(f"Tree: at least two leaves are needed, such as ('cat', 'dog'); got {nested!r}.")
        self.paths = np.zeros((len(self.leaves), self.nodes), np.int8)
        for leaf, path in enumerate(steps):
            for node, side in path:
                self.paths[leaf, node] = side

    def _walk(
        self, part: Any, path: list[tuple[int, int]], serial: Any, steps: list[list[tuple[int, int]]]
    ) -> None:
        if not isinstance(part, list | tuple):
            self.leaves.append(part)
            steps.append(path)
            return
        if len(part) != 2:
            raise InputError(
                f"Tree: each inner node is a pair (left, right); got {len(part)} parts: {part!r}."
            )
        node = next(serial)
        self._walk(part[0], [*path, (node, -1)], serial, steps)
        self._walk(part[1], [*path, (node, 1)], serial, steps)

    @classmethod
    def balanced(cls, count: int) -> Tree:
        """A tree over labels 0..count-1 whose paths are as equally long as possible.

        Parameters
        ----------
        count : int

        Returns
        -------
        Tree

        Examples
        --------
        >>> Tree.balanced(4)
        Tree(((0, 1), (2, 3)))
        """

        def half(first: int, last: int) -> Any:
            middle = (first + last + 1) // 2
            return first if last - first == 1 else (half(first, middle), half(middle, last))

        return cls(half(0, whole_number(count, "count", "Tree.balanced")))

    @classmethod
    def huffman(cls, counts: Sequence[float], leaves: Sequence[Any] | None = None) -> Tree:
        """A tree with short paths to frequent classes: the shortest possible on average.

        Parameters
        ----------
        counts : sequence of float
            How often each class occurs.
        leaves : sequence, optional
            The classes; 0, 1, 2, ... by default.

        Returns
        -------
        Tree

        References
        ----------
        D. A. Huffman, "A method for the construction of minimum-redundancy codes", 1952.

        Examples
        --------
        >>> Tree.huffman([1, 1, 8], ["rare", "seldom", "often"])
        Tree((('rare', 'seldom'), 'often'))
        """
        names = list(range(len(counts))) if leaves is None else list(leaves)
        serial = itertools.count()
        heap = [(float(c), next(serial), leaf) for c, leaf in zip(counts, names, strict=True)]
        heapq.heapify(heap)
        while len(heap) > 1:
            first, second = heapq.heappop(heap), heapq.heappop(heap)
            heapq.heappush(heap, (first[0] + second[0], next(serial), (first[2], second[2])))
        return cls(heap[0][2] if heap else ())

    @property
    def nodes(self) -> int:
        """The number of inner nodes: the scores that a network must give."""
        return len(self.leaves) - 1

    def __len__(self) -> int:
        return len(self.leaves)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Tree)
            and self.leaves == other.leaves
            and np.array_equal(self.paths, other.paths)
        )

    def __hash__(self) -> int:
        return hash((tuple(map(str, self.leaves)), self.paths.tobytes()))

    def __repr__(self) -> str:
        return (
            f"Tree({self._nested(list(range(len(self))))!r})" if len(self) <= 8 else f"<tree of {len(self)}>"
        )

    def _nested(self, leaves: list[int]) -> Any:
        """The pairs again, from the paths: the first node where these leaves part ways splits them."""
        if len(leaves) == 1:
            return self.leaves[leaves[0]]
        left, right = self.parted(leaves)
        return self._nested(left), self._nested(right)

    def parted(self, leaves: list[int]) -> tuple[list[int], list[int]]:
        """The labels left and right of the node where those of a part of the tree separate.

        Parameters
        ----------
        leaves : list of int
            All labels below one node.

        Returns
        -------
        left, right : list of int
        """
        sides = self.paths[leaves]
        node = int(np.argmax((sides == -1).any(axis=0) & (sides == 1).any(axis=0)))
        left = [leaf for leaf in leaves if self.paths[leaf, node] == -1]
        right = [leaf for leaf in leaves if self.paths[leaf, node] == 1]
        return left, right

    def log_probabilities(self, scores: Any) -> Any:
        """The logarithm of each class's probability; plain or traced.

        Parameters
        ----------
        scores : array (n, nodes)

        Returns
        -------
        array (n, leaves)
        """
        go_left, go_right = (self.paths == -1).T, (self.paths == 1).T
        left = formulas.logistic_loss(scores, 0)
        right = formulas.logistic_loss(scores, 1)
        return -(left @ go_left + right @ go_right)

    def probabilities(self, scores: Any) -> Any:
        """Each class's probability.

        Parameters
        ----------
        scores : array (n, nodes)

        Returns
        -------
        array (n, leaves)
        """
        return np.exp(self.log_probabilities(scores))


def hierarchical_softmax(y: Any, scores: Any, tree: Tree | None = None) -> Any:
    """``-Σ log σ(±s_j)`` over the nodes j on the path to the label y: right is +, left is -.

    Parameters
    ----------
    y : int array (n,)
        Labels: the numbers of the tree's leaves.
    scores : array (n, nodes)
        One score per inner node: the last layer is ``Dense(tree.nodes)``.
    tree : Tree, optional
        A balanced one by default, with one leaf more than there are scores.

    Returns
    -------
    array (n,)

    References
    ----------
    F. Morin and Y. Bengio, "Hierarchical probabilistic neural network language model", 2005.

    Examples
    --------
    >>> hierarchical_softmax(np.array([0, 2]), np.zeros((2, 2)), Tree((("cat", "dog"), "car"))).round(4)
    array([1.3863, 0.6931])
    """
    tree = tree or Tree.balanced(scores.shape[1] + 1)
    if scores.shape[1:] != (tree.nodes,):
        raise ShapeError(
            f"a tree with {len(tree)} leaves needs scores (n, {tree.nodes}); got {scores.shape}.\n"
            "End with Dense(tree.nodes)."
        )
    paths = tree.paths
    y = classes_of(y)
    path = paths[y] if is_plain(y) else take(paths, y, axis=0)
    return formulas.path_loss(scores, path).sum(axis=1)


class HierarchicalSoftmax(Loss):
    """See :func:`hierarchical_softmax`.

    Parameters
    ----------
    tree : Tree, optional
        A balanced one by default.
    reduction : {"mean", "sum"}, default "mean"

    Examples
    --------
    >>> float(HierarchicalSoftmax()(np.array([0]), np.zeros((1, 3))).round(4))
    1.3863
    """

    function = staticmethod(hierarchical_softmax)
    task = "labels"

    def __init__(self, tree: Tree | None = None, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.tree = tree

    def class_count(self, width: tuple[int, ...]) -> int:
        return super().class_count(width) + 1

    def targets(self, y: np.ndarray, width: tuple[int, ...], dtype: Any, where: str) -> np.ndarray:
        return class_targets(y, width, self.class_count(width), where, self.name)

    def probabilities(self, scores: Any) -> Any:
        return (self.tree or Tree.balanced(scores.shape[1] + 1)).probabilities(scores)

    def decide(self, scores: Any) -> Any:
        logp = (self.tree or Tree.balanced(scores.shape[1] + 1)).log_probabilities(scores)
        return logp.argmax(axis=1)
