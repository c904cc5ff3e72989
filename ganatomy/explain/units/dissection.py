"""Which units of a generator carry which concept (GAN Dissection, Bau et al. 2019, 1811.10597).

A unit (channel) of a layer is held at its mean while the same latents are drawn again. Taking away
what a unit does in a latent in which it is strong, and in one in which it is weak, moves a concept
that it carries in opposite directions; so the effect is a slope, not a mean.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.networks.batching import in_batches
from ganatomy.explain.networks.hooks import captured, replaced, undisturbed
from ganatomy.explain.units.ablation import Warn, fills, hider
from ganatomy.statistics import Array, half_width, mark, two_sided_p

DISSECTION_COLUMNS = [
    *("layer", "unit", "concept", "effect", "low", "high", "spread", "p", "q", "stands_out"),
]
Reader = Callable[[torch.Tensor], torch.Tensor]
Readers = (
    Mapping[str, Reader] | Mapping[tuple[str, ...], Reader] | Mapping[str | tuple[str, ...], Reader]
)
_Units = NDArray[np.int64]
_Groups = dict[str | tuple[str, ...], Reader]

# a unit that does nothing still moves the last bits: batches of other sizes sum in another order
_ROUNDING = 4e-6


def dissect(
    generator: nn.Module,
    layers: list[str],
    z: torch.Tensor,
    *,
    readers: Readers,
    fill: str = "mean",
    fdr: float = 0.05,
    batch_size: int = 256,
    max_units: int | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    on_warning: Warn = lambda text: None,
) -> pd.DataFrame:
    """Measure the effect of every unit of `layers` on every concept.

    Of each latent the concept is read twice, untouched and with the unit held at its mean. What
    the difference gains for one standard deviation more of the unit's activation (its mean over
    positions) is the effect: the slope of a least squares line over latents. It goes through the
    unit alone: one that only goes along with the concept has none.

    A line sees no effect that is as strong on both sides of the unit's mean (a concept that grows
    with its square): that shows in `spread` only. The scatter about the line need not be even: a
    unit that raises the concept in some images as much as it lowers it in others scatters more at
    the ends. Hence HC3 errors (MacKinnon & White 1985, doi 10.1016/0304-4076(85)90158-7).

    Parameters
    ----------
    generator : nn.Module
        Latents to images of shape (n, c, h, w), float32 in [-1, 1].
    layers : list of str
        Dotted names; each returns (n, units) or (n, units, height, width).
    z : Tensor of shape (n, latent_dim), at least 3
    readers : mapping of str, or tuple of str, to callable
        For each concept: images to Tensor of shape (n,). For a tuple of k concepts: to (n, k), so
        that one pass of an evaluator reads them all. NaN where a concept cannot be read; that
        latent is then left out.
    fill : str
        What the unit is held at: ``mean`` (over latents and positions) or ``zero``; see
        `ablation.ablate`. The same where effects add up.
    fdr : float in (0, 1)
        Share of false ones among all that stand out.
    batch_size : int
    max_units : int, optional
        The most units to try, since there are units times latents passes. Every layer keeps the
        same share: those whose activation has the largest variance of the layer.
    on_progress : callable
        Images drawn so far, and in all.
    on_warning : callable
        Told of halved batches, of units that are left out by `max_units`, and of concepts that are
        left out because they do not vary.

    Returns
    -------
    DataFrame
        One row per layer, unit and concept, `DISSECTION_COLUMNS`. `effect` is the change of the
        concept, in its standard deviations over the untouched images, for one standard deviation
        more of the unit: positive where the unit raises the concept. `low`, `high`: 95 % interval;
        `p`: two-sided t test of the slope, n - 2 degrees of freedom; `q`: Benjamini-Hochberg over
        the whole table; `spread`: standard deviation over latents of the change that holding the
        unit makes, in the concept's. A unit whose activation does not vary has no slope: effect,
        low, high, p and q are NaN, it does not stand out and counts in no other's q.

    Raises
    ------
    InputError
        Unknown layer or fill, fewer than three latents, no unit to be tried, a reader of the wrong
        shape, a concept named twice, or no concept that varies.
    """
    groups: _Groups = dict(readers.items())
    names = _names(groups)
    _require(layers, z, names, max_units)
    with undisturbed(generator), torch.no_grad():
        filling = fills(
            generator,
            generator,
            layers,
            inputs=z,
            fill=fill,
            batch_size=batch_size,
            on_warning=on_warning,
        )
        draws = _Draws(generator, z, groups, batch_size, on_warning)
        untouched, activations = draws.untouched(layers)
        kept = _varying(names, untouched, on_warning)
        groups = {key: groups[key] for key in groups if set(_names([key])) & set(kept)}
        draws, read = replace(draws, groups=groups), _names(groups)
        before = untouched[[names.index(name) for name in kept]]
        units = _most_varying(activations, max_units, on_warning)
        total = len(z) * sum(len(tried) for tried in units.values())
        parts, done = [], 0
        for layer, tried in units.items():

            def advance(drawn: int, done: int = done) -> None:
                on_progress(done + drawn, total)

            touched = draws.held(layer, tried, filling[layer], advance)
            after = touched[[read.index(name) for name in kept]]
            figures = _figures(before, after, activations[layer][tried])
            parts.append(_rows(layer, tried, kept, figures))
            done += len(z) * len(tried)
    return mark(pd.concat(parts, ignore_index=True), fdr)[DISSECTION_COLUMNS]


def strongest(table: pd.DataFrame, per_concept: int = 5) -> pd.DataFrame:
    """Find the units that raise or lower each concept the most, of those that stand out.

    Parameters
    ----------
    table : DataFrame
        As `dissect` returns it.
    per_concept : int

    Returns
    -------
    DataFrame
        Rows of `table`, concepts in its order, the largest |effect| first. Fewer than
        `per_concept`, or none, where fewer stand out.
    """
    out = table[table["stands_out"].astype(bool)]
    out = out.assign(size=-out["effect"].abs()).sort_values("size", kind="stable")
    place = {name: at for at, name in enumerate(table["concept"].unique())}
    out = out.groupby("concept", sort=False).head(per_concept)
    out = out.assign(place=out["concept"].map(place)).sort_values(["place", "size"], kind="stable")
    return out[list(table.columns)].reset_index(drop=True)


def _names(keys: Iterable[str | tuple[str, ...]]) -> list[str]:
    return [name for key in keys for name in ((key,) if isinstance(key, str) else key)]


def _require(layers: list[str], z: torch.Tensor, names: list[str], max_units: int | None) -> None:
    if len(z) < 3 or not layers or (max_units is not None and max_units < 1):
        raise InputError(
            f"{len(z)} latents, {len(layers)} layers, max_units {max_units}",
            "dissection",
            "Give at least one layer, one unit and three latents; a hundred latents are better.",
        )
    if twice := [name for at, name in enumerate(names) if name in names[:at]]:
        raise InputError(f"concept {twice[0]} twice", "dissection", "Give each its own name.")


def _varying(names: list[str], untouched: Array, on_warning: Warn) -> list[str]:
    """Leave out concepts that are the same in all images: no effect can be told in their units."""
    kept = []
    for name, read in zip(names, untouched):
        values = read[np.isfinite(read)]
        if len(values) > 1 and np.ptp(values) > _ROUNDING * np.abs(values).max():
            kept.append(name)
        else:
            same = f"is the same in all {len(values)} images in which it can be read"
            why = same if len(values) else "can be read in no image"
            on_warning(f"concept {name} is left out: it {why}")
    if not kept:
        raise InputError(
            f"none of {len(names)} concepts varies over the generator's images",
            "dissection",
            "Give a concept that differs between images, or a generator that has not collapsed.",
        )
    return kept


def _most_varying(
    activations: dict[str, Array], most: int | None, on_warning: Warn
) -> dict[str, _Units]:
    """The units to try of each layer. Scales differ between layers: each is ranked on its own."""
    places = []
    for values in activations.values():
        order = np.argsort(-np.nan_to_num(values.var(-1)), kind="stable")
        places.append((np.argsort(order) + 0.5) / len(order))
    chosen = np.zeros(sum(map(len, places)), dtype=bool)
    chosen[np.argsort(np.concatenate(places), kind="stable")[:most]] = True
    if left := int((~chosen).sum()):
        on_warning(
            f"{left} of {len(chosen)} units are left out: those whose activation varies least in "
            "their layer"
        )
    parts = np.split(chosen, np.cumsum([len(each) for each in places])[:-1])
    return {layer: np.flatnonzero(part) for layer, part in zip(activations, parts) if part.any()}


@dataclass(frozen=True)
class _Draws:
    """The same latents drawn again and again."""

    generator: nn.Module
    z: torch.Tensor
    groups: _Groups
    batch_size: int
    on_warning: Warn

    def untouched(self, layers: list[str]) -> tuple[Array, dict[str, Array]]:
        """Concepts (concepts, n), and of each layer activations (units, n), 0 if they stay."""

        def read(start: int, stop: int) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
            with captured(self.generator, layers) as outputs:
                images = self.generator(self.z[start:stop])
            values = {}
            for layer in layers:
                places = outputs[layer].reshape(*outputs[layer].shape[:2], -1)
                both = places.mean(2, dtype=torch.float64), places.abs().amax(2).double()
                values[layer] = torch.stack(both).cpu()
            return _concepts(images, self.groups), values

        parts = in_batches(read, len(self.z), self.batch_size, on_warning=self.on_warning)
        activations = {}
        for layer in layers:
            means, largest = torch.cat([values[layer] for _, values in parts], 1).mT.numpy()
            still = np.ptp(means, axis=1) <= _ROUNDING * largest.max(1)
            activations[layer] = np.where(still[:, None], 0.0, means)
        return torch.cat([concepts for concepts, _ in parts], 1).double().numpy(), activations

    def held(
        self, layer: str, units: _Units, filling: torch.Tensor, on_drawn: Callable[[int], None]
    ) -> Array:
        """Every concept with each unit held, shape (concepts, units, n), in one stream of all."""
        tried, num_latents = torch.as_tensor(units), len(self.z)

        def read(start: int, stop: int) -> torch.Tensor:
            item = torch.arange(start, stop)
            hidden = nn.functional.one_hot(tried[item // num_latents], len(filling)).bool()
            with replaced(self.generator, {layer: hider(layer, hidden, filling)}):
                images = self.generator(self.z[(item % num_latents).to(self.z.device)])
            values = _concepts(images, self.groups)
            on_drawn(stop)
            return values

        parts = in_batches(
            read, len(tried) * num_latents, self.batch_size, on_warning=self.on_warning
        )
        values = torch.cat(parts, 1).double().numpy()
        return np.asarray(values.reshape(len(values), len(tried), num_latents))


def _concepts(images: torch.Tensor, groups: _Groups) -> torch.Tensor:
    columns = []
    for key, reader in groups.items():
        values = reader(images)
        shape = (len(images),) if isinstance(key, str) else (len(images), len(key))
        if values.shape != shape:
            raise InputError(
                f"concept {', '.join(_names([key]))} gave a tensor of shape "
                f"{tuple(values.shape)} for {len(images)} images",
                "dissection",
                f"It must give one scalar per image and concept: shape {shape}.",
            )
        columns.append(values.float().cpu().reshape(len(images), -1).T)
    return torch.cat(columns)


def _figures(before: Array, after: Array, activations: Array) -> dict[str, Array]:
    """Least squares lines over latents, shape (concepts, units).

    Concepts untouched (concepts, n) and held (concepts, units, n), activations (units, n).
    """
    scales = np.array([values[np.isfinite(values)].std(ddof=1) for values in before])
    with np.errstate(invalid="ignore", divide="ignore"):
        change = before[:, None] - after
        there = np.isfinite(change)
        sizes = np.where(there, np.maximum(abs(before[:, None]), abs(after)), 0)
        count = there.sum(-1)

        def centred(values: Array) -> Array:
            values = np.where(there, values, 0)
            return np.where(there, values - (values.sum(-1) / count)[..., None], 0)

        x, y = centred(activations), centred(change)
        # also where a unit moves all images alike
        y[abs(y) <= _ROUNDING * sizes.max(-1, keepdims=True)] = 0
        squares = (x**2).sum(-1)
        slope = (x * y).sum(-1) / squares
        leverage = there / count[..., None] + x**2 / squares[..., None]
        left = np.where(there, y - slope[..., None] * x, 0) / np.maximum(1 - leverage, _ROUNDING)
        freedom = np.where(count > 2, count - 2.0, np.nan)
        error = np.sqrt(((x * left) ** 2).sum(-1)) / squares
        t = np.where((slope == 0) & (error == 0), 0.0, slope / error)
        half = half_width(error, freedom)
        per_sd = activations.std(-1, ddof=1) / scales[:, None]
        spread = np.sqrt((y**2).sum(-1) / np.where(count > 1, count - 1.0, np.nan))
    return {
        "effect": slope * per_sd,
        "low": (slope - half) * per_sd,
        "high": (slope + half) * per_sd,
        "spread": spread / scales[:, None],
        "p": two_sided_p(t, freedom),
    }


def _rows(
    layer: str, units: _Units, concepts: list[str], figures: dict[str, Array]
) -> pd.DataFrame:
    """One row per unit and concept, without q."""
    names = {"unit": np.repeat(units, len(concepts)), "concept": concepts * len(units)}
    values = {name: each.T.ravel() for name, each in figures.items()}
    return pd.DataFrame({"layer": layer} | names | values)
