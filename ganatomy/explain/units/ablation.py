"""Channels taken away, and whether those that an explanation names are the ones that count.

A map is a claim about the network: "these channels made this output". Taking them away tests it
(GAN Dissection, Bau et al. 2019, arXiv 1811.10597); taking as many away at random is the control.
"""

from collections.abc import Callable

import pandas as pd
import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.networks.batching import in_batches
from ganatomy.explain.networks.hooks import captured, replaced, undisturbed
from ganatomy.explain.networks.targets import Target
from ganatomy.rng import generator
from ganatomy.statistics import paired_t

FILLS = ("mean", "zero")
LEAST_CHANNELS = 4  # of fewer, a random choice is often the best one
CAUSAL_COLUMNS = [
    *("layer", "share", "k", "num_channels", "drop_top", "drop_random", "drop_bottom"),
    *("difference", "low", "high", "p", "passes"),
]

Warn = Callable[[str], None]


def ablate(
    target: Target,
    layer: str,
    hidden: torch.Tensor,
    *,
    inputs: torch.Tensor,
    fill: str = "mean",
    batch_size: int = 256,
    on_warning: Warn = lambda text: None,
) -> torch.Tensor:
    """Measure the target's values when channels of a layer are taken away.

    Parameters
    ----------
    target : Target
    layer : str
        Dotted name in ``target.model``; returns (n, channels) or (n, channels, height, width).
    hidden : Tensor of shape (channels,) or (n, channels), bool
        Which channels: the same for all inputs, or those of each.
    inputs : Tensor of shape (n, ...)
    fill : str
        What is put in their place: ``mean``, the channel's mean over all inputs and positions,
        which is what the layers behind are used to; or ``zero``, which switches off a channel
        behind a ReLU, but is a value like any other in front of a batch normalisation.
    batch_size : int
    on_warning : callable
        Told when memory ran out and the batch was halved.

    Returns
    -------
    Tensor of shape (n,), float32 on the CPU

    Raises
    ------
    InputError
        Unknown layer or fill, or `hidden` of another shape or type.
    """
    if hidden.dtype != torch.bool:
        raise InputError(f"channels given as {hidden.dtype}", layer, "Give a mask of type bool.")
    with undisturbed(target.model), torch.no_grad():
        values = fills(
            target.values,
            target.model,
            [layer],
            inputs=inputs,
            fill=fill,
            batch_size=batch_size,
            on_warning=on_warning,
        )
        count = len(values[layer])
        if tuple(hidden.shape) not in ((count,), (len(inputs), count)):
            raise InputError(
                f"a mask of shape {tuple(hidden.shape)}",
                layer,
                f"Give ({count},) or ({len(inputs)}, {count}): its channels, or one row per input.",
            )
        masks = hidden.expand(len(inputs), count)[:, None]
        return _after(target, layer, masks, values[layer], inputs, batch_size, on_warning)[:, 0]


def causal_check(
    target: Target,
    layer: str,
    inputs: torch.Tensor,
    *,
    contributions: torch.Tensor,
    shares: tuple[float, ...] = (0.1, 0.25, 0.5),
    num_random: int = 20,
    seed: int = 0,
    fill: str = "zero",
    batch_size: int = 256,
    on_warning: Warn = lambda text: None,
) -> pd.DataFrame:
    """Test whether the channels that an explanation names carry the target more than others do.

    Of every input its own k channels of the largest contribution are taken away, and as a control
    k channels at random, drawn anew for every input so that inputs stay independent.

    Contributions of Grad-CAM are first-order estimates of the fall to zero, so zero is the default
    here. Against the mean, channels that carry the target in all inputs alike cannot pass: taken
    away, they raise it in half of the inputs and lower it in the others.

    Parameters
    ----------
    target : Target
    layer : str
    inputs : Tensor of shape (n, ...)
    contributions : Tensor of shape (n, channels)
        How much each channel raises the target, signed: ``Cams.contributions[layer]``.
    shares : tuple of float in (0, 1)
        Of the channels; k is rounded, at least 1 and less than all.
    num_random : int
        Random choices for every input and share.
    seed : int
    fill : str
        See `ablate`.
    batch_size : int
    on_warning : callable

    Returns
    -------
    DataFrame
        One row per share, `CAUSAL_COLUMNS`; none for a layer of fewer than `LEAST_CHANNELS`
        channels, where chance would find the same ones. ``drop_*`` is the mean over inputs of the
        target's value minus that without the channels: of the largest contributions, at random
        (mean over draws), of the smallest. `difference` is drop_top - drop_random; `low` and
        `high` hold it in 95 % of cases (paired t over inputs, NaN for a single input) and `p` is
        two-sided. `passes`: low > 0.

    Raises
    ------
    InputError
        As `ablate`; contributions of another shape or not finite; a share outside (0, 1).
    """
    if not all(0 < share < 1 for share in shares) or num_random < 1:
        raise InputError(
            f"shares {shares}, {num_random} random choices",
            layer,
            "Shares lie between 0 and 1, and there is at least one random choice.",
        )
    rows = []
    with undisturbed(target.model), torch.no_grad():
        values = fills(
            target.values,
            target.model,
            [layer],
            inputs=inputs,
            fill=fill,
            batch_size=batch_size,
            on_warning=on_warning,
        )
        filling = values[layer]
        count, num_channels = len(inputs), len(filling)
        contributions = contributions.detach().cpu()
        if contributions.shape != (count, num_channels) or not contributions.isfinite().all():
            raise InputError(
                f"contributions of shape {tuple(contributions.shape)}",
                layer,
                f"Give finite ones of shape ({count}, {num_channels}): inputs by channels.",
            )
        if num_channels < LEAST_CHANNELS:
            return pd.DataFrame(columns=CAUSAL_COLUMNS)
        nothing = torch.zeros(count, 1, num_channels, dtype=torch.bool)
        before = _after(target, layer, nothing, filling, inputs, batch_size, on_warning)
        order = contributions.argsort(dim=1, descending=True, stable=True)
        place = order.argsort(1)[:, None]
        for share in shares:
            k = min(max(1, round(share * num_channels)), num_channels - 1)
            draw = generator(seed, "causal check", layer, k)
            # the entries below k of a random permutation are k random places
            chance = torch.rand(count, num_random, num_channels, generator=draw).argsort(2) < k
            masks = torch.cat([place < k, place >= num_channels - k, chance], 1)
            after = _after(target, layer, masks, filling, inputs, batch_size, on_warning)
            drops = (before - after).double().numpy()
            top, bottom, random = drops[:, 0], drops[:, 1], drops[:, 2:].mean(1)
            difference, low, high, p = (float(value) for value in paired_t(top - random))
            figures = (top.mean(), random.mean(), bottom.mean(), difference, low, high, p)
            rows.append((layer, share, k, num_channels, *figures, low > 0))
    return pd.DataFrame(rows, columns=CAUSAL_COLUMNS)


def fills(
    run: Callable[[torch.Tensor], torch.Tensor],
    model: nn.Module,
    layers: list[str],
    *,
    inputs: torch.Tensor,
    fill: str,
    batch_size: int,
    on_warning: Warn,
) -> dict[str, torch.Tensor]:
    """Return what takes the place of each channel, (channels,): one pass for all layers.

    Call it within `undisturbed` and without gradients.

    Parameters
    ----------
    run : callable
        Runs `model` on a batch of inputs.
    """
    if fill not in FILLS:
        raise InputError(f"no fill {fill!r}", "ablation", f"Use one of {', '.join(FILLS)}.")

    def sums(start: int, stop: int) -> dict[str, tuple[torch.Tensor, int]]:
        with captured(model, layers) as outputs:
            run(inputs[start:stop])
            return {layer: _sum(layer, outputs.get(layer)) for layer in layers}

    # zeros need the number of channels only
    num_inputs = len(inputs) if fill == "mean" else min(1, len(inputs))
    parts = in_batches(sums, num_inputs, batch_size, on_warning=on_warning)
    if not parts:
        raise InputError("no inputs", ", ".join(layers), "Give at least one.")
    fills = {}
    for layer in layers:
        total = torch.stack([part[layer][0] for part in parts]).sum(0)
        mean = total / sum(part[layer][1] for part in parts)
        fills[layer] = (mean if fill == "mean" else torch.zeros_like(mean)).float()
    return fills


def hider(
    layer: str, hidden: torch.Tensor, filling: torch.Tensor, *, views: int = 1
) -> Callable[[torch.Tensor], torch.Tensor]:
    """Make an edit for `replaced` that fills the channels which each input's row of `hidden` marks.

    Parameters
    ----------
    hidden : Tensor of shape (n, channels), bool
    filling : Tensor of shape (channels,)
    views : int
        Images in one input.
    """

    def fn(output: torch.Tensor) -> torch.Tensor:
        if len(output) != len(hidden) * views:
            raise InputError(
                f"a layer that returns {len(output)} items for {len(hidden)} inputs",
                layer,
                "Choose one that returns as many as there are images.",
            )
        rest = (1,) * (output.ndim - 2)
        where = hidden.to(output.device).repeat_interleave(views, 0)
        return torch.where(
            where.view(*where.shape, *rest), filling.to(output).view(1, -1, *rest), output
        )

    return fn


def _after(
    target: Target,
    layer: str,
    masks: torch.Tensor,
    filling: torch.Tensor,
    inputs: torch.Tensor,
    batch_size: int,
    on_warning: Warn,
) -> torch.Tensor:
    """The target's values, shape (n, m), of every input under each of its m masks.

    One stream: inputs times masks, so batches are full however few inputs there are.
    """
    num_masks = masks.shape[1]
    flat = masks.flatten(0, 1)

    def values(start: int, stop: int) -> torch.Tensor:
        which = torch.arange(start, stop, device=inputs.device) // num_masks
        hide = hider(layer, flat[start:stop], filling, views=target.views)
        with replaced(target.model, {layer: hide}):
            return target.values(inputs[which]).float().cpu()

    parts = in_batches(values, len(flat), batch_size, on_warning=on_warning)
    return torch.cat(parts).view(len(masks), num_masks)


def _sum(layer: str, output: torch.Tensor | None) -> tuple[torch.Tensor, int]:
    """Sum over items and positions, and how many they are."""
    if output is None:
        raise InputError("a layer that did not run", layer, "Choose one that the target uses.")
    if output.ndim not in (2, 4):
        raise InputError(
            f"a layer that returns shape {tuple(output.shape)}",
            layer,
            "Choose one that returns (n, channels) or (n, channels, height, width).",
        )
    over = [axis for axis in range(output.ndim) if axis != 1]
    return output.sum(over, dtype=torch.float64).cpu(), output.numel() // output.shape[1]
