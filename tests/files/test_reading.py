"""What is refused, and the words for it; what a file can ask of memory and of the system."""

# ruff: noqa: E501 - one message, one line

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tracemalloc

import mutations
import numpy as np
import pytest
from stored_models import trained

import glassnet as gn
from glassnet import layers
from glassnet.errors import GlassnetError, InputTypeError, ModelFileError
from glassnet.files import format as container
from glassnet.files import header, registry, strict_json
from glassnet.files.refused import Refused


def small():
    model = gn.Sequential([layers.Dense(2, kernel_regularizer="l2"), layers.Normalization()])
    model.build((None, 2))
    model.compile("sgd", "squared_error")
    return model


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """The bytes of a good file."""
    path = tmp_path_factory.mktemp("good") / "m"
    small().save(path)
    return path.read_bytes()


def refused(path, custom=None):
    with pytest.raises(ModelFileError) as caught:
        gn.load(path, custom)
    error = caught.value
    assert isinstance(error, GlassnetError)
    assert isinstance(error, ValueError)
    assert error.path == str(path)
    assert str(error) == f"{path}: {error.key} {error.reason}".replace(":  ", ": ")
    return str(error).removeprefix(f"{path}: ")


# -------------------------------------------------------------------------------------- every bit
def test_every_bit_counts(tmp_path):
    path = tmp_path / "m"
    model = gn.Sequential([layers.Flatten(), layers.RMSNormalization()])
    model.build((None, 2))
    model.save(path)
    whole = path.read_bytes()
    for place in range(8 * len(whole)):
        damaged = bytearray(whole)
        damaged[place // 8] ^= 1 << (place % 8)
        path.write_bytes(damaged)
        with pytest.raises(ModelFileError):
            gn.load(path)


def test_every_truncation_and_longer_files(tmp_path, good):
    path = tmp_path / "m"
    for length in range(len(good)):
        path.write_bytes(good[:length])
        with pytest.raises(ModelFileError):
            gn.load(path)
    path.write_bytes(good + b"\0")
    assert refused(path) == "has 41 bytes of tensors; its header describes 40: it is damaged."


# -------------------------------------------------------------------------------------- the bytes
BYTES = {
    "empty": (b"", "has 0 bytes: it is no model file, or was cut off."),
    "text": (b"hello world, this is a text", "asks for a header of 8,031,924,123,371,070,824 bytes, and has 27: it is no model file, or was cut off."),
    "another program's": (
        b"\x10\0\0\0\0\0\0\0{}              ",
        "is no model file of glassnet's: it does not begin as they do.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BYTES)
def test_bytes(name, tmp_path):
    content, message = BYTES[name]
    (tmp_path / "m").write_bytes(content)
    assert refused(tmp_path / "m") == message


def test_damage(tmp_path, good):
    (tmp_path / "m").write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    assert refused(tmp_path / "m") == "is damaged: its SHA-256 is not the one written in it."


def test_what_is_no_file(tmp_path):
    assert refused(tmp_path / "missing") == "no such file or directory."
    assert refused(tmp_path) == "is not a file."
    os.mkfifo(tmp_path / "pipe")
    assert refused(tmp_path / "pipe") == "is not a file."
    assert "null" in refused("a\0b")


def test_arguments():
    with pytest.raises(InputTypeError, match=r"^a path is a text or a pathlib.Path; got 7\.$"):
        gn.load(7)
    with pytest.raises(
        InputTypeError, match=r"^custom is a dict, such as custom=\{'Scale': Scale\}; got \['Scale'\]\.$"
    ):
        gn.load("m", ["Scale"])


# -------------------------------------------------------------------------------------- the header
def with_header(good, change):
    parts, rest = mutations.split(good)
    return mutations.joined(change(parts) or parts, rest)


def raw(good, old, new):
    length = int.from_bytes(good[:8], "little")
    text = good[8 : 8 + length]
    assert old in text
    text = text.replace(old, new, 1)
    return mutations.summed(len(text).to_bytes(8, "little") + text + good[8 + length :])


KERNEL = "tensor 'dense_1.kernel'"
HEADERS = {
    "duplicate": (lambda g: raw(g, b'"dense_1.bias":', b'"dense_1.kernel":'), "the header has the key 'dense_1.kernel' twice."),
    "NaN": (lambda g: raw(g, b'"shape":[2]', b'"shape":NaN'), "the header holds NaN, which is not JSON."),
    "endless number": (lambda g: raw(g, b"[2,2]", b"[2,1" + b"0" * 5000 + b"]"), "the header holds a number beyond 64 bits: '10000000000000000000000000000000000000000000000000000000...."),
    "no ASCII": (lambda g: raw(g, b"F32", b"F\xff2"), "the header holds bytes that are no ASCII."),
    "too deep": (lambda g: raw(g, b"[2,2]", b"[" * 20 + b"]" * 20), "the header is nested deeper than 16."),
    "type": (lambda g: raw(g, b"F32", b"F31"), f"{KERNEL} has the type 'F31', which is not known."),
    "shape": (lambda g: raw(g, b"[2,2]", b"[2,3]"), f"{KERNEL} lies at [0, 16]; expected [0, 24]."),
    "overlap": (lambda g: raw(g, b"[16,24]", b"[8,16]"), "tensor 'dense_1.bias' lies at [8, 16]; expected [16, 24]."),
    "negative": (lambda g: raw(g, b"[2,2]", b"[2,-2]"), f"{KERNEL}, shape[1] must be a whole number from 0 to 9223372036854775807; got -2."),
    "rank": (lambda g: raw(g, b"[2,2]", b"[2,2,1,1,1,1,1,1,1]"), f"{KERNEL}, shape has 9 dimensions; at most 8 are allowed."),
    "petabyte": (lambda g: raw(g, b"[2,2]", b"[1099511627776,1099511627776]"), f"{KERNEL} lies at [0, 16]; expected [0, 4835703278458516698824704]."),
    "unknown key": (lambda g: raw(g, b'"shape":[2,2]', b'"shape":[2,2],"path":"/etc/passwd"'), f"{KERNEL} has 'path', which is not known. Known names: data_offsets, dtype, shape."),
    "list": (lambda g: raw(g, b'{"dtype":"F32","shape":[2],"data_offsets":[16,24]}', b"[]"), "tensor 'dense_1.bias' must be an object; got []."),
    "metadata": (lambda g: raw(g, b'},"dense_1.kernel"', b',"more":"x"},"dense_1.kernel"'), "the metadata has 'more', which is not known. Known names: glassnet."),
    "tensors": (
        lambda g: with_header(g, lambda parts: {**parts, **{f"t{i}": {"dtype": "F32", "shape": [0], "data_offsets": [40, 40]} for i in range(65_536)}}),
        "the header lists 65,540 tensors; at most 65,536 are allowed.",
    ),
    "document": (
        lambda g: with_header(g, lambda parts: parts["__metadata__"].update(glassnet=parts["__metadata__"]["glassnet"] + " " * 8_000_000)),
        "the metadata must be a text of at most 8,000,000 characters.",
    ),
    "name": (lambda g: raw(g, b'"dense_1.bias":', b'"\\n":'), "tensor '\\n' has no name that can be printed."),
}  # fmt: skip


@pytest.mark.parametrize("name", HEADERS)
def test_headers(name, tmp_path, good):
    change, message = HEADERS[name]
    (tmp_path / "m").write_bytes(change(good))
    assert refused(tmp_path / "m") == message


# -------------------------------------------------------------------------------------- the document
def edited(good, edit):
    parts, rest = mutations.split(good)
    document = json.loads(parts["__metadata__"]["glassnet"])
    edit(document)
    parts["__metadata__"]["glassnet"] = json.dumps(document, separators=(",", ":"))
    return mutations.joined(parts, rest)


def put(path, value):
    """An edit: the value at a path such as ``model.layers.0.config.units``."""
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]

    def edit(document):
        for step in way:
            document = document[step]
        if value is ...:
            del document[last]
        else:
            document[last] = value

    return edit


class Plain(gn.Layer):
    def call(self, x):
        return x


def own(x):
    return x


def tree(preorder, leaves=2):
    described = {"object": "tree/Tree", "config": {"leaves": list(range(leaves)), "preorder": preorder}}
    return {"object": "loss/HierarchicalSoftmax", "config": {"tree": described}}


DENSE, NORM = "model.layers[0]", "model.layers[1]"
DOCUMENTS = [
    (put("format", 2), "the description has the format version 2; this glassnet reads 1 to 1. Update glassnet."),
    (put("format", ...), "the description has the format version None; this glassnet reads 1 to 1. Update glassnet."),
    (put("kind", "modle"), "kind is 'modle', which is not known. Did you mean 'model'?"),
    (put("kind", ...), "the description has no 'kind'."),
    (put("url", "http://example.org"), "the description has 'url', which is not known. Known names: model."),
    (put("model", [1]), "model must be an object; got [1]."),
    (put("model.class", "Sequence"), "model.class is 'Sequence', which is not known. Did you mean 'Sequential'?"),
    (put("model.code", "import os"), "model has 'code', which is not known. Did you mean 'order'?"),
    (put("model.seed", -1), "model.seed must be a whole number from 0 to 4294967295; got -1."),
    (put("model.dtype", "float16"), "model.dtype is 'float16', which is not known. Did you mean 'float64'?"),
    (put("model.step", 1.5), "model.step must be a whole number from 0 to 9223372036854775807; got 1.5."),
    (put("model.order", [0, 2]), "model.order must be a whole number from 0 to 1; got 2."),
    (put("model.order", [0]), "model.layers are not the layers that the network uses, in order of their use."),
    (put("model.layers", []), "model.layers are 0; 1 to 20,000 are allowed."),
    (put("model.layers.0.layer", "Danse"), f"{DENSE} is 'Danse', which is not known. Did you mean 'Dense'?"),
    (put("model.layers.0.layer", "glassnet.cli.main"), f"{DENSE} is 'glassnet.cli.main', which is not known. Known names: "
        + ", ".join(sorted(registry.LAYERS)) + "."),
    (put("model.layers.0", {"lambda": "x"}), f"{DENSE} is an object of no known kind: {{'lambda': 'x'}}."),
    (put("model.layers.0", 3), f"{DENSE} must be a layer; got 3."),
    (put("model.layers.0.name", "a.b"), f"{DENSE}.name cannot be used: layer name 'a.b' cannot be used. Use letters, digits, '_', '-' and spaces, at most 64 characters."),
    (put("model.layers.0.config.units", 0), f"{DENSE} cannot be used: Dense: units must be a whole number of at least 1; got 0."),
    (put("model.layers.0.config.units", ...), f"{DENSE} cannot be used: Dense.__init__() missing 1 required positional argument: 'units'"),
    (put("model.layers.0.config.unit", 3), f"{DENSE} has 'unit', which is not known. Did you mean 'units'?"),
    (put("model.layers.0.config.name", "x"), f"{DENSE} has 'name', which is not known. Known names: activation"),
    (put("model.layers.0.config.use_bias", 1), f"{DENSE}.use_bias is 1, which Dense takes for True."),
    (put("model.layers.0.config.kernel_initializer", "zeros"), f"{DENSE}.kernel_initializer is 'zeros', which Dense takes for Zeros()."),
    (put("model.layers.0.config.activation.function", "activation/rleu"), f"{DENSE}.activation is 'activation/rleu', which is not known. Did you mean 'relu'?"),
    (put("model.layers.0.config.activation.function", "os/system"), f"{DENSE}.activation cannot be {{'function': 'os/system'}}."),
    (put("model.layers.0.config.kernel_regularizer.object", "constraint/MaxNorm"),
        f"{DENSE}.kernel_regularizer cannot be {{'object': 'constraint/MaxNorm', 'config': {{'l2': 0.01}}}}."),
    (put("model.layers.0.config.kernel_regularizer", {"custom": "eval"}),
        f"{DENSE}.kernel_regularizer is 'eval', a class or function of its author's. Pass it: gn.load(path, custom={{'eval': ...}})."),
    (put("model.layers.0.config.kernel_regularizer", {"custom": "os.system"}), f"{DENSE}.kernel_regularizer is not a name: 'os.system'."),
    (put("model.layers.0.config.bias_regularizer", {"layer": "Add", "config": {}}), f"{DENSE}.bias_regularizer cannot be {{'layer': 'Add', 'config': {{}}}}."),
    (put("model.layers.0.config.units", 3), "tensor 'dense_1.kernel' is float32 of shape (2, 2); expected float32 of shape (2, 3)."),
    (put("model.dtype", "float64"), "tensor 'dense_1.kernel' is float32 of shape (2, 2); expected float64 of shape (2, 2)."),
    (put("model.tensors", "x/"), "model asks for the tensor 'x/dense_1.kernel', which the file does not have."),
    (put("model.layers.0.config.use_bias", False), "tensor 'dense_1.bias' belongs to nothing in the description."),
    (put("model.input_shape", [2] * 9), "model.input_shape has 9 dimensions; at most 8 are allowed."),
    (put("model.input_shape", [2**40]), "model.input_shape has an array of shape (1099511627776,), more than a file may ask for."),
    (put("model.frozen", ["7"]), "model.frozen is '7', which is not known. Known names: 0, 1."),
    (put("model.frozen", ["0", "0"]), "model.frozen names a layer twice."),
    (put("model.adapted", ["0"]), "model.adapted names '0', a layer without statistics."),
    (put("model.training.optimizer", None), "model.training.optimizer must be a optimizer; got None."),
    (put("model.training.optimizer.object", "optimizer/SDG"), "model.training.optimizer is 'optimizer/SDG', which is not known. Did you mean 'SGD'?"),
    (put("model.training.optimizer.config.decay_exclusions", {"tuple": ["(a+)+$"]}),
        "model.training.optimizer.decay_exclusions holds '(a+)+$'. In files: names, such as 'bias', or expressions without groups."),
    (put("model.training.optimizer.config.learning_rate", True), "model.training.optimizer cannot be used: SGD: learning_rate must be a number above 0; got True."),
    (put("model.training.loss.object", "optimizer/SGD"), "model.training.loss has 'over_outputs', which is not known. Known names: clipnorm, clipvalue, decay_exclusions, ema_momentum,"),
    (put("model.training.backend", "cuda"), "model.training.backend is 'cuda', which is not known."),
    (put("model.training.metrics", [{"object": "metric/Accuracy", "config": {"name": "loss"}}]),
        "model.training.metrics cannot be used: the name 'loss' of a metric is taken. Give it another: gn.metrics.Metric('my_loss', function)."),
    (put("model.training.metrics", [{"object": "metric/Scorer", "config": {"name": "os.system"}}]), "model.training.metrics[0] cannot be used: 'os.system' is not a name"),
    (put("model.training.slots", ["m"]), "model.training.slots must be []; got ['m']."),
    (put("model.training.target", {"shape": [1], "kind": "text"}), "model.training.target.kind is 'text', which is not known. Known names: float, int."),
    (put("model.history", {"history": {"epoch": [0], "history": {"loss": []}, "params": {}}}), "model.history.loss must be one number for each epoch."),
    (put("model.history", {"history": {"epoch": [0]}}), "model.history has no 'history'."),
    (put("model.history", {"model": {}}), "model.history has no 'class'."),
    (put("model.history", [1]), "model.history must be a history."),
    (put("kind", ["model"]), "kind must be a text; got ['model']."),
    (put("kind", "estimator"), "the description "),
    (put("model.order", 3), "model.order must be a list; got 3."),
    (put("model.order", [0] * 20_001), "model.order has 20,001 entries; at most 20,000 are allowed."),
    (put("model.step", 1e-400), "model.step must be a whole number from 0 to 9223372036854775807; got 0.0."),
    (put("model.training.optimizer.config.multipliers", {"dict": [[1]]}), "model.training.optimizer.multipliers must hold pairs; got [1]."),
    (put("model.training.optimizer.config.multipliers", {"dict": [["a", 1], ["a", 2]]}), "model.training.optimizer.multipliers has the key 'a' twice."),
    (put("model.training.optimizer.config.multipliers", {"dict": [[[], 1]]}), "model.training.optimizer.multipliers cannot be used: unhashable type: 'list'"),
    (put("model.training.metrics", [{"object": "metric/Metric", "config": {"name": "m", "function": {"per_example": 1}}}]),
        "model.training.metrics[0].function must be a loss; got 1."),
    (put("model.layers.0.config.kernel_initializer", {"object": "initializer/Fixed", "config": {"values": {"array": "dense_1.bias"}}}),
        "model asks for the tensor 'dense_1.bias' a second time."),
    (put("model.layers.0", {"custom": "Own", "config": {}}), "model.layers[0] needs a class as custom['Own']; got <function"),
    (put("model.layers.0", {"custom": "Plain", "config": {"name": "x"}}), "model.layers[0].config must not have 'name', which stands beside it."),
    (put("model.layers.0", {"custom": "Own"}), "model.layers[0] must be a layer; got <function"),
    (put("model.training.loss", tree("NLNLL")), "model.training.loss.tree cannot be used: 2 leaves, 5 letters"),
    (put("model.training.loss", tree("LLL")), "model.training.loss.tree cannot be used: "),
    (put("model.training.loss", tree("LNL")), "model.training.loss.tree cannot be used: the tree has loose ends"),
    (put("model.training.loss", tree("NLX")), "model.training.loss.tree cannot be used: "),
    (put("model.training.loss", tree("N" * 400 + "L" * 401, 401)), "model.training.loss.tree cannot be used: the tree is too deep"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(DOCUMENTS)), ids=lambda i: DOCUMENTS[i][1][:40])
def test_documents(number, tmp_path, good):
    edit, message = DOCUMENTS[number]
    (tmp_path / "m").write_bytes(edited(good, edit))
    assert refused(tmp_path / "m", {"Own": own, "Plain": Plain}).startswith(message)


TEXTS = {
    "a list": (lambda text: "[" + text + "]", "the description must be an object; got [{"),
    "too large": (lambda text: text.replace('"step":0', '"step":1e999'), "the description holds a number that is too large: '1e999'."),
    "half a pair": (lambda text: text.replace('"backend":"auto"', '"backend":"\\ud83d"'), "the description holds half of a surrogate pair, which is no character."),
    "a whole pair": (lambda text: text.replace('"backend":"auto"', '"backend":"\\ud83d\\ude00"'), "model.training.backend is '😀', which is not known."),
    "no JSON": (lambda text: text + "}", "the description is not JSON: Extra data"),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_texts(name, tmp_path, good):
    change, message = TEXTS[name]
    parts, rest = mutations.split(good)
    text = parts["__metadata__"]["glassnet"]
    # The sum has to stay at its place, so that what is put around it comes after.
    parts["__metadata__"]["glassnet"] = "{" + change(text)[1:] if name != "a list" else text
    if name == "a list":
        message = ""
        with pytest.raises(Refused, match=r"^\('the description', \"must be an object"):
            strict_json.parse(change(text), "the description")
    else:
        (tmp_path / "m").write_bytes(mutations.joined(parts, rest))
        assert refused(tmp_path / "m").startswith(message)


def test_bytes_that_are_no_truth(tmp_path):
    gn.files.write(tmp_path / "m", {"kind": "model"}, {"t": np.array([True, False])})
    (tmp_path / "m").write_bytes(mutations.summed((tmp_path / "m").read_bytes()[:-1] + b"\x02"))
    assert refused(tmp_path / "m") == "tensor 't' holds bytes that are neither true nor false."


@pytest.mark.parametrize("method", ["readinto", "read"])
def test_a_file_that_shrinks_while_it_is_read(method, good):
    file = io.BytesIO(b"")
    with pytest.raises(Refused, match="was cut off while it was read"):
        container._filled(file, bytearray(3)) if method == "readinto" else container._skip(file, 3, None)


def test_slots_of_another_shape(tmp_path):
    model = gn.Sequential([layers.Dense(2)])
    model.build((None, 2))
    model.compile("adam", "squared_error")
    trained(model).save(tmp_path / "m")
    parts, rest = mutations.split((tmp_path / "m").read_bytes())
    parts["optimizer/m"]["shape"] = [2, 3]
    (tmp_path / "m").write_bytes(mutations.joined(parts, rest))
    assert (
        refused(tmp_path / "m")
        == "tensor 'optimizer/m' is float32 of shape (2, 3); expected float32 of shape (6,)."
    )


def test_an_argument_that_is_missing_has_its_default(tmp_path, good):
    (tmp_path / "m").write_bytes(edited(good, put("model.layers.0.config.bias_constraint", ...)))
    assert gn.load(tmp_path / "m").layers[0].bias_constraint is None


# -------------------------------------------------------------------------------------- operations
def functional_file(tmp_path, operation):
    """A file whose last operation is this one; before it: 0 an input (n, 4), 1 a layer's (n, 3), 2 a constant."""
    x = gn.Input((4,))
    model = gn.Model(x, layers.Dense(3)(x) * 2.0)
    model.save(tmp_path / "m")
    parts = edited((tmp_path / "m").read_bytes(), put("model.operations.3", operation))
    (tmp_path / "m").write_bytes(parts)
    return tmp_path / "m"


def op(name, inputs, **attrs):
    return {"op": name, "inputs": inputs, **attrs}


LAST = "model.operations[3]"
OPERATIONS = [
    (op("exec", [1]), f"{LAST}.op is 'exec', which is not known. Known names: abs, add,"),
    ({"inputs": [1]}, f"{LAST} has no 'op'."),
    (op("exp", [1, 1]), f"{LAST}.inputs must be 1; got 2."),
    (op("exp", [3]), f"{LAST}.inputs must be a whole number from 0 to 2; got 3."),
    (op("concat", [], axis=1), f"{LAST}.inputs must be at least 1; got 0."),
    (op("sum", [1]), f"{LAST} has no 'axis'."),
    (op("sum", [1], axis=[1, 0], keepdims=False), f"{LAST}.axis must be axes in ascending order; got [1, 0]."),
    (op("sum", [1], axis=[2], keepdims=False), f"{LAST}.axis must be a whole number from 0 to 1; got 2."),
    (op("sum", [1], axis=[0], keepdims=1), f"{LAST}.keepdims must be true or false; got 1."),
    (op("pow", [2, 2]), f"{LAST}.inputs are all constants: their result would be one."),
    (op("matmul", [1, 1]), f"{LAST} cannot be used: matmul: (n, 3) @ (n, 3) do not match"),
    (op("slice", [1], slices=[None, [0, 9, 1]]), f"{LAST}.slices reaches beyond the axis of extent 3: [0, 9, 1]."),
    (op("slice", [1], slices=[[0, 1, 1], None]), f"{LAST}.slices must be [start, stop, step] along an axis other than the batch; got [0, 1, 1]."),
    (op("slice", [1], slices=[None]), f"{LAST}.slices must have one entry for each of 2 axes; got [None]."),
    (op("broadcast", [1], shape=[{"n": 1}, 2**40]), f"{LAST}.shape[1] must be a whole number from 0 to 2147483647; got 1099511627776."),
    (op("broadcast", [1], shape=[2**20, 2**20, {"n": 1}, 3]), f"{LAST} has an array of shape (1048576, 1048576, n, 3), more than a file may ask for."),
    (op("take", [1, 0]), f"{LAST} has an index of kind 'float'; it must be whole numbers."),
    (op("cast", [1], to="object"), f"{LAST}.to is 'object', which is not known. Known names: bool, float, int, uint."),
    (op("apply", [0], layer=1), f"{LAST}.layer must be a whole number from 0 to 0; got 1."),
    (op("apply", [1], layer=0), f"{LAST} cannot be used: layer dense takes 4 inputs, got 3 (array of shape (n, 3))."),
    (op("call", [1], function="eval", options={}), f"{LAST}.function is 'eval', which is not known. Known names: box_muller,"),
    (op("call", [1, 1], function="softmax", options={}), f"{LAST}.inputs must be 1; got 2."),
    (op("call", [1], function="softmax", options={"axes": 1}), f"{LAST}.options has 'axes', which is not known. Did you mean 'axis'?"),
    (op("call", [1], custom="mine", options={}), f"{LAST}.custom is 'mine', a class or function of its author's. Pass it: gn.load(path, custom={{'mine': ...}})."),
    (op("where", [1, 1, 0]), f"{LAST} cannot be used: where: shapes (n, 3) and (n, 3) and (n, 4) do not broadcast together"),
    (op("arange", [], count=2**40), f"{LAST}.count must be a whole number from 0 to 2147483647; got 1099511627776."),
    (op("item", [1], index=0), f"{LAST}.inputs must be one call of a function."),
    ({"op": "const", "value": "x"}, f"{LAST}.value must be a number; got 'x'."),
    ({"op": "size", "n": 0}, f"{LAST} must be a whole number from 1 to 2147483647; got 0."),
    ({"op": "input", "shape": [4], "kind": "float"}, "model cannot be used: the output depends on 'input_"),
    ({"op": "input", "shape": [4], "kind": "bool"}, f"{LAST}.kind is 'bool', which is not known. Known names: float, int."),
    (op("random_uniform", [1], shape=[3]), f"{LAST}.op is 'random_uniform', which is not known."),
    (op("exp", [1], named="yes"), f"{LAST}.named must be true or false; got 'yes'."),
    (op("mean", [1], axis=[0], keepdims=False), "model cannot be used: the network answers shape (3,): the first extent must be the batch n."),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(OPERATIONS)), ids=lambda i: OPERATIONS[i][1][:60])
def test_operations(number, tmp_path):
    operation, message = OPERATIONS[number]
    assert refused(functional_file(tmp_path, operation)).startswith(message)


def test_kinds_that_were_not_cast(tmp_path):
    x, k = gn.Input((4,)), gn.Input((4,), dtype="int32")
    model = gn.Model([x, k], layers.Dense(3)(x) + k[:, :3])
    model.save(tmp_path / "m")
    described = json.loads(mutations.split((tmp_path / "m").read_bytes())[0]["__metadata__"]["glassnet"])[
        "model"
    ]["operations"]
    numbers = {operation["op"]: i for i, operation in enumerate(described)}
    changed = {"op": "add", "inputs": [numbers["apply"], numbers["slice"]]}
    (tmp_path / "m").write_bytes(
        edited((tmp_path / "m").read_bytes(), put(f"model.operations.{numbers['add']}", changed))
    )
    assert refused(tmp_path / "m").endswith("inputs mix kinds of numbers that have to be cast first.")


def test_too_many_operations(tmp_path):
    path = functional_file(tmp_path, {"op": "const", "value": 1})
    data = edited(path.read_bytes(), put("model.operations", [{"op": "const", "value": 1}] * 20_001))
    path.write_bytes(data)
    assert refused(path) == "model.operations are 20,001; at most 20,000 are allowed."


def test_a_function_that_is_no_composite(tmp_path):
    path = functional_file(tmp_path, op("call", [1], custom="mine", options={}))
    assert (
        refused(path, {"mine": np.exp}) == f"{LAST}.custom must be made by gn.composite; got <ufunc 'exp'>."
    )


# -------------------------------------------------------------------------------------- bombs
TREE = {"object": "loss/HierarchicalSoftmax", "config": {"tree": {"object": "tree/Tree", "config": {
    "leaves": list(range(300_000)), "preorder": "NL" * 299_999 + "L"}}, "reduction": "mean"}}  # fmt: skip
BOMBS = {
    "units": put("model.layers.0.config.units", 2**40),
    "input": put("model.input_shape", [2**31]),
    "normalization": lambda d: (
        put("model.input_shape", [2**31])(d),
        put(
            "model.layers.0",
            {"layer": "Normalization", "config": {"mean": {"array": "dense_1.bias"}, "axis": -1}},
        )(d),
    ),
    "repeat": put("model.layers.1", {"layer": "RepeatVector", "config": {"n": 2**50}}),
    "embedding": put(
        "model.layers.0", {"layer": "Embedding", "config": {"input_dim": 2**50, "output_dim": 2**10}}
    ),
    "tree": put("model.training.loss", TREE),
    "strings": put("model.history", {"strings": ["x" * 1_000_000] + ["y"] * 1_000_000}),
    "reshape": put(
        "model.layers.1", {"layer": "Reshape", "config": {"target_shape": {"tuple": [1] * 50 + [2]}}}
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_small_file_gets_little_memory(name, tmp_path, good):
    path = tmp_path / "m"
    path.write_bytes(edited(good, BOMBS[name]))
    tracemalloc.start()
    try:
        refused(path)
        assert tracemalloc.get_traced_memory()[1] < 40 * path.stat().st_size + 20_000_000
    finally:
        tracemalloc.stop()


def test_a_header_that_only_claims_to_be_long(tmp_path):
    (tmp_path / "m").write_bytes((2**62).to_bytes(8, "little") + b"{")
    assert refused(tmp_path / "m").startswith(
        "asks for a header of 4,611,686,018,427,387,904 bytes, and has 9"
    )


# -------------------------------------------------------------------------------------- what the system sees
WATCH = """
import sys
import numpy as np, glassnet as gn
sys.path.insert(0, {folder!r})
from own import Own
seen = []
sys.addaudithook(lambda event, arguments: seen.append((event, str(arguments[0]) if arguments else "")))
for path in {paths!r}:
    del seen[:]
    try:
        gn.load(path, custom={{"Own": Own}})
        print("loaded", end=" ")
    except gn.errors.ModelFileError:
        print("refused", end=" ")
    print(*sorted(event for event, _ in seen if event not in ("builtins.id", "object.__getattr__", "sys._getframe")))
"""


def test_one_open_and_nothing_else(tmp_path, good):
    (tmp_path / "own.py").write_text(
        "import glassnet\n\n\nclass Own(glassnet.Layer):\n    def call(self, x):\n        return 2 * x\n"
    )
    x = gn.Input((4,))

    class Own(gn.Layer):
        def call(self, x):
            return 2 * x

    h = np.maximum(layers.Dense(4, "gelu")(Own()(x)), 0) + gn.activations.softmax(x)
    model = gn.Model(x, layers.Dense(2)(layers.BatchNormalization()(h)))
    model.compile("adam", "softmax_cross_entropy", ["accuracy", "roc_auc", "neg_log_loss"])
    trained(model).save(tmp_path / "functional")
    (tmp_path / "sequential").write_bytes(good)
    (tmp_path / "bad sum").write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    (tmp_path / "bad units").write_bytes(edited(good, put("model.layers.0.config.units", 3)))
    (tmp_path / "bad trace").write_bytes(edited(good, put("model.input_shape", [1, 1])))
    paths = [
        str(tmp_path / name) for name in ("functional", "sequential", "bad sum", "bad units", "bad trace")
    ]
    code = WATCH.format(folder=str(tmp_path), paths=paths)
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.split("\n")[:-1] == ["loaded open", "loaded open", *["refused open"] * 3]


def test_limits_are_those_of_the_documentation():
    assert (header.MAX_DOCUMENT, header.MAX_TENSORS) == (8_000_000, 65_536)
