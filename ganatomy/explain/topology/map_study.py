"""Regions and holes of the activation maps of G and D, and whether real and generated differ."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from ganatomy.data.images import to_uint8
from ganatomy.explain.networks.batching import device_of, in_batches
from ganatomy.explain.networks.hooks import captured, kept
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.topology.cubical import Array, count, curve, in_range, outlined, persistence
from ganatomy.explain.topology.map_topology import (
    BY_CLASS,
    COMPARED,
    COUNTED,
    CURVES,
    LAYERS,
    PERSISTENT_FROM,
    LayerMaps,
    MapTopology,
)
from ganatomy.rng import derive_seed
from ganatomy.statistics import half_width, mark, mean_and_error
from ganatomy.wording import counted

_LEAST_SIDE = 3  # of a map: what is smaller has no inside
_MOST_SIDE = 64  # larger maps are averaged down to it
_MOST_LAYERS = 12
_FEWEST = 8  # images of each kind for a comparison
_EXAMPLES = 4
_BATCH = 32
_THRESHOLDS = np.linspace(0.02, 0.98, 49)


@dataclass(frozen=True, eq=False)
class _Seen:
    """One layer on images of one kind: maps in [0, 1], (n, h, w), and counts and curves of each."""

    network: str
    layer: str
    kind: str
    maps: Array
    labels: NDArray[np.int64]
    constant: int
    counts: Array  # (n, 2)
    curves: Array  # (n, 2, thresholds)


def topology_of_maps(
    subjects: Subjects,
    *,
    num_images: int = 64,
    num_draws: int = 2000,
    fdr: float = 0.05,
    seed: int = 0,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> MapTopology:
    """Count regions and holes of each layer's maps; compare D's maps of reals and of fakes.

    A map is the mean |activation| over the channels of a layer. Maps larger than 64 are averaged
    down to 64; of a network with many layers twelve are looked at, evenly spaced.

    Parameters
    ----------
    subjects : Subjects
        G, D or both; images of both kinds are compared in D where there are.
    num_images : int
        The most of each kind.
    num_draws : int
        Of the permutation test.
    fdr : float
        False discovery rate over layers and counts.
    on_progress : callable
        Told layers done, and of how many.

    Examples
    --------
    >>> D = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(144, 1), nn.Flatten(0))
    >>> study = topology_of_maps(Subjects.of(None, D, real=torch.randn(8, 1, 8, 8)))
    >>> study.layers[["layer", "kind", "height", "num_images"]].values.tolist()
    [['0', 'real', 6, 8]]
    """
    asked = _asked(subjects, num_images)
    left_out: dict[str, str] = {}
    seen: list[_Seen] = []
    for done, (network, kind, inputs, labels) in enumerate(asked):
        for layer, maps in _maps(subjects, network, inputs, left_out).items():
            seen.append(_seen(network, layer, kind, maps, labels))
        on_progress(done + 1, len(asked))
    return MapTopology(
        pd.DataFrame([_row(each) for each in seen], columns=LAYERS),
        _compared(seen, left_out, num_draws, fdr, seed),
        _by_class(seen, subjects.class_names),
        _curves(seen),
        tuple(_layer_maps(each) for each in seen),
        {
            kind: to_uint8(images[:_EXAMPLES])
            for kind, images in (("real", subjects.real), ("fake", subjects.fake))
            if len(images)
        },
        left_out,
    )


_Asked = tuple[str, str, torch.Tensor, torch.Tensor]


def _asked(subjects: Subjects, most: int) -> list[_Asked]:
    found: list[_Asked] = []
    if subjects.has_generator:
        found.append(("G", "fake", subjects.z[:most], subjects.fake_labels[:most]))
    if subjects.has_discriminator:
        found.append(("D", "real", subjects.real[:most], subjects.real_labels[:most]))
        found.append(("D", "fake", subjects.fake[:most], subjects.fake_labels[:most]))
    return [each for each in found if len(each[2])]


def _maps(
    subjects: Subjects, network: str, inputs: torch.Tensor, left_out: dict[str, str]
) -> dict[str, torch.Tensor]:
    """The mean |activation| of each layer for each input, (n, h, w)."""
    model, known = (
        (subjects.generator, subjects.g_layers)
        if network == "G"
        else (subjects.discriminator, subjects.d_layers)
    )
    layers = known.convolutions
    if not layers:
        left_out[f"maps of {network}"] = "none of its layers returns maps"
        return {}
    if len(layers) > _MOST_LAYERS:
        chosen = np.linspace(0, len(layers) - 1, _MOST_LAYERS).round().astype(int)
        left_out[f"other layers of {network}"] = (
            f"{_MOST_LAYERS} of its {len(layers)} layers with maps are looked at, evenly spaced"
        )
        layers = tuple(layers[place] for place in chosen)
    found = _mean_activations(model, layers, inputs)
    for layer, maps in list(found.items()):
        if min(maps.shape[1:]) < _LEAST_SIDE:
            size = f"{maps.shape[1]} x {maps.shape[2]}"
            left_out[f"{network}: {layer}"] = f"its maps of {size} are too small for regions"
        elif not bool(maps.isfinite().all()):
            left_out[f"{network}: {layer}"] = "its activations are not finite"
        else:
            continue
        del found[layer]
    return found


def _mean_activations(
    model: nn.Module, layers: Sequence[str], inputs: torch.Tensor
) -> dict[str, torch.Tensor]:
    device = device_of(model)

    def run(start: int, stop: int) -> dict[str, torch.Tensor]:
        with captured(model, layers) as outputs, torch.no_grad():
            model(inputs[start:stop].to(device))
        return {name: _small(outputs[name].abs().mean(1)).cpu() for name in layers}

    with kept(model):
        parts = in_batches(run, len(inputs), _BATCH)
    return {name: torch.cat([part[name] for part in parts]) for name in layers}


def _small(maps: torch.Tensor) -> torch.Tensor:
    size = (min(maps.shape[1], _MOST_SIDE), min(maps.shape[2], _MOST_SIDE))
    if size == maps.shape[1:]:
        return maps
    return functional.adaptive_avg_pool2d(maps[:, None], size)[:, 0]


def _seen(network: str, layer: str, kind: str, raw: torch.Tensor, labels: torch.Tensor) -> _Seen:
    maps = np.stack([in_range(each) for each in raw.double().numpy()])
    lives = [persistence(each) for each in maps]
    pairs = [(each.regions, each.holes) for each in lives]
    return _Seen(
        network,
        layer,
        kind,
        maps,
        labels.numpy(),
        int((maps.max((1, 2)) == 0).sum()),
        np.array([[count(part, PERSISTENT_FROM) for part in pair] for pair in pairs], dtype=float),
        np.array([[curve(part, _THRESHOLDS) for part in pair] for pair in pairs]),
    )


def _row(each: _Seen) -> list[object]:
    about = [each.network, each.layer, each.kind, *each.maps.shape[1:], len(each.maps)]
    return [*about, each.constant, *each.counts.mean(0)]


def _compared(
    seen: list[_Seen], left_out: dict[str, str], num_draws: int, fdr: float, seed: int
) -> pd.DataFrame:
    """Each layer of D on fakes less the same on reals, with the test over images."""
    sides = {
        kind: {each.layer: each for each in seen if (each.network, each.kind) == ("D", kind)}
        for kind in ("real", "fake")
    }
    fewest = min((len(each.maps) for side in sides.values() for each in side.values()), default=0)
    if not all(sides.values()) or fewest < _FEWEST:
        left_out["D's maps of real and of generated images compared"] = _why_not(sides, fewest)
        return pd.DataFrame(columns=COMPARED).astype({"stands_out": bool})
    rows = []
    for layer in (name for name in sides["real"] if name in sides["fake"]):
        real, fake = (sides[kind][layer].counts.T for kind in ("real", "fake"))
        p = permutation_p(real, fake, num_draws, derive_seed(seed, "topology", "maps", layer))
        for what, one, other, chance in zip(COUNTED, real, fake, p):
            difference, half = _welch(one, other)
            rows.append(
                ["D", layer, what, one.mean(), other.mean(), difference, difference - half,
                 difference + half, chance]
            )  # fmt: skip
    return mark(pd.DataFrame(rows, columns=COMPARED[:-2]), fdr)


def _why_not(sides: dict[str, dict[str, _Seen]], fewest: int) -> str:
    names = {"real": "real images", "fake": "generated images"}
    missing = [names[kind] for kind, side in sides.items() if not side]
    if len(missing) == len(names):
        return "there are no maps of D"
    if missing:
        return f"there are no maps of {missing[0]}"
    return f"{counted(fewest, 'image')} of a kind: it takes {_FEWEST}"


def _welch(one: Array, other: Array) -> tuple[float, float]:
    """The difference of means, `other` less `one`, and half of its 95 % interval."""
    means, errors, freedoms = zip(*(mean_and_error(each) for each in (one, other)))
    difference, squares = float(means[1] - means[0]), np.square(errors)
    if squares.sum() == 0:
        return difference, 0.0
    freedom = squares.sum() ** 2 / (squares**2 / freedoms).sum()
    return difference, float(half_width(np.sqrt(squares.sum()), freedom))


def permutation_p(real: Array, fake: Array, num_draws: int, seed: int) -> Array:
    """Test by permuting images between the kinds whether the means differ, two-sided.

    Parameters
    ----------
    real, fake : ndarray of shape (k, n), (k, m)
        One row for each quantity; permuted together.

    Returns
    -------
    ndarray of shape (k,), in (0, 1]
        That of the draw itself counts as one of the permutations.
    """
    together = np.concatenate([real, fake], 1)
    total, first = together.shape[1], real.shape[1]
    order = np.random.default_rng(seed).permuted(np.tile(np.arange(total), (num_draws, 1)), axis=1)[
        :, :first
    ]
    chosen = np.zeros((num_draws, total))
    np.put_along_axis(chosen, order, 1.0, 1)
    weights = chosen / first - (1 - chosen) / (total - first)
    drawn = np.abs(weights @ together.T)
    found = np.abs(real.mean(1) - fake.mean(1))
    return np.asarray(((drawn >= found - 1e-9).sum(0) + 1) / (num_draws + 1), dtype=float)


def _by_class(seen: list[_Seen], names: tuple[str, ...]) -> pd.DataFrame:
    rows: list[list[object]] = []
    for each in seen:
        about = [each.network, each.layer, each.kind]
        for label, own in _classes(each):
            rows.append([*about, names[label], int(own.sum()), *each.counts[own].mean(0)])
    return pd.DataFrame(rows, columns=BY_CLASS)


def _classes(each: _Seen) -> list[tuple[int, NDArray[np.bool_]]]:
    return [(int(label), each.labels == label) for label in np.unique(each.labels) if label >= 0]


def _curves(seen: list[_Seen]) -> pd.DataFrame:
    parts = [
        pd.DataFrame(
            {
                "network": each.network,
                "layer": each.layer,
                "kind": each.kind,
                "threshold": _THRESHOLDS,
                **dict(zip(COUNTED, each.curves.mean(0))),
            }
        )
        for each in seen
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=CURVES)


def _layer_maps(each: _Seen) -> LayerMaps:
    groups = (
        each.maps.mean(0)[None],
        each.maps[:_EXAMPLES],
        np.array([each.maps[own].mean(0) for _, own in _classes(each)]).reshape(
            -1, *each.maps.shape[1:]
        ),
    )
    tensors = []
    for maps in groups:
        scaled = np.array([in_range(one) for one in maps]).reshape(maps.shape)
        marks = np.array([outlined(one, PERSISTENT_FROM) for one in scaled], dtype=np.int8)
        tensors += [torch.tensor(scaled).float(), torch.tensor(marks.reshape(maps.shape))]
    return LayerMaps(tensors[0][0], tensors[1][0], *tensors[2:])
