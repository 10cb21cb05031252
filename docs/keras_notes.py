"""What takes the place of Keras's arguments and names that glassnet does not have.

Text in ``gn.something`` or ``gn.something(argument=)`` names things of ours; ``tests/test_keras_table.py``
looks each of them up.
"""

from __future__ import annotations

# ------------------------------------------------------------------------------------------ arguments
# Pattern "group.Name.argument" → what it is here. The first pattern that fits counts.
ARGUMENTS: dict[str, str] = {
    # Models
    "models.Input.batch_size": "any number of rows is taken",
    "models.Input.batch_shape": "``gn.Input(shape=)``, without the batch",
    "models.Input.sparse": "inputs are dense",
    "models.Input.ragged": "inputs are dense",
    "models.Input.tensor": "the input is what ``gn.Input`` answers",
    "models.Input.optional": "every input is needed",
    "models.Sequential.name": "a model needs no name",
    "models.Sequential.trainable": "of each layer: ``gn.layers.Dense(trainable=)``",
    "models.Model.name": "a model needs no name",
    "models.Layer.activity_regularizer": (
        "of ``gn.layers.Dense(activity_regularizer=)``, or the layer ``gn.layers.ActivityRegularization``"
    ),
    "models.Layer.dtype": "of the model: ``gn.Sequential(dtype=)``",
    "models.Layer.autocast": "inputs come in the model's type",
    "models.Layer.add_weight.dtype": "of the model: ``gn.Sequential(dtype=)``",
    "models.Layer.add_weight.autocast": "weights have the model's type",
    "models.Layer.add_weight.aggregation": "for many machines, which are not used",
    "models.Layer.add_weight.overwrite_with_gradient": "``weight.assign(...)`` in ``call``",
    "models.Model.compile.loss_weights": "there is one output and one loss; add parts up in a NumPy function",
    "models.Model.compile.weighted_metrics": "``gn.Model.compile(metrics=)``: all metrics are weighted",
    "models.Model.compile.run_eagerly": "``gn.Model.source`` shows the program that runs",
    "models.Model.compile.steps_per_execution": "``gn.Model.compile(backend=)``: compiled loops take many",
    "models.Model.compile.jit_compile": "``gn.Model.compile(backend=)``",
    "models.Model.compile.auto_scale_loss": "there is no half precision that needs it",
    "models.Model.fit.x": "``gn.Model.fit(X=)``; by position it is the same",
    "models.Model.fit.initial_epoch": "a second ``fit`` counts on; ``epochs`` are those of this call",
    "models.Model.fit.steps_per_epoch": "an epoch is all rows; ``gn.Chunks`` for data that do not fit",
    "models.Model.fit.validation_steps": "all of ``validation_data`` is used",
    "models.Model.fit.validation_batch_size": "chosen by itself; the result does not depend on it",
    "models.Model.fit.validation_freq": "after each epoch",
    "models.Model.evaluate.x": "``gn.Model.evaluate(X=)``; by position it is the same",
    "models.Model.evaluate.verbose": "prints nothing",
    "models.Model.evaluate.return_dict": "a dict, always",
    "models.Model.predict.x": "``gn.Model.predict(X=)``; by position it is the same",
    "models.Model.predict.verbose": "prints nothing",
    "models.Model.*.steps": "all rows are used",
    "models.Model.*.callbacks": "are for ``gn.Model.fit(callbacks=)``",
    "models.Model.summary.*": "one form for all",
    "models.Model.save.filepath": "``gn.Model.save(path=)``; by position it is the same",
    "models.Model.save.overwrite": "an old file is replaced, in one step",
    "models.Model.save.zipped": "one ``.safetensors`` file",
    "models.Model.export.filepath": "``gn.Model.export(path=)``; by position it is the same",
    "models.Model.export.format": "the suffix says it: ``.onnx``, ``.c``, ``.py`` or ``.safetensors``",
    "models.Model.export.verbose": "prints nothing",
    "models.Model.export.input_signature": "known from the layers; the batch may have any size",
    # Layers
    "*.seed": "of the model: ``gn.Sequential(seed=)``; the draws are a pure function of seed, step and place",
    "layers.*.renorm*": "not there",
    "layers.*.synchronized": "for many machines, which are not used",
    "layers.*.lora_*": "not there",
    "layers.*.quantization_config": "not there",
    "layers.Embedding.mask_zero": "not there: multiply by ``(x != 0)[..., None]`` in NumPy",
    "layers.Embedding.weights": "``gn.Model.set_parameters`` after ``build``",
    "layers.Flatten.data_format": "channels stand last",
    # Optimizers, losses, metrics, callbacks, initializers
    "optimizers.*.loss_scale_factor": "there is no half precision that needs it",
    "optimizers.*.gradient_accumulation_steps": "a larger ``gn.Model.fit(batch_size=)``",
    "losses.*.name": "the snake-case name of the class",
    "losses.*.dtype": "of the model: ``gn.Sequential(dtype=)``",
    "metrics.*.dtype": "of the model: ``gn.Sequential(dtype=)``",
    "callbacks.TensorBoard.*": "not there; for weights: ``gn.callbacks.TensorBoard(histogram_freq=)``",
    "initializers.*.*put_axes": "kernels are (inputs, outputs)",
    "activations.*.x": "the array is called z; by position it is the same",
}  # fmt: skip

# Defaults that are written in another way, or differ: "group.Name.argument" → why.
DEFAULTS: dict[str, str] = {
    "losses.*.reduction": "the same mean; with sample weights Σwℓ / Σw",
    "schedules.*.name": "",
    "layers.PReLU.alpha_initializer": "the same",
    "layers.Embedding.embeddings_initializer": "the same",
    "activations.squareplus.b": "the same",
    "metrics.BinaryAccuracy.threshold": "½ for probabilities, 0 for scores: the loss says which",
    "metrics.Metric.name": "must be given, and the function after it",
    "models.Input.shape": "must be given",
    "models.Sequential.layers": "the same",
    "models.Layer.add_weight.shape": "must be given, after the name",
    "models.Layer.add_weight.name": "must be given, and stands first",
    "models.Layer.add_weight.initializer": "as in Keras's layers",
    "models.Model.compile.optimizer": "",
    "models.Model.fit.batch_size": "the same number; Keras's None means 32",
    "models.Model.evaluate.batch_size": "the result does not depend on it",
    "models.Model.evaluate.y": "must be given",
    "models.Model.predict.batch_size": "the result does not depend on it",
}

# ------------------------------------------------------------------------------------------ names
# Group → (patterns of Keras's names, what to do). Every name that is missing here fits one of them.
MISSING: dict[str, tuple[tuple[str, str], ...]] = {
    "models": (
        ("Model.train_on_batch", "``gn.Model.fit(batch_size=)`` with all rows in a batch"),
        ("Model.predict_on_batch", "``gn.Model.predict``; for single rows ``gn.Model.predictor``"),
        ("Model.get_weights", "``gn.Model.parameters`` and ``gn.Model.state``: dicts, key → array"),
        ("Model.set_weights", "``gn.Model.set_parameters``"),
        ("Model.save_weights Model.load_weights", "``gn.Model.save`` and ``gn.load``: one file for all"),
        ("Model.get_layer", "``gn.Model.layers`` is a list; a layer has ``key`` and ``name``"),
        ("saving.load_model", "``gn.load``; ``custom_objects`` are ``gn.load(custom=)``. It is always safe"),
        ("utils.to_categorical", "``gn.one_hot``, rarely needed: losses take labels, too"),
        ("utils.set_random_seed", "``gn.Sequential(seed=)``"),
    ),
    "layers": (
        ("Conv* SeparableConv* DepthwiseConv* *Pool* UpSampling* ZeroPadding* Cropping*", "not there yet"),
        ("GRU* LSTM* *RNN* ConvLSTM* Bidirectional TimeDistributed Masking", "not there: no recurrence"),
        ("*Attention EinsumDense ReversibleEmbedding", "not there; ``np.einsum`` in a layer of one's own"),
        ("Lambda Identity", "any NumPy function is a layer: ``gn.layers.Activation(activation=)``"),
        ("InputLayer InputSpec", "``gn.Input``, ``gn.Model.build``"),
        ("SpatialDropout*", "``gn.layers.Dropout(noise_shape=)``"),
        ("SpectralNormalization Wrapper", "``gn.constraints``, or a layer of one's own that holds the other"),
        (
            "CategoryEncoding Discretization Hash* *Lookup TextVectorization",
            "scikit-learn's transformers before the network; ``gn.one_hot`` in it",
        ),
        (
            "Aug* Auto* Center* Contrast* Cut* Equal* Mi* Rand* Resizing Solar* Max* Mel* STFT* Pipeline",
            "not there: change the images before, or read them by ``gn.Chunks``",
        ),
        ("FlaxLayer JaxLayer TFSMLayer TorchModuleWrapper", "not there: no other framework"),
    ),
    "optimizers": (
        ("Adafactor Ftrl Lamb Muon ScheduleFreeAdamW", "a chain of one's own: ``gn.optimizers.Optimizer``"),
        ("MultiOptimizer OptimizerMap", "rates per layer: ``gn.optimizers.Adam(multipliers=)``"),
        ("LossScaleOptimizer", "there is no half precision that needs it"),
    ),
    "losses": (("CTC Circle Dice Tversky", "not there; any NumPy function of (y, scores) is a loss"),),
    "metrics": (
        ("AUC", 'scikit-learn\'s scorers, ``gn.metrics.Scorer``: ``"roc_auc"``, ``"average_precision"``'),
        ("Precision Recall F1Score R2Score", '``"precision"``, ``"recall"``, ``"f1_macro"``, ``"r2"``, ...'),
        (
            "FBetaScore *AtPrecision *AtRecall *AtSpecificity *AtSensitivity False* True* *IoU *Correlation",
            "a function by ``sklearn.metrics.make_scorer``: ``gn.metrics.Scorer(scorer=)``",
        ),
        ("RootMeanSquaredError", '``"neg_root_mean_squared_error"``'),
        ("*Accuracy", "by name: ``gn.metrics.Accuracy(name=)``, ``gn.metrics.TopKAccuracy(k=)``"),
        (
            "*Crossentropy *Hinge *Error Poisson KLDivergence CosineSimilarity",
            "a loss, or its name, is a metric: ``gn.losses.CategoricalHinge``",
        ),
        ("Mean Sum MeanMetricWrapper", "any NumPy function of (y, scores): ``gn.metrics.Metric(function=)``"),
    ),
    "callbacks": (
        ("ModelCheckpoint OrbaxCheckpoint", "``gn.Model.save`` in a ``gn.callbacks.LambdaCallback``"),
        ("BackupAndRestore", "a file holds the state of training: ``gn.load`` it and ``fit`` on"),
        ("TerminateOnNaN", "always on: training stops with the last finite weights and says where"),
        ("SwapEMAWeights", "``gn.optimizers.Adam(use_ema=)``, ``gn.callbacks.ParameterAverage(momentum=)``"),
        ("ProgbarLogger", "``gn.callbacks.ProgressBar``, used by ``gn.Model.fit(verbose=)``"),
        ("History CallbackList", "``fit`` answers a ``gn.History`` and takes a list"),
        ("RemoteMonitor", "``gn.callbacks.LambdaCallback``"),
    ),
    "initializers": (("STFT", "not there"),),
}  # fmt: skip
