"""Does a map depend on what the network has learned? Cascading parameter randomisation.

Adebayo et al. 2018, arXiv 1810.03292: layer after layer, from the output down, the weights are
replaced by noise. A map that stays as it was explains the image or the architecture, and not this
network.
"""

import copy
import re
from collections.abc import Callable

import pandas as pd
import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.faithfulness.paired import paired
from ganatomy.explain.faithfulness.stability import spearman
from ganatomy.initialise import restart_power_iteration
from ganatomy.rng import generator

Maps = dict[str, torch.Tensor]

COLUMNS = [
    *("step", "layer", "method", "correlation", "low", "high"),
    *("absolute", "absolute_low", "absolute_high", "n"),
]
_PARAMETRIZED = re.compile(r"\.?parametrizations\..*")


def randomisation(
    model: nn.Module,
    explain: Callable[[nn.Module], Maps],
    seed: int,
    *,
    num_draws: int = 1,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> pd.DataFrame:
    """Correlate maps with the original ones while a copy of the network is randomised.

    A layer is a module that owns parameters; the last one that a forward pass finishes comes
    first, and what has been randomised stays so. Each parameter is drawn from a normal
    distribution with the mean and standard deviation of its own values, so activations keep their
    size; the gains and shifts of normalisation layers too. Their running statistics stay, and
    spectral norm is measured anew. A parameter whose values are all alike stays as it is.

    Maps that are exactly 0 in the same pixels before and after, as integrated gradients are where
    the image equals its baseline, correlate through those pixels: that is what the test is to find.
    One random network may resemble the trained one by chance: `num_draws` of them are averaged,
    image by image. The intervals are over images, not over networks.

    Parameters
    ----------
    model : nn.Module
        Never touched: all is done to a deep copy.
    explain : callable
        A network like `model` to maps by name, each of shape (n, h, w), always of the same images.
    seed : int
    num_draws : int
        Random networks.
    on_progress : callable
        Called with (done, total) layers of all draws.

    Returns
    -------
    DataFrame
        One row for each step and method: `step` (from 1), `layer` (dotted name), `method`;
        `correlation`, Spearman over pixels of the signed maps, mean over images, with its t
        interval `low`, `high`; `absolute`, the same of |map|, with `absolute_low`,
        `absolute_high`; `n` images in which both maps vary and are finite.

    Raises
    ------
    InputError
        A model without parameters.
    """
    owners = _owners(model)
    if not owners:
        raise InputError(
            "a model without parameters", type(model).__name__, "Explain a network that learned."
        )
    layers, original = _order(copy.deepcopy(model), owners, explain)
    total = num_draws * len(layers)
    similarities: dict[tuple[int, str], list[torch.Tensor]] = {}
    for draw in range(num_draws):
        network = copy.deepcopy(model)
        for step, layer in enumerate(layers, 1):
            for name in owners[layer]:
                _redraw(network.get_parameter(name), generator(seed, "randomisation", name, draw))
            restart_power_iteration(network.get_submodule(layer), seed, f"randomisation {layer}")
            for method, maps in explain(network).items():
                signed = spearman(maps, original[method])
                absolute = spearman(maps.abs(), original[method].abs())
                similarities.setdefault((step, method), []).append(torch.stack([signed, absolute]))
            on_progress(draw * len(layers) + step, total)
    rows = []
    for (step, method), draws in similarities.items():
        signed, absolute = torch.stack(draws).nanmean(0)
        nothing = torch.zeros_like(signed)
        one, two = paired(signed, nothing), paired(absolute, nothing)
        about = (step, layers[step - 1], method, one.mean, one.low, one.high)
        rows.append((*about, two.mean, two.low, two.high, one.n))
    return pd.DataFrame(rows, columns=COLUMNS)


def _owners(network: nn.Module) -> dict[str, list[str]]:
    """Dotted names of each layer's parameters; a weight under spectral norm is the layer's."""
    owners: dict[str, list[str]] = {}
    for name, _ in network.named_parameters():
        layer = _PARAMETRIZED.sub("", name.rpartition(".")[0])
        owners.setdefault(layer, []).append(name)
    return owners


def _order(
    network: nn.Module, owners: dict[str, list[str]], explain: Callable[[nn.Module], Maps]
) -> tuple[list[str], Maps]:
    """Layers, the last to finish first, and the maps of the untouched network."""
    finished: dict[str, int] = {}

    def note(name: str) -> None:
        finished.setdefault(name, len(finished))

    handles = [
        module.register_forward_hook(lambda _module, _inputs, _output, name=name: note(name))
        for name, module in network.named_modules()
    ]
    try:
        original = {name: maps.detach().clone() for name, maps in explain(network).items()}
    finally:
        for handle in handles:
            handle.remove()

    def place(layer: str) -> int:
        # one whose weights are used without calling it is done when what holds it is
        while layer and layer not in finished:
            layer = layer.rpartition(".")[0]
        return finished.get(layer, -1)

    return sorted(owners, key=place, reverse=True), original


@torch.no_grad()
def _redraw(parameter: torch.Tensor, draw: torch.Generator) -> None:
    mean, spread = parameter.mean(), parameter.std(correction=0)
    noise = torch.randn(parameter.shape, generator=draw)
    parameter.copy_(mean + spread * noise.to(parameter))
