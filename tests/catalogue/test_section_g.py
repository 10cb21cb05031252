"""Catalogue, section G: the linear classifier. Each test is named after its row."""

from __future__ import annotations

import itertools
import sys

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgb

import glassnet as gn
from glassnet import layers
from glassnet.errors import GlassnetError, InputError, NotBuiltError, ShapeError

LOSSES = ["softmax_cross_entropy", "multiclass_hinge"]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def digits():
    """Training and held-out digits, 8 × 8 pixels from 0 to 1."""
    bundle = gn.datasets.load("digits")
    order = np.random.default_rng(0).permutation(len(bundle.target))
    X, y = bundle.data[order] / 16, bundle.target[order]
    return X[:1300], y[:1300], X[1300:], y[1300:]


def classifier(loss, classes=10, strength=0.0, **options):
    penalty = gn.regularizers.L2(strength) if strength else None
    model = gn.Sequential([layers.Dense(classes, kernel_regularizer=penalty)], **options)
    model.compile(gn.optimizers.Adam(0.1), loss, metrics=["accuracy"])
    return model


def trained(model, X, y, steps=150):
    """Full-batch Adam."""
    model.fit(X, y, batch_size=len(y), epochs=steps, verbose=0)
    return model


def clusters(centers, count=30, spread=0.4):
    """Normal clusters in the plane with their labels."""
    noise = np.random.default_rng(1).normal(0, spread, (len(centers), count, 2))
    points = np.asarray(centers, float)[:, None] + noise
    return points.reshape(-1, 2), np.repeat(np.arange(len(centers)), count)


THREE = clusters([(0, 2), (-1.8, -1), (1.8, -1)])


# G1: f = Wx + b; a kernel is W's transpose, one column per class, so that a batch is x @ kernel + b
def test_g1_the_shapes_for_cifar10():
    images = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3)).astype(np.uint8)
    model = gn.Sequential([layers.Flatten(), layers.Dense(10)], dtype="float64")
    model.build((None, 32, 32, 3))
    kernel, bias = model.parameters.values()
    assert (kernel.T.shape, bias.shape) == ((10, 3072), (10,))
    assert model.count_params() == 30_730
    scores = model.predict(images)
    assert scores.shape == (5, 10)
    for x, f in zip(images.reshape(5, 3072), scores, strict=True):
        np.testing.assert_allclose(f, kernel.T @ x + bias, rtol=1e-11)


# G2: the bias trick
def twins(loss):
    """A classifier with a bias, and one that has it in the last row of its kernel."""
    plain = gn.Sequential([layers.Dense(10)], dtype="float64")
    trick = gn.Sequential([layers.BiasTrick(), layers.Dense(10, use_bias=False)], dtype="float64")
    for model in (plain, trick):
        model.build((None, 3072))
        model.compile(gn.optimizers.SGD(0.02), loss)
    rng = np.random.default_rng(2)
    W, b = rng.standard_normal((10, 3072)) / 50, rng.standard_normal(10)
    plain.set_parameters({"dense_1.kernel": W.T, "dense_1.bias": b})
    trick.set_parameters({"dense_1.kernel": np.column_stack([W, b]).T})
    return plain, trick


def assert_equal(found, expected):
    """Equal to 1e-12 of the largest entry."""
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * np.abs(expected).max())


def test_g2_the_bias_trick_gives_the_same_scores():
    plain, trick = twins("multiclass_hinge")
    assert trick.parameters["dense_1.kernel"].T.shape == (10, 3073)
    X = np.random.default_rng(3).uniform(0, 1, (200, 3072))
    assert_equal(trick.predict(X), plain.predict(X))


@pytest.mark.parametrize("loss", LOSSES)
def test_g2_the_bias_trick_trains_to_the_same_weights(loss):
    rng = np.random.default_rng(4)
    X, y = rng.standard_normal((60, 3072)), rng.integers(0, 10, 60)
    found = []
    for model in twins(loss):
        model.fit(X, y, batch_size=20, epochs=3, verbose=0)
        found.append(np.concatenate([w.reshape(-1, 10) for w in model.parameters.values()]))
    assert_equal(found[1], found[0])


# G3: templates
def test_g3_a_score_is_the_inner_product_with_a_template(digits):
    X, y, X_new, _ = digits
    model = trained(classifier("multiclass_hinge", dtype="float64"), X, y, steps=20)
    images = gn.templates(model, (8, 8))
    assert images.shape == (10, 8, 8)
    products = np.einsum("nhw,khw->nk", X_new.reshape(-1, 8, 8), images)
    assert_equal(model.predict(X_new), products + model.parameters["dense_1.bias"])


@pytest.mark.parametrize("network", [
    lambda: [layers.Dense(4)],
    lambda: [layers.Flatten(), layers.Dense(4)],
    lambda: [layers.MeanSubtraction(), layers.BiasTrick(), layers.Dense(4, use_bias=False)],
    lambda: [layers.Dense(4, "relu"), layers.Dense(2)],
])  # fmt: skip
def test_g3_the_templates_leave_the_bias_out(network):
    model = gn.Sequential(network())
    model.build((None, 2, 3, 3) if isinstance(model.layers[0], layers.Flatten) else (None, 18))
    images = gn.templates(model, (2, 3, 3))
    kernel = next(iter(model.parameters.values()))
    assert images.shape == (4, 2, 3, 3)
    for j in range(4):
        np.testing.assert_array_equal(images[j].ravel(), kernel[:18, j])
    images[:] = 0
    assert np.abs(kernel).max() > 0  # it was a copy


def painted(rng, kind, count=60):
    """Small pictures: of ships, which lie on blue water, or of trucks, which are red."""
    images = rng.uniform(0.2, 0.8, (count, 6, 6, 3))
    channel = 2 if kind == "ship" else 0
    images[..., channel] += rng.uniform(0.05, 0.2, (count, 1, 1))
    return images


@pytest.mark.parametrize("loss", LOSSES)
def test_g3_the_ship_template_is_positive_in_blue_and_negative_in_red(loss):
    rng = np.random.default_rng(5)
    X = np.concatenate([painted(rng, "ship"), painted(rng, "truck")])
    model = gn.Sequential([layers.Flatten(), layers.Dense(2, kernel_regularizer=gn.regularizers.L2(0.01))])
    model.compile(gn.optimizers.Adam(0.05), loss)
    trained(model, X, np.repeat([0, 1], 60))
    ship, truck = gn.templates(model, (6, 6, 3)).mean(axis=(1, 2))
    assert ship[2] > 0 > ship[0]
    assert truck[2] < 0 < truck[0]


def test_g3_the_picture_of_all_ten(digits):
    X, y, *_ = digits
    model = trained(classifier("softmax_cross_entropy"), X, y, steps=20)
    axes = gn.plot_templates(model, (8, 8), names=range(10))
    assert [axis.get_title() for axis in axes] == [str(i) for i in range(10)]
    for axis, image in zip(axes, gn.templates(model, (8, 8)), strict=True):
        drawn = axis.images[0]
        assert drawn.get_clim() == (-1, 1)
        np.testing.assert_allclose(drawn.get_array(), image / np.abs(image).max(), rtol=1e-6)


def test_g3_color_pictures_are_gray_where_the_weight_is_zero():
    model = gn.Sequential([layers.Dense(3, use_bias=False)])
    model.build((None, 12))
    kernel = np.zeros((12, 3))
    kernel[:3, 0] = [2.0, -2.0, 1.0]
    model.set_parameters({"dense_1.kernel": kernel})
    grid = plt.subplots(2, 2)[1]
    axes = gn.plot_templates(model, (2, 2, 3), ax=grid)
    assert axes == [grid[0, 0], grid[0, 1], grid[1, 0]]
    first = np.full((2, 2, 3), 0.5)
    first[0, 0] = [1.0, 0.0, 0.75]
    np.testing.assert_array_equal(axes[0].images[0].get_array(), first)
    np.testing.assert_array_equal(axes[1].images[0].get_array(), np.full((2, 2, 3), 0.5))


@pytest.mark.parametrize(
    "network, found",
    [
        ([layers.Dense(3)], "begins with dense_1.kernel of shape (64, 3)"),
        ([layers.Activation("relu")], "has no kernel"),
    ],
)
def test_g3_weights_that_are_no_images_are_refused(network, found):
    model = gn.Sequential(network)
    model.build((None, 64))
    with pytest.raises(ShapeError) as caught:
        gn.templates(model, (8, 8, 3))
    assert str(caught.value) == (
        "templates() needs a first kernel with a row per pixel, 192 for images of shape (8, 8, 3); "
        f"the model {found}."
    )


def test_g3_another_number_of_names_is_refused():
    model = gn.Sequential([layers.Dense(3)])
    model.build((None, 4))
    with pytest.raises(InputError) as caught:
        gn.plot_templates(model, (2, 2), names=["cat", "dog"])
    assert str(caught.value) == "plot_templates() got 2 names for 3 images."


# G4: lines in the plane
def three_regions(**options):
    model = classifier("softmax_cross_entropy", classes=3, strength=1e-3, **options)
    return trained(model, *THREE)


def test_g4_the_plane_is_colored_by_what_the_classifier_answers():
    model = three_regions()
    ax = gn.plot_decision_regions(model, *THREE)
    assert model.evaluate(*THREE)["accuracy"] == 1
    image = ax.images[0].get_array()
    left, right, bottom, top = ax.images[0].get_extent()
    columns, rows = np.linspace(left, right, 300)[[5, 150, 290]], np.linspace(bottom, top, 300)[[5, 150, 290]]
    palette = {}
    for (i, x), (j, y) in itertools.product(
        zip([5, 150, 290], columns, strict=True), zip([5, 150, 290], rows, strict=True)
    ):
        palette.setdefault(int(model.predict([[x, y]]).argmax()), set()).add(tuple(image[j, i]))
    assert sorted(palette) == [0, 1, 2]
    assert [len(found) for found in palette.values()] == [1, 1, 1]
    assert len(set.union(*palette.values())) == 3
    assert (THREE[0].min(axis=0) > [left, bottom]).all()
    assert (THREE[0].max(axis=0) < [right, top]).all()


def test_g4_the_lines_are_where_a_score_is_zero_and_the_arrows_point_uphill():
    model = three_regions(dtype="float64")
    ax = gn.plot_decision_regions(model, *THREE, zero_lines=True)
    contours = [c for c in ax.collections if hasattr(c, "allsegs")]
    assert len(contours) == len(ax.texts) == 3
    for j, (contour, arrow) in enumerate(zip(contours, ax.texts, strict=True)):
        (line,) = contour.allsegs[0]
        scores = model.predict(line)
        assert np.abs(scores[:, j]).max() < 1e-6 * np.abs(model.predict(THREE[0])).max()
        directions = np.diff(line[[0, len(line) // 2, -1]], axis=0)
        assert abs(np.linalg.det(directions)) < 1e-9  # one straight line
        foot, head = model.predict([arrow.xyann, arrow.xy])[:, j]
        assert head > foot


def test_g4_a_lone_score_divides_the_plane_in_two():
    points, labels = clusters([(-1, 0), (1, 0)])
    model = classifier("binary_cross_entropy", classes=1)
    trained(model, points, labels)
    axis = plt.figure().add_subplot()
    assert gn.plot_decision_regions(model, points, labels, ax=axis, zero_lines=True) is axis
    image = axis.images[0].get_array().reshape(-1, 3)
    assert len(np.unique(image, axis=0)) == 2
    assert len(axis.texts) == 1
    np.testing.assert_allclose(axis.collections[-1].get_edgecolor()[0][:3], to_rgb("#d55e00"))


@pytest.mark.parametrize(
    "X, y, text",
    [
        (
            np.zeros((4, 3)),
            np.zeros(4),
            "plot_decision_regions() needs X of shape (n, 2) and n labels; got X (4, 3) and y (4,).",
        ),
        (
            np.zeros((4, 2)),
            np.zeros(5),
            "plot_decision_regions() needs X of shape (n, 2) and n labels; got X (4, 2) and y (5,).",
        ),
    ],
)
def test_g4_points_outside_the_plane_are_refused(X, y, text):
    with pytest.raises(ShapeError) as caught:
        gn.plot_decision_regions(three_regions(), X, y)
    assert str(caught.value) == text


def test_g4_several_answers_per_point_are_refused():
    model = gn.Sequential([layers.Dense(2)])
    model.compile("sgd", "binary_cross_entropy")
    model.build((None, 2))
    with pytest.raises(InputError) as caught:
        gn.plot_decision_regions(model, *THREE)
    assert str(caught.value) == (
        "plot_decision_regions() draws one label per point; this model decides 2 questions at once."
    )


@pytest.mark.parametrize("draw, where", [
    (lambda: gn.plot_templates(three_regions(), (2, 1)), "plot_templates()"),
    (lambda: gn.plot_decision_regions(three_regions(), *THREE), "plot_decision_regions()"),
])  # fmt: skip
def test_g3_g4_pictures_need_matplotlib(draw, where, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(GlassnetError) as caught:
        draw()
    assert str(caught.value) == (
        f'{where} needs matplotlib, which is not installed.\nInstall it: pip install "glassnet[plot]"'
    )


# G5: probabilities and λ
def test_g5_the_entropy_of_the_probabilities_rises_with_the_penalty(digits):
    X, y, X_new, _ = digits
    entropies, tops = [], []
    for strength in (1e-4, 1e-3, 1e-2, 1e-1, 1.0):
        model = trained(classifier("softmax_cross_entropy", strength=strength), X, y)
        p = gn.activations.softmax(model.predict(X_new))
        entropies.append(gn.losses.entropy(p).mean())
        tops.append(p.max(axis=1).mean())
    assert (np.diff(entropies) > 0.01).all()
    assert (np.diff(tops) < 0).all()
    assert entropies[0] < 0.25
    assert np.log(10) - 0.05 < entropies[-1] < np.log(10)


# G6: SVM and softmax side by side
def test_g6_the_two_losses_learn_about_the_same(digits):
    X, y, X_new, y_new = digits
    reports, answers, scores = {}, {}, {}
    for loss in LOSSES:
        model = classifier(loss, strength=1e-3)
        assert model.loss(X * 0, y).data == pytest.approx({"softmax_cross_entropy": np.log(10)}.get(loss, 9))
        trained(model, X, y)
        reports[loss] = model.evaluate(X_new, y_new)
        scores[loss] = model.predict(X_new)
        answers[loss] = scores[loss].argmax(axis=1)
        assert reports[loss]["accuracy"] == pytest.approx((answers[loss] == y_new).mean())
        assert reports[loss]["accuracy"] > 0.94
    softmax, hinge = LOSSES
    assert abs(reports[softmax]["accuracy"] - reports[hinge]["accuracy"]) < 0.02
    assert (answers[softmax] == answers[hinge]).mean() > 0.95
    # Where they differ: the hinge is content with most examples, the softmax with none.
    assert (gn.losses.multiclass_hinge(y_new, scores[hinge]) == 0).mean() > 0.5
    assert (gn.losses.softmax_cross_entropy(y_new, scores[softmax]) > 0).all()


# G7: the search ladder
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("loss", LOSSES)
def test_g7_each_beats_the_one_before(digits, loss, seed):
    X, y, X_new, y_new = digits
    model = gn.Sequential([layers.MeanSubtraction(), layers.Dense(10)], seed=seed)
    model.compile(gn.optimizers.SGD(0.5), loss, metrics=["accuracy"])
    ladder = gn.search_ladder(model, X, y, tries=300, seed=seed)
    assert [search.name for search in ladder] == ["random search", "random local search", "gradient descent"]
    assert {search.passes[-1] for search in ladder} == {300}
    lowest = [search.scores["loss"] for search in ladder]
    assert lowest[1] < 0.9 * lowest[0]
    assert lowest[2] < 0.3 * lowest[1]
    held_out = []
    for search in ladder:
        assert search.scores["loss"] == pytest.approx(search.losses[-1], rel=1e-6)
        assert len(search.losses) == len(search.passes)
        model.fit(X, y, epochs=0, verbose=0)
        model.set_parameters(search.parameters)
        held_out.append(model.evaluate(X_new, y_new)["accuracy"])
    assert held_out == sorted(held_out)
    assert held_out[2] > 0.93


def test_g7_all_three_start_at_the_same_weights_and_leave_the_model_alone():
    X, y = THREE
    model = gn.Sequential([layers.Dense(3)], dtype="float64")
    model.compile(gn.optimizers.SGD(0.1), "softmax_cross_entropy")
    model.build((None, 2))
    before = {key: value.copy() for key, value in model.parameters.items()}
    ladder = gn.search_ladder(model, X, y, tries=30, scale=0.2, seed=7)
    for key, value in before.items():
        np.testing.assert_array_equal(model.parameters[key], value)
    assert model.step == 0

    rng = np.random.default_rng(7)
    W, b = 0.2 * rng.standard_normal((2, 3)), 0.2 * rng.standard_normal(3)
    model.set_parameters({"dense_1.kernel": W, "dense_1.bias": b})
    first = sum(model.loss(X, y))
    model.fit(X, y, batch_size=len(y), epochs=10, shuffle=False, verbose=0)
    assert ladder.random_search.losses[0] == ladder.local_search.losses[0] == first
    for key, value in model.parameters.items():
        np.testing.assert_array_equal(ladder.gradient_descent.parameters[key], value)
    assert ladder.gradient_descent.passes == tuple(range(3, 31, 3))
    for search in (ladder.random_search, ladder.local_search):
        assert list(search.losses) == sorted(search.losses, reverse=True)  # the best so far


def test_g7_the_table():
    model = gn.Sequential([layers.Dense(3)])
    model.compile(gn.optimizers.SGD(1.0), "softmax_cross_entropy", metrics=["accuracy"])
    lines = str(gn.search_ladder(model, *THREE, tries=60, scale=0.1)).splitlines()
    assert lines[0].split() == ["loss", "accuracy", "passes"]
    assert [line[:19].rstrip() for line in lines] == [
        "", "random search", "random local search", "gradient descent",
    ]  # fmt: skip
    assert len({len(line) for line in lines}) == 1


@pytest.mark.parametrize(
    "options, text",
    [
        (
            {"tries": 2},
            "search_ladder(): tries must be at least 3, the price of one step of gradient descent; got 2.",
        ),
        ({"tries": 0}, "search_ladder(): tries must be a whole number of at least 1; got 0."),
        ({"scale": 0.0}, "search_ladder(): scale must be a positive number; got 0.0."),
        ({"scale": np.inf}, "search_ladder(): scale must be a positive number; got inf."),
    ],
)
def test_g7_refused_arguments(options, text):
    model = classifier("softmax_cross_entropy", classes=3)
    with pytest.raises(InputError) as caught:
        gn.search_ladder(model, *THREE, **options)
    assert str(caught.value) == text


def test_g7_a_loss_is_needed():
    with pytest.raises(NotBuiltError) as caught:
        gn.search_ladder(gn.Sequential([layers.Dense(3)]), *THREE)
    assert str(caught.value) == (
        "search_ladder() needs a loss: call model.compile(optimizer=..., loss=...) first."
    )


# G8: the notes' four-pixel cat
W_CAT = np.array([[0.2, -0.5, 0.1, 2.0], [1.5, 1.3, 2.1, 0.0], [0.0, 0.25, 0.2, -0.3]])
CAT, B_CAT = np.array([[56.0, 231.0, 24.0, 2.0]]), np.array([1.1, 3.2, -1.2])


@pytest.mark.parametrize(
    "bias, scores",
    [
        (B_CAT, [-96.8, 437.9, 60.75]),
        ([1.1, 3.2, 0.0], [-96.8, 437.9, 61.95]),  # the notes' print: an erratum, the ship's bias is missing
    ],
)
def test_g8_the_four_pixel_cat(bias, scores):
    model = gn.Sequential([layers.Dense(3)], dtype="float64")
    model.build((None, 4))
    model.set_parameters({"dense_1.kernel": W_CAT.T, "dense_1.bias": bias})
    np.testing.assert_allclose(model.predict(CAT), [scores], rtol=1e-14)
    assert model.predict(CAT).argmax() == 1  # a dog, say these weights
