"""I1: the official archives of CIFAR-10 and MNIST, as tiny files in their formats; damaged ones too."""

import gzip
import io
import pickle
import struct
import tarfile

import numpy as np
import pytest

import glassnet as gn
from glassnet.datasets.images import CIFAR_CLASSES, read_idx

ROWS = 3  # images per CIFAR batch; the real ones have 10,000


def cifar_batches():
    generator = np.random.default_rng(0)
    names = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
    return {
        name: (generator.integers(0, 256, (ROWS, 3072), np.uint8), generator.integers(0, 10, ROWS))
        for name in names
    }


def pickled(pixels, labels):
    return pickle.dumps({b"data": pixels, b"labels": [int(v) for v in labels]}, protocol=2)


def binary(pixels, labels):
    return np.concatenate([labels[:, None], pixels], axis=1).astype(np.uint8).tobytes()


FORMS = {"py": (pickled, "", "cifar-10-python.tar.gz"), "bin": (binary, ".bin", "cifar-10-binary.tar.gz")}


def write_folder(root, form):
    encode, ending, _ = FORMS[form]
    folder = root / f"cifar-10-batches-{form}"
    folder.mkdir()
    for name, (pixels, labels) in cifar_batches().items():
        (folder / f"{name}{ending}").write_bytes(encode(pixels, labels))
    return folder


def write_archive(root, form):
    encode, ending, archive = FORMS[form]
    with tarfile.open(root / archive, "w:gz") as file:
        for name, (pixels, labels) in cifar_batches().items():
            content = encode(pixels, labels)
            member = tarfile.TarInfo(f"cifar-10-batches-{form}/{name}{ending}")
            member.size = len(content)
            file.addfile(member, io.BytesIO(content))
    return root / archive


def expected_cifar():
    batches = cifar_batches()
    train = [batches[f"data_batch_{i}"] for i in range(1, 6)]
    pixels = np.concatenate([p for p, _ in train])
    return pixels, np.concatenate([labels for _, labels in train])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("place", ["parent", "itself", "archive"])
def test_i1_cifar_is_read_from_every_published_form(tmp_path, form, place):
    folder = tmp_path if place == "archive" else write_folder(tmp_path, form)
    if place == "archive":
        write_archive(tmp_path, form)
    data = gn.datasets.cifar10(folder if place == "itself" else tmp_path)
    pixels, labels = expected_cifar()
    assert data.X_train.shape == (5 * ROWS, 32, 32, 3)
    assert data.X_test.shape == (ROWS, 32, 32, 3)
    assert data.X_train.dtype == np.uint8
    # Published order: all red values of an image, then green, then blue; row by row.
    np.testing.assert_array_equal(data.X_train[4, 5, 6], pixels[4].reshape(3, 32, 32)[:, 5, 6])
    np.testing.assert_array_equal(data.y_train, labels)
    assert data.names == CIFAR_CLASSES


class Harmful:
    def __reduce__(self):
        return (print, ("this must never be printed",))


def cut(path):
    path.write_bytes(path.read_bytes()[:99])


CIFAR_DAMAGE = {
    "missing batch": (lambda f: (f / "data_batch_3").unlink(), "data_batch_3 cannot be read"),
    "cut off": (lambda f: cut(f / "data_batch_2"), "data_batch_2 is damaged"),
    "not a pickle": (lambda f: (f / "test_batch").write_bytes(b"hello"), "test_batch is damaged"),
    "another shape": (
        lambda f: (f / "test_batch").write_bytes(pickled(np.zeros((2, 7), np.uint8), [0, 1])),
        r"pixels \(2, 7\), labels \(2,\)",
    ),
    "label 12": (
        lambda f: (f / "test_batch").write_bytes(pickled(np.zeros((1, 3072), np.uint8), [12])),
        "a label of 12",
    ),
    "harmful": (
        lambda f: (f / "test_batch").write_bytes(pickle.dumps({b"data": Harmful()})),
        "asks for (builtins|__builtin__).print, which no CIFAR-10 batch needs",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CIFAR_DAMAGE)
def test_i1_damaged_cifar_is_a_clear_error(tmp_path, case, capsys):
    damage, message = CIFAR_DAMAGE[case]
    damage(write_folder(tmp_path, "py"))
    with pytest.raises(gn.errors.DataFileError, match=message):
        gn.datasets.cifar10(tmp_path)
    assert capsys.readouterr().out == ""


def test_i1_a_binary_batch_of_the_wrong_length(tmp_path):
    folder = write_folder(tmp_path, "bin")
    (folder / "data_batch_1.bin").write_bytes(b"\0" * 3074)
    with pytest.raises(gn.errors.DataFileError, match="3074 bytes are no multiple of 3073"):
        gn.datasets.cifar10(tmp_path)


def test_i1_a_damaged_archive(tmp_path):
    path = write_archive(tmp_path, "py")
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(gn.errors.DataFileError, match=r"cifar-10-python.tar.gz is damaged"):
        gn.datasets.cifar10(tmp_path)


def test_i1_an_empty_folder(tmp_path):
    with pytest.raises(gn.errors.DataFileError, match="holds no CIFAR-10"):
        gn.datasets.cifar10(tmp_path)
    with pytest.raises(gn.errors.DataFileError, match=r"no file train-images-idx3-ubyte or"):
        gn.datasets.mnist(tmp_path)


# ------------------------------------------------------------------------------------------ MNIST
def idx(array):
    code = {"uint8": 8, "int8": 9, "int16": 11, "int32": 12, "float32": 13, "float64": 14}[array.dtype.name]
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


def write_mnist(root, packed):
    generator = np.random.default_rng(1)
    arrays = {}
    for stem, rows in (("train", 5), ("t10k", 2)):
        arrays[f"{stem}-images-idx3-ubyte"] = generator.integers(0, 256, (rows, 28, 28), np.uint8)
        arrays[f"{stem}-labels-idx1-ubyte"] = generator.integers(0, 10, rows, np.uint8)
    for name, array in arrays.items():
        content = idx(array)
        path = root / (f"{name}.gz" if packed else name)
        path.write_bytes(gzip.compress(content) if packed else content)
    return arrays


@pytest.mark.parametrize("packed", [True, False])
def test_i1_mnist_is_read_plain_and_gzipped(tmp_path, packed):
    arrays = write_mnist(tmp_path, packed)
    data = gn.datasets.mnist(tmp_path)
    np.testing.assert_array_equal(data.X_train, arrays["train-images-idx3-ubyte"])
    np.testing.assert_array_equal(data.y_test, arrays["t10k-labels-idx1-ubyte"])
    assert data.y_train.dtype == np.int64


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32", "float32", "float64"])
def test_i1_every_type_of_idx(tmp_path, dtype):
    array = np.arange(6).reshape(2, 3).astype(dtype)
    (tmp_path / "a").write_bytes(idx(array))
    found = read_idx(tmp_path / "a")
    np.testing.assert_array_equal(found, array)
    assert found.dtype == array.dtype


IDX_DAMAGE = {
    "empty": (b"", "begins with nothing"),
    "text": (b"P5 28 28", "is not an idx file: it begins with 50352032"),
    "header cut off": (struct.pack(">BBBBI", 0, 0, 8, 3, 5), "its header is cut off"),
    "data cut off": (idx(np.zeros((2, 3), np.uint8))[:-1], r"17 bytes where its header \(2, 3\) asks for 18"),
    "bad gzip": (gzip.compress(idx(np.zeros(9, np.uint8)))[:-9], "is damaged"),
}


@pytest.mark.parametrize("case", IDX_DAMAGE)
def test_i1_damaged_idx_is_a_clear_error(tmp_path, case):
    content, message = IDX_DAMAGE[case]
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(gn.errors.DataFileError, match=message):
        read_idx(tmp_path / "file")


def test_i1_images_and_labels_must_agree(tmp_path):
    write_mnist(tmp_path, packed=False)
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx(np.zeros(7, np.uint8)))
    with pytest.raises(gn.errors.DataFileError, match="t10k: 2 images but 7 labels"):
        gn.datasets.mnist(tmp_path)
