"""Concepts of a discriminator (CRAFT: Fel et al. 2023, arXiv 2211.10154)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import torch

from ganatomy.data.images import to_uint8
from ganatomy.errors import InputError
from ganatomy.explain.craft.crops import Shown, shown_of
from ganatomy.explain.craft.factors import (
    Factors,
    factorise,
    matched,
    random_factors,
)
from ganatomy.explain.craft.result import COLUMNS, DiscriminatorConcepts
from ganatomy.explain.craft.sobol import total_variances
from ganatomy.explain.directions.walks import ratio_of_means
from ganatomy.explain.networks.batching import device_of
from ganatomy.explain.networks.hooks import captured, replaced, undisturbed
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.networks.targets import Target, d_logit
from ganatomy.rng import generator
from ganatomy.statistics import Array, benjamini_hochberg, half_width, paired_t, two_sided_p

_BATCH = 256
_LEAST = 16  # images


@dataclass(frozen=True)
class ConceptsSettings:
    """Numbers of images, concepts and draws.

    Attributes
    ----------
    num_concepts : int
    num_images : int
        The most, real and generated together; concepts are found by half of them.
    num_asked : int
        Of the others, the most for which importance and effect are measured.
    num_draws : int
        Of the design by which importance is measured: a power of two.
    num_random : int
        Random directions beside each concept.
    num_repeats : int
        Draws of images between which concepts are compared.
    num_crops, num_examples : int
        That are shown of each concept.
    """

    num_concepts: int = 6
    num_images: int = 240
    num_asked: int = 32
    num_draws: int = 32
    num_random: int = 24
    num_repeats: int = 3
    num_crops: int = 8
    num_examples: int = 3


DEFAULT_CONCEPTS = ConceptsSettings()


def find_discriminator_concepts(
    subjects: Subjects,
    *,
    layer: str = "",
    settings: ConceptsSettings = DEFAULT_CONCEPTS,
    seed: int = 0,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> DiscriminatorConcepts:
    """Find what a layer of D is made of, and what each of it is worth to D's logit.

    The layer's activations at every place are written as sums of a few non-negative factors, the
    concepts. By half of the images they are found, by the other half judged: how much of the
    logit's variance hangs on each (total Sobol index), what the logit loses without it, beside
    what it loses by as large steps in random directions of the layer, and whether other images
    give the same concepts.

    Parameters
    ----------
    subjects : Subjects
        With a discriminator and images, real or generated or both.
    layer : str
        Of the discriminator; by default the last one with channels.
    settings : ConceptsSettings
    seed : int
    on_progress : callable
        Told steps done, and of how many.

    Raises
    ------
    InputError
        No discriminator, no layer with maps, fewer than 16 images, or a logit or activations that
        are the same for all of them.
    """
    model, layer, images, is_real = _asked(subjects, layer, settings, seed)
    target = d_logit(model)
    activations, logits = _read(target, layer, images)
    _require_differences(activations, logits)
    found, held = slice(0, None, 2), slice(1, None, 2)
    total = 3 + settings.num_repeats
    steps = iter(range(1, total + 1))

    def tick() -> None:
        on_progress(next(steps), total)

    count = min(settings.num_concepts, 2 * activations.shape[1])
    factors = factorise(activations[found], count, seed=seed)
    tick()
    stability = _stability(factors, activations[found], settings, seed, tick)
    judged = _Judged(target, layer, images[held], activations[held], logits[held])
    fidelity = judged.fidelity(factors)
    random = judged.fidelity(random_factors(count, factors.parts.shape[1], seed))
    tick()
    amounts = factors.amounts(activations[held])
    table = judged.table(factors, amounts, settings, seed)
    tick()
    table = table.assign(stability=stability, **_presence(amounts, is_real[held]))
    order = np.argsort(-table["importance"].fillna(-1).to_numpy(), kind="stable")
    table = table.iloc[order].assign(concept=range(1, count + 1)).reset_index(drop=True)
    chosen = torch.from_numpy(order.copy())
    shown: Shown = shown_of(
        to_uint8(images[held]), amounts[:, chosen], settings.num_crops, settings.num_examples
    )
    return DiscriminatorConcepts(
        layer,
        len(amounts),
        table[COLUMNS],
        *fidelity,
        random[0],
        factors.parts[chosen],
        shown.crops,
        shown.examples,
        shown.maps,
    )


def _asked(
    subjects: Subjects, layer: str, settings: ConceptsSettings, seed: int
) -> tuple[torch.nn.Module, str, torch.Tensor, torch.Tensor]:
    """The network, its layer, and its images in an order of their own: real or not."""
    if not subjects.has_discriminator:
        raise InputError("no discriminator was given", "discriminator", "Give one.")
    layer = layer or subjects.d_layers.last or ""
    if not layer:
        raise InputError(
            "no layer of the discriminator has maps of several channels",
            "discriminator",
            "Give a network with convolutions, no TorchScript.",
        )
    kinds = [each for each in (subjects.real, subjects.fake) if len(each)]
    share = settings.num_images // max(1, len(kinds))
    images = torch.cat([each[:share] for each in kinds])
    if len(images) < _LEAST:
        raise InputError(
            f"{len(images)} images", "images", f"Give at least {_LEAST}; 200 are better."
        )
    is_real = torch.zeros(len(images), dtype=torch.bool)
    is_real[: len(subjects.real[:share])] = True
    order = torch.randperm(len(images), generator=generator(seed, "craft", "images"))
    return subjects.discriminator, layer, images[order], is_real[order]


@torch.no_grad()
def _read(target: Target, layer: str, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    device, activations, logits = device_of(target.model), [], []
    with undisturbed(target.model), captured(target.model, [layer]) as seen:
        for part in images.split(_BATCH):
            logits.append(target.values(part.to(device)).cpu().double())
            activations.append(seen[layer].detach().float().cpu())
    return torch.cat(activations), torch.cat(logits)


def _require_differences(activations: torch.Tensor, logits: torch.Tensor) -> None:
    if not bool(activations.isfinite().all() and logits.isfinite().all()):
        raise InputError("values that are not finite", "discriminator", "See what its weights are.")
    for what, values in (("logit", logits[:, None]), ("activations", activations.flatten(1))):
        if bool((values == values[:1]).all()):
            raise InputError(
                f"the same {what} for every image",
                "discriminator",
                "It tells nothing apart: there are no concepts to find.",
            )


def _stability(
    factors: Factors,
    activations: torch.Tensor,
    settings: ConceptsSettings,
    seed: int,
    tick: Callable[[], None],
) -> Array:
    """Mean cosine of each factor with its match among those that half of the images give."""
    cosines = []
    for repeat in range(settings.num_repeats):
        draw = generator(seed, "craft", "half", repeat)
        half = torch.randperm(len(activations), generator=draw)[: len(activations) // 2]
        other = factorise(activations[half], len(factors.parts), seed=seed + 1 + repeat)
        cosines.append(matched(factors, other))
        tick()
    mean: Array = torch.stack(cosines).double().mean(0).numpy()
    return mean


def _presence(amounts: torch.Tensor, is_real: torch.Tensor) -> dict[str, Array]:
    """Measure how much of each concept images of each kind have: 1 in the mean of all."""
    found = amounts.double().mean((2, 3))
    found = found / found.mean(0).clamp(min=1e-12)
    kinds = {"on_real": found[is_real], "on_fake": found[~is_real]}
    return {
        name: (each.mean(0) if len(each) else each.new_full((found.shape[1],), torch.nan)).numpy()
        for name, each in kinds.items()
    }


class _Judged:
    """Images that nothing was fitted to, whose activations are replaced in the network."""

    def __init__(
        self,
        target: Target,
        layer: str,
        images: torch.Tensor,
        activations: torch.Tensor,
        logits: torch.Tensor,
    ) -> None:
        self.target, self.layer = target, layer
        self.images, self.activations, self.logits = images, activations, logits

    def fidelity(self, factors: Factors) -> tuple[float, float, float]:
        """R^2 of the logit by what factors make of the activations, with its 95 % interval."""
        rebuilt = factors.rebuilt(factors.amounts(self.activations))
        guess = self._logits(self.images, rebuilt)
        error = (guess - self.logits).square().numpy()
        spread = (self.logits - self.logits.mean()).square().numpy()
        ratio = ratio_of_means(error, spread)
        return 1 - ratio.value, 1 - ratio.high, 1 - ratio.low

    def table(
        self, factors: Factors, amounts: torch.Tensor, settings: ConceptsSettings, seed: int
    ) -> pd.DataFrame:
        """One row for each factor: importance, and effect beside random directions."""
        few = slice(0, settings.num_asked)
        asked = _Judged(
            self.target, self.layer, self.images[few], self.activations[few], self.logits[few]
        )
        directions = factors.directions
        hanging, variance = asked._variances(directions, amounts[few], settings.num_draws, seed)
        shares = [ratio_of_means(each, variance) for each in hanging.T]
        spread = float(self.logits.std())
        effects = asked._effects(directions, amounts[few]) / spread
        effect, low, high, _ = paired_t(effects.T)
        by_chance = asked._by_chance(directions, amounts[few], settings.num_random, seed) / spread
        scale = np.sqrt((by_chance**2).mean(0))
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.where(scale > 0, effect / scale, np.where(effect == 0, 0.0, np.inf))
        p = two_sided_p(t, settings.num_random)
        q = benjamini_hochberg(p)
        is_certain = (low > 0) | (high < 0)
        return pd.DataFrame(
            {
                "importance": [each.value for each in shares],
                "importance_low": [each.low for each in shares],
                "importance_high": [each.high for each in shares],
                "effect": effect,
                "low": low,
                "high": high,
                "of_random": half_width(scale, settings.num_random),
                "p": p,
                "q": q,
                "stands_out": (q <= 0.05) & is_certain,
            }
        )

    def _variances(
        self, directions: torch.Tensor, amounts: torch.Tensor, draws: int, seed: int
    ) -> tuple[Array, Array]:
        """Variance of each image's logit that hangs on each concept, (n, k), and all, (n,)."""
        found = []
        for place, own in enumerate(amounts):
            parts = _parts(own, directions)
            rest = self.activations[place] - parts.sum(0)
            score = partial(self._masked, self.images[place], rest, parts)
            found.append(total_variances(score, len(parts), draws=draws, seed=seed))
        hanging, variance = zip(*found)
        return torch.stack(hanging).numpy(), torch.stack(variance).numpy()

    def _masked(
        self,
        image: torch.Tensor,
        rest: torch.Tensor,
        parts: torch.Tensor,
        masks: torch.Tensor,
    ) -> torch.Tensor:
        inside = rest + torch.einsum("mk,kchw->mchw", masks.to(parts), parts)
        return self._logits(image.expand(len(masks), -1, -1, -1), inside)

    def _effects(self, directions: torch.Tensor, amounts: torch.Tensor) -> Array:
        """Measure the loss of each image's logit without each concept, (n, k)."""
        lost = []
        for k, direction in enumerate(directions):
            without = self.activations - amounts[:, k, None] * direction[:, None, None]
            lost.append(self.logits - self._logits(self.images, without))
        effects: Array = torch.stack(lost, 1).numpy()
        return effects

    def _by_chance(
        self, directions: torch.Tensor, amounts: torch.Tensor, count: int, seed: int
    ) -> Array:
        """Mean over images of what it loses by random directions as large, (count, k)."""
        draw, rows = generator(seed, "craft", "directions"), []
        for _ in range(count):
            drawn = torch.randn(directions.shape, generator=draw)
            lengths = directions.norm(dim=1, keepdim=True) / drawn.norm(dim=1, keepdim=True)
            rows.append(self._effects(drawn * lengths, amounts).mean(0))
        return np.stack(rows)

    @torch.no_grad()
    def _logits(self, images: torch.Tensor, activations: torch.Tensor) -> torch.Tensor:
        device, found = device_of(self.target.model), []
        for part, inside in zip(images.split(_BATCH), activations.split(_BATCH)):
            given = inside.to(device)
            with replaced(self.target.model, {self.layer: partial(_instead, given)}):
                found.append(self.target.values(part.to(device)).cpu().double())
        return torch.cat(found)


def _instead(given: torch.Tensor, output: torch.Tensor) -> torch.Tensor:
    return given.to(output.dtype)


def _parts(amounts: torch.Tensor, directions: torch.Tensor) -> torch.Tensor:
    """Return the part of each concept in the activations of an image: (k, c, h, w)."""
    return torch.einsum("khw,kc->kchw", amounts, directions)
