"""Whether the channels that Grad-CAM credits are those that count, in every layer of a network."""

from collections.abc import Callable, Mapping

import pandas as pd
import torch

from ganatomy.explain.maps.which import path_of
from ganatomy.explain.networks.layers import Layers
from ganatomy.explain.networks.targets import Target
from ganatomy.explain.units.ablation import CAUSAL_COLUMNS, causal_check


def check_causes(
    target: Target,
    network: str,
    layers: Layers,
    *,
    inputs: torch.Tensor,
    contributions: Mapping[str, torch.Tensor],
    num_random: int = 20,
    seed: int = 0,
    on_warning: Callable[[str], None] = lambda text: None,
) -> pd.DataFrame:
    """Run `causal_check` on every layer of a network that has channels to compare.

    Parameters
    ----------
    target : Target
    network : str
        ``D`` or ``G``.
    layers : Layers
        Of that network.
    inputs : Tensor of shape (n, ...)
    contributions : mapping of str to Tensor of shape (n, channels)
        By the layer's own name. A layer whose contributions are not finite is left out.
    num_random, seed : int
        As in `causal_check`.
    on_warning : callable

    Returns
    -------
    DataFrame
        As of `causal_check`; the layer is called ``<network> <layer>``.
    """
    tables = []
    for layer, of_layer in contributions.items():
        if layer in layers.wide and bool(of_layer.isfinite().all()):
            table = causal_check(
                target,
                path_of(network, layer),
                inputs,
                contributions=of_layer,
                num_random=num_random,
                seed=seed,
                on_warning=on_warning,
            )
            tables.append(table.assign(layer=f"{network} {layer}"))
    return joined(tables)


def joined(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Put tables of causal checks below each other; without any row it is an empty one."""
    filled = [table for table in tables if len(table)]
    if not filled:
        return pd.DataFrame(columns=CAUSAL_COLUMNS)
    return pd.concat(filled, ignore_index=True)
