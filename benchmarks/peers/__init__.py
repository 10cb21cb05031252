"""One file per library, each with the same two functions; nothing else in the benchmarks knows a library.

``trainer(network, X, y, variant)``
    Takes the data over and answers ``fit``. ``fit(epochs)`` trains a network with new weights and answers its
    predictor: rows → scores or probabilities.

``predictor(network, weights, X, variant)``
    Answers ``(function, x)``: the fastest call that predicts these rows with these weights, and the rows as
    it wants them.

A library that may gain or lose by threads also has ``set_threads(number)``: it is tried with one and with all
cores, and the better is taken.
"""
