"""Damaged and hostile model files, made from good ones by chance; shared by the test and the campaign."""

from __future__ import annotations

import copy
import hashlib
import json
import string

from glassnet.files import header

HOSTILE = [
    None,
    True,
    False,
    0,
    -1,
    1,
    2,
    7,
    2**31,
    2**53,
    2**63 - 1,
    -(2**63),
    0.5,
    -0.0,
    1e308,
    1e-320,
    "",
    "x",
    "relu",
    "../../etc/passwd",
    "os.system",
    "__class__",
    "a" * 5000,
    "\u2028",
    "名前",
    [],
    {},
    [[]],
    [0] * 50,
    {"tuple": []},
    {"float": "nan"},
    {"float": "inf"},
    {"dict": [[1, 2]]},
    {"custom": "eval"},
    {"custom": "Own", "config": {}},
    {"array": "dense_1.kernel"},
    {"object": "regularizer/L2", "config": {}},
    {"object": "os/system", "config": {}},
    {"function": "numpy/reshape", "options": {"shape": [2**40]}},
    {"function": "activation/relu"},
    {"layer": "Dense", "config": {"units": 2**40}},
    {"layer": "RepeatVector", "config": {"n": 2**50}},
    {"object": "initializer/Constant", "config": {"value": 1.0}},
    {"n": 3},
    [2**40, 2**40],
    [1] * 70,
]
RAW = [
    b"NaN",
    b"Infinity",
    b"-Infinity",
    b"1e999",
    b"9" * 400,
    b"\\ud800",
    b"[" * 40 + b"]" * 40,
    b"}",
    b'"',
    b",",
    b"\xff",
]


def split(data):
    """Header and tensors of a file's bytes."""
    length = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def joined(parts, rest):
    """The file's bytes for a header and tensors, its sum made right."""
    text = json.dumps(parts, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return summed(len(text).to_bytes(8, "little") + text + rest)


def summed(data):
    """The same file with the SHA-256 that belongs to it, if there is a place for it."""
    if len(data) < header.DIGEST.stop:
        return data
    before, after = data[: header.DIGEST.start], data[header.DIGEST.stop :]
    digest = hashlib.sha256(before + header.ZEROS.encode() + after).hexdigest().encode()
    return before + digest + after


# -------------------------------------------------------------------------------------- without a right sum
def flip_bits(data, generator):
    damaged = bytearray(data)
    for place in generator.integers(0, 8 * len(data), generator.choice([1, 1, 1, 2, 8])):
        damaged[place // 8] ^= 1 << (place % 8)
    return bytes(damaged)


def truncate(data, generator):
    return data[: generator.integers(0, len(data))]


def insert(data, generator):
    place = generator.integers(0, len(data) + 1)
    return data[:place] + generator.bytes(generator.integers(1, 20)) + data[place:]


def delete(data, generator):
    place = generator.integers(0, len(data))
    return data[:place] + data[place + generator.integers(1, 20) :]


def noise(data, generator):
    place = generator.integers(0, len(data))
    return data[:place] + generator.bytes(generator.integers(1, 40)) + data[place + 8 :]


def zeros(data, generator):
    place = generator.integers(0, len(data))
    size = int(min(generator.integers(1, 64), len(data) - place))
    return data[:place] + bytes(size) + data[place + size :]


# -------------------------------------------------------------------------------------- with a right sum
def raw_header(data, generator):
    """Text put anywhere in the header."""
    length = int.from_bytes(data[:8], "little")
    place = generator.integers(8, 8 + length)
    piece = RAW[generator.integers(len(RAW))] if generator.random() < 0.7 else generator.bytes(3)
    text = data[8:place] + piece + data[place + int(generator.integers(0, 4)) : 8 + length]
    return summed(len(text).to_bytes(8, "little") + text + data[8 + length :])


def tensor_bytes(data, generator):
    """Other numbers in the tensors: a good file of another model."""
    length = int.from_bytes(data[:8], "little")
    return summed(data[: 8 + length] + flip_bits(data[8 + length :], generator))


def entries(data, generator):
    """Other shapes, types, places and names of tensors."""
    parts, rest = split(data)
    names = [name for name in parts if name != "__metadata__"]
    name = names[generator.integers(len(names))]
    kind = generator.integers(5)
    if kind == 0:
        parts[name]["shape"] = [
            int(v) for v in generator.choice([0, 1, 2, 3, 8, 2**31, 2**40], generator.integers(0, 10))
        ]
    elif kind == 1:
        parts[name]["dtype"] = str(generator.choice([*header.DTYPES, "BF16", "F128", ""]))
    elif kind == 2:
        begin, end = parts[name]["data_offsets"]
        parts[name]["data_offsets"] = [
            int(begin + generator.integers(-8, 9)),
            int(end + generator.integers(-8, 9)),
        ]
    elif kind == 3:
        other = "".join(generator.choice(list(string.ascii_letters + "._/"), 8))
        parts = {other if key == name else key: value for key, value in parts.items()}
    else:
        parts[name] = HOSTILE[generator.integers(len(HOSTILE))]
    return joined(parts, rest)


def document(data, generator):
    """The description with one to three values changed, taken away, doubled or swapped."""
    parts, rest = split(data)
    tree = json.loads(parts["__metadata__"]["glassnet"])
    for _ in range(generator.choice([1, 1, 2, 3])):
        change(tree, generator)
    parts["__metadata__"]["glassnet"] = json.dumps(tree, separators=(",", ":"))
    return joined(parts, rest)


def places(tree):
    """Every (container, key) below a tree."""
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in pairs:
        yield tree, key
        if isinstance(value, dict | list):
            yield from places(value)


def change(tree, generator):
    known = [place for place in places(tree) if place[1] != "sha256"]
    container, key = known[generator.integers(len(known))]
    kind = generator.integers(6)
    if kind == 0:
        del container[key]
    elif kind == 1:
        container[key] = copy.deepcopy(HOSTILE[generator.integers(len(HOSTILE))])
    elif kind == 2:
        other, name = known[generator.integers(len(known))]
        container[key] = copy.deepcopy(other[name])
    elif kind == 3 and isinstance(container, list):
        container.insert(key, copy.deepcopy(container[key]))
    elif kind == 4 and isinstance(container, dict):
        container[str(generator.choice(["path", "module", "units", "name", "url"]))] = container[key]
    elif isinstance(container[key], int | float) and not isinstance(container[key], bool):
        container[key] = type(container[key])(container[key] + int(generator.choice([-1, 1, 2, 100])))


BLIND = (flip_bits, truncate, insert, delete, noise, zeros)
INFORMED = (raw_header, tensor_bytes, entries, document, document, document, document)


def mutated(data, generator):
    """A file that differs from ``data``, and whether its sum was made right again."""
    while True:
        informed = generator.random() < 0.5
        rules = INFORMED if informed else BLIND
        found = rules[generator.integers(len(rules))](data, generator)
        if found != data:
            return found, informed
