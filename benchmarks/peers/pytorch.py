"""PyTorch: ``"eager"`` with the fused Adam, or ``"compile"``: the whole step in one compiled graph."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks import networks
from benchmarks.networks import Network, Weights

set_threads = torch.set_num_threads


def module(network: Network) -> nn.Sequential:
    """The layers."""
    found: list[nn.Module] = []
    for a, b in network.kernels[:-1]:
        normal = [nn.BatchNorm1d(b, eps=1e-3, momentum=0.01)] if network.dropout else []
        found += [nn.Linear(a, b), *normal, nn.ReLU()]
        found += [nn.Dropout(network.dropout)] if network.dropout else []
    return nn.Sequential(*found, nn.Linear(*network.kernels[-1]))


class Eager:
    """Adam's loop as everybody writes it."""

    def __init__(self, net: nn.Module) -> None:
        self.net = net
        self.reset()

    def reset(self) -> None:
        """Forget the moments."""
        self.adam = torch.optim.Adam(self.net.parameters(), lr=1e-3, fused=True)

    def __call__(self, x: Any, y: Any) -> Any:
        self.adam.zero_grad(set_to_none=True)
        loss = nn.functional.cross_entropy(self.net(x), y)
        loss.backward()
        self.adam.step()
        return loss.detach()


class Compiled:
    """Forward, backward and Adam in one function, which ``torch.compile`` takes as a whole."""

    def __init__(self, net: nn.Module) -> None:
        self.net, self.parameters = net, list(net.parameters())
        self.first = [torch.zeros_like(p) for p in self.parameters]
        self.second = [torch.zeros_like(p) for p in self.parameters]
        self.t = torch.zeros(())
        torch._dynamo.config.trace_autograd_ops = True
        self.compiled = torch.compile(self.step, fullgraph=True)

    def reset(self) -> None:
        """Forget the moments."""
        for tensor in (*self.first, *self.second, self.t):
            tensor.zero_()

    def step(self, x: Any, y: Any) -> Any:
        """A training step."""
        loss = nn.functional.cross_entropy(self.net(x), y)
        gradients = torch.autograd.grad(loss, self.parameters)
        with torch.no_grad():
            self.t.add_(1)
            a, b = 1e-3 / (1 - 0.9**self.t), 1 / (1 - 0.999**self.t)
            for p, m, v, g in zip(self.parameters, self.first, self.second, gradients, strict=True):
                m.mul_(0.9).add_(g, alpha=0.1)
                v.mul_(0.999).addcmul_(g, g, value=0.001)
                p.sub_(a * m / ((v * b).sqrt() + 1e-8))
        return loss.detach()

    def __call__(self, x: Any, y: Any) -> Any:
        return self.compiled(x, y)


def trainer(network: Network, X: np.ndarray, y: np.ndarray, variant: str) -> Callable[[int], Any]:
    """The orders of eight epochs are made before; an epoch's rows are gathered at once, the fastest way."""
    orders = [torch.from_numpy(order.ravel()) for order in networks.orders(network, len(X))]
    inputs, labels = torch.from_numpy(X), torch.from_numpy(y)
    net = module(network)
    initial = copy.deepcopy(net.state_dict())
    step = (Compiled if variant == "compile" else Eager)(net)

    def fit(epochs: int) -> Any:
        net.load_state_dict(initial)
        net.train()
        step.reset()
        history: list[Any] = []
        for i in range(epochs):
            order = orders[i % len(orders)]
            batches = inputs[order].split(network.batch), labels[order].split(network.batch)
            history += [step(x, t) for x, t in zip(*batches, strict=True)]
        return lambda rows: evaluated(net)(torch.from_numpy(rows)).numpy()

    return fit


def evaluated(net: nn.Module) -> Callable[[Any], Any]:
    """The network without gradients."""
    function: Callable[[Any], Any] = torch.inference_mode()(net.eval())
    return function


def predictor(
    network: Network, weights: Weights, X: np.ndarray, variant: str
) -> tuple[Callable[[Any], Any], Any]:
    """In inference mode, the rows as a tensor."""
    net = module(network)
    for layer, (kernel, bias) in zip(net[::2], weights, strict=True):
        layer.weight.data, layer.bias.data = torch.from_numpy(kernel.T.copy()), torch.from_numpy(bias)
    return evaluated(torch.compile(net.eval()) if variant == "compile" else net), torch.from_numpy(X)
