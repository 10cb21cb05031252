"""Every benchmark, as a row: what is measured, by whom, and what it should show.

A new library is a file in peers/ and a line in the lists below; a new network is a line in networks.py and
one here.
"""

from __future__ import annotations

from benchmarks.measure import Goal, Peer, Result, Row
from benchmarks.networks import NETWORKS, TASKS

OURS = "glassnet numba"


# ----------------------------------------------------------------------------------------------- goals
def times_faster(least: float, peer: str, than: str) -> Goal:
    """``than`` is at least so many times faster than ``peer``."""
    return Goal(f"at least {least:g} x {than}", peer, lambda r: r.ratio(peer, than) >= least, (than,))


def below(most: float, unit: str, *peers: str) -> list[Goal]:
    """Each of them needs at most this much."""

    def goal(peer: str) -> Goal:
        return Goal(f"at most {most:.4g} {unit}", peer, lambda r: r.median(peer) <= most)

    return [goal(peer) for peer in peers]


def more_than(most: float, unit: str, peer: str, than: str) -> Goal:
    """``peer`` needs at most this much more than ``than``."""

    def reached(result: Result) -> bool:
        return result.median(peer) - result.median(than) <= most

    return Goal(f"at most {most:g} {unit} more than {than}", peer, reached, (than,))


# ----------------------------------------------------------------------------------------------- rows
def step(name: str, *goals: Goal, vendor_limit: bool = False) -> Row:
    """A training step, seen from ``fit``."""
    network, function = NETWORKS[name], "benchmarks.steps:microseconds"
    peers = [
        Peer(OURS, function, ("ours", name, "numba"), ("numba",)),
        Peer("glassnet numpy", function, ("ours", name, "numpy")),
        Peer("JAX", function, ("jax_scan", name), ("jax",)),
        Peer("PyTorch", function, ("pytorch", name, "eager"), ("torch",)),
        Peer("PyTorch compiled", function, ("pytorch", name, "compile"), ("torch",)),
    ]
    if not network.dropout:  # scikit-learn has neither batch normalization nor dropout
        peers.append(Peer("scikit-learn", function, ("scikit", name), ("sklearn",)))
    if vendor_limit:
        peers.append(Peer("its matrix products alone, NumPy", function, ("by_hand", name)))
    title = f"A training step of {network.text}, batch {network.batch}"
    return Row(f"step_{name}", title, "µs", tuple(peers), goals)


def whole_fit(task: str, *goals: Goal) -> Row:
    """A program that trains one network on real data."""
    function = "benchmarks.fits:whole"
    peers = (
        Peer("glassnet auto, nothing cached", function, ("ours", task, "auto"), cold=True),
        Peer("glassnet auto", function, ("ours", task, "auto")),
        Peer(f"{OURS}, nothing cached", function, ("ours", task, "numba"), ("numba",), cold=True),
        Peer(OURS, function, ("ours", task, "numba"), ("numba",)),
        Peer("glassnet numpy", function, ("ours", task, "numpy")),
        Peer("scikit-learn", function, ("scikit", task), ("sklearn",)),
        Peer("PyTorch", function, ("pytorch", task, "eager"), ("torch",)),
        Peer("JAX, nothing cached", function, ("jax_scan", task), ("jax",), cold=True),
        Peer("JAX", function, ("jax_scan", task), ("jax",)),
    )
    return Row(f"whole_{task}", f"A whole program: {described(task)}", "ms", peers, goals)


def warm_fit(task: str, *goals: Goal) -> Row:
    """A second fit in one process."""
    function = "benchmarks.fits:warm"
    peers = (
        Peer("glassnet auto", function, ("ours", task, "auto")),
        Peer(OURS, function, ("ours", task, "numba"), ("numba",)),
        Peer("glassnet numpy", function, ("ours", task, "numpy")),
        Peer("scikit-learn", function, ("scikit", task), ("sklearn",)),
        Peer("PyTorch", function, ("pytorch", task, "eager"), ("torch",)),
        Peer("JAX", function, ("jax_scan", task), ("jax",)),
    )
    return Row(f"fit_{task}", f"A second fit in one process: {described(task)}", "ms", peers, goals)


def described(task: str) -> str:
    """For titles."""
    network = NETWORKS[TASKS[task].network]
    return f"{network.text} on {task}, {TASKS[task].epochs} epochs, batch {network.batch}"


def compilation(name: str, title: str, cold: bool, most: float) -> Row:
    """Every network's compilation."""
    trained = [key for key in NETWORKS if key != "784_512_512_10"]
    peers = tuple(
        Peer(NETWORKS[key].text, "benchmarks.fits:compilation", ("ours", key, "numba"), ("numba",), cold)
        for key in trained
    )
    return Row(name, title, "s", peers, tuple(below(most, "s", *(peer.name for peer in peers))))


def prediction(name: str, network: str, rows: int, first: list[Peer], *goals: Goal) -> Row:
    """A call of a trained network."""
    function, arguments = "benchmarks.predictions:microseconds", (network, str(rows))
    peers = (
        *first,
        Peer("glassnet numpy", function, ("ours", *arguments, "numpy")),
        Peer("onnxruntime", function, ("onnx_runtime", *arguments), ("onnxruntime", "onnx")),
        Peer("JAX", function, ("jax_scan", *arguments), ("jax",)),
        Peer("PyTorch", function, ("pytorch", *arguments, "eager"), ("torch",)),
        Peer("PyTorch compiled", function, ("pytorch", *arguments, "compile"), ("torch",)),
        Peer("scikit-learn", function, ("scikit", *arguments), ("sklearn",)),
        Peer("NumPy by hand", function, ("by_hand", *arguments)),
    )
    many = "one row" if rows == 1 else f"{rows} rows"
    return Row(name, f"Predicting {many} of {NETWORKS[network].text}", "µs", peers, goals)


def bulk(name: str, network: str, *goals: Goal) -> Row:
    """Ten thousand rows."""
    ours = Peer(OURS, "benchmarks.predictions:microseconds", ("ours", network, "10000", "numba"), ("numba",))
    return prediction(name, network, 10000, [ours], *goals)


def memory(name: str) -> Row:
    """The most that a fit needs."""
    network, function = NETWORKS[name], "benchmarks.memory:mebibytes"
    peers = (
        Peer(OURS, function, ("ours", name, "numba"), ("numba",)),
        Peer("glassnet numpy", function, ("ours", name, "numpy")),
        Peer("JAX", function, ("jax_scan", name), ("jax",)),
        Peer("PyTorch", function, ("pytorch", name, "eager"), ("torch",)),
        Peer("scikit-learn", function, ("scikit", name), ("sklearn",)),
    )
    title = f"Memory of a fit of {network.text}, {network.rows} rows, batch {network.batch}, data included"
    return Row("memory", title, "MiB", peers, tuple(below(network.memory_limit, "MiB", OURS)))


def imported() -> Row:
    """How long imports take."""
    modules = {"JAX": "jax", "PyTorch": "torch", "scikit-learn": "sklearn.neural_network"}
    function = "benchmarks.imports:milliseconds"
    peers = (
        Peer("numpy", function, ("numpy",)),
        Peer("numpy and glassnet", function, ("numpy", "glassnet")),
        *(
            Peer(f"numpy and {name}", function, ("numpy", module), (module.partition(".")[0],))
            for name, module in modules.items()
        ),
    )
    goals = (more_than(300, "ms", "numpy and glassnet", "numpy"),)
    return Row("import_time", "Import, the files in the system's cache", "ms", peers, goals)


def installed() -> Row:
    """What installations weigh."""
    function = "benchmarks.imports:mebibytes"
    names = ("glassnet", "numba", "scikit-learn", "jax", "torch", "onnxruntime")
    modules = {"scikit-learn": "sklearn"}
    peers = tuple(Peer(name, function, (name,), (modules.get(name, name),)) for name in names)
    return Row("installed_size", "Installed files, with everything required", "MiB", peers)


def printing() -> Row:
    """How long a deep network takes to become a program."""
    peers = (
        Peer("20 x Dense, BatchNormalization, Dropout", "benchmarks.printing:blocks"),
        Peer("60 x Dense", "benchmarks.printing:dense"),
    )
    title = "Trace, differentiate, simplify, print and compile a training step of 60 layers"
    return Row("print_60_layers", title, "ms", peers, tuple(below(1000, "ms", *(p.name for p in peers))))


def step_goals(jax: float, torch: float, scikit: float | None = None) -> list[Goal]:
    """How many times faster than each."""
    wanted = {"JAX": jax, "PyTorch": torch, "scikit-learn": scikit}
    return [times_faster(least, peer, OURS) for peer, least in wanted.items() if least is not None]


BARE = Peer(
    "glassnet predictor()",
    "benchmarks.predictions:microseconds",
    ("ours", "64_64_64_10", "1", "bare"),
    ("numba",),
)
CHECKED = Peer(
    "glassnet predict()",
    "benchmarks.predictions:microseconds",
    ("ours", "64_64_64_10", "1", "numba"),
    ("numba",),
)

ROWS = [
    step("3_4_4_2", *step_goals(25, 900, 600)),
    step(
        "4_16_16_3",
        *step_goals(10, 180, 150),
        times_faster(2, "scikit-learn", "glassnet numpy"),
    ),
    step("64_64_64_10", *step_goals(2.3, 22, 18)),
    step("64_64_64_10_batchnorm", *step_goals(6, 30)),
    step("784_256_128_10", *step_goals(1.3, 1.8, 3), vendor_limit=True),
    step("784_256_128_10_batchnorm", *step_goals(1.5, 2.5)),
    step("784_512_512_10", *step_goals(1.25, 1.5, 3), vendor_limit=True),
    step("784_512_512_10_batchnorm", *step_goals(1.45, 2.2)),
    step("784_1024_1024_10", *step_goals(1.1, 1.35, 3), vendor_limit=True),
    whole_fit("iris", times_faster(1, "scikit-learn", "glassnet auto, nothing cached")),
    whole_fit("digits"),
    whole_fit("mnist"),
    warm_fit("iris", times_faster(3, "scikit-learn", "glassnet auto")),
    warm_fit("digits"),
    compilation("compile_cold", "Compiling a training step, nothing cached", True, 4),
    compilation("compile_cached", "Compiling a training step, cached on disk", False, 0.4),
    prediction(
        "predict_row",
        "64_64_64_10",
        1,
        [BARE, CHECKED],
        *below(2, "µs", BARE.name),
        *below(25, "µs", CHECKED.name),
        times_faster(1, "onnxruntime", BARE.name),
    ),
    bulk("predict_64_64_64_10", "64_64_64_10"),
    bulk("predict_784_512_512_10", "784_512_512_10", *step_goals(1, 1.1, 2)),
    memory("784_256_128_10"),
    imported(),
    installed(),
    printing(),
]
