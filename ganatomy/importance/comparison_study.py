"""Is the difference of two GANs real: the study, from GANs or images to its result."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from ganatomy.data.dataset import UNLABELLED, Dataset
from ganatomy.data.images import to_uint8
from ganatomy.errors import InputError
from ganatomy.gan.model import Gan
from ganatomy.gan.sampling import generate, latents, score
from ganatomy.importance.comparison import COLUMNS, Comparison, ComparisonFacts
from ganatomy.importance.generator_readouts import ImageFeatures, readouts_of
from ganatomy.importance.noise import NoiseStudy
from ganatomy.importance.two_samples import kernel_test, spread_over_halves
from ganatomy.metrics.auc import auc
from ganatomy.metrics.evaluator import Evaluator, digest_of, examine_evaluator
from ganatomy.metrics.random_features import RandomFeatures
from ganatomy.statistics import Array, benjamini_hochberg, half_width, two_sided_p

FEWEST = 20
"""Images of each kind: half of them must still have five neighbours."""

_SHOWN = 32
_OF_EVALUATOR = ("g_fcd", "g_kcd", "g_precision", "g_recall", "g_coverage", "g_class_shift")


def compare(
    a: Gan | torch.Tensor,
    b: Gan | torch.Tensor,
    *,
    reals: Dataset | torch.Tensor | None = None,
    evaluator: Evaluator | None = None,
    noise: NoiseStudy | None = None,
    noise_from: str = "the study that was given",
    names: tuple[str, str] = ("A", "B"),
    count: int = 1000,
    seed: int = 0,
) -> Comparison:
    """Judge whether two GANs differ by more than sampling, and more than two trainings of one kind.

    Parameters
    ----------
    a, b : Gan, or Tensor of shape (n, c, s, s), uint8
        GANs, or images that were generated.
    reals : Dataset or Tensor of shape (n, c, s, s), uint8, optional
        Real images that no GAN was trained on. Without any it can only be told whether the images
        of A and B differ, not which is closer to the data.
    evaluator : Evaluator, optional
        For the readouts in a classifier's features, such as fcd.
    noise : NoiseStudy, optional
        The noise of retraining, of `noise_of_retraining` or `noise_of_nulls`. Where it was measured
        by another evaluator, the readouts in its features are not judged by it.
    noise_from : str
        Where that was measured, for the verdict.
    names : (str, str)
    count : int
        How many images of each kind at most. Distances of different counts do not compare.
    seed : int

    Returns
    -------
    Comparison

    Raises
    ------
    InputError
        Images of different shapes, too few of a kind, or A and B are the same or have one name.

    Examples
    --------
    >>> dark = torch.randint(0, 99, (60, 1, 8, 8), dtype=torch.uint8)
    >>> light = torch.randint(0, 256, (60, 1, 8, 8), dtype=torch.uint8)
    >>> reals = torch.randint(0, 256, (60, 1, 8, 8), dtype=torch.uint8)
    >>> compare(dark, light, reals=reals).verdict().partition(":")[0]
    'B is closer to the data than A'
    """
    if names[0] == names[1]:
        raise InputError(f"both are called {names[0]}", "names", "Give them two names.")
    data = reals if isinstance(reals, Dataset) or reals is None else _unlabelled(reals)
    sides = [
        _Side.of(each, count, seed, name=name, where=where)
        for each, name, where in zip((a, b), names, ("a", "b"), strict=True)
    ]
    kept = min(count, *(len(side.images) for side in sides), *([len(data)] if data else []))
    first, second = sides = [side.first(kept) for side in sides]
    held_out = None if data is None else data.take(torch.arange(kept))
    _check(sides, held_out, kept)
    paired = first.z is not None and second.z is not None and torch.equal(first.z, second.z)
    has_classes = held_out is not None and bool(held_out.class_names)
    device = torch.device("cpu") if evaluator is None else next(evaluator.parameters()).device
    random = RandomFeatures(first.images.shape[1]).to(device)
    features = [
        ImageFeatures.of(side.images, evaluator, random, has_classes=has_classes) for side in sides
    ]
    spaces = [each.random if each.seen is None else each.seen for each in features]
    kernel_p = kernel_test(spaces[0], spaces[1], paired=paired, seed=seed)
    table = pd.DataFrame(columns=COLUMNS)
    if held_out is not None:
        real = ImageFeatures.of(held_out.images, evaluator, random, has_classes=has_classes)
        logits = _logits(sides, held_out.images)

        def both(of_reals: torch.Tensor, of_a: torch.Tensor, of_b: torch.Tensor) -> Values:
            taken = real.take(of_reals)
            values = _named("a", readouts_of(features[0].take(of_a), taken))
            values |= _named("b", readouts_of(features[1].take(of_b), taken))
            return values | _separations(logits, of_reals, of_a, of_b)

        everything = torch.arange(kept)
        whole = both(everything, everything, everything)
        spread = spread_over_halves(both, (kept, kept, kept), paired=paired, seed=seed)
        digest = "" if evaluator is None else digest_of(evaluator)
        table = _judged(whole, spread, noise, digest)
    knows = bool(table["noise_p"].notna().any()) if len(table) else False
    facts = ComparisonFacts(
        sides[0].name,
        sides[1].name,
        count=kept,
        has_reals=held_out is not None,
        is_paired=paired,
        kernel_p=kernel_p,
        noise_from=noise_from if knows else "",
        guessing=_guessing(evaluator, held_out),
    )
    return Comparison(table, facts, first.images[:_SHOWN].clone(), second.images[:_SHOWN].clone())


def _guessing(evaluator: Evaluator | None, held_out: Dataset | None) -> str:
    """Say how little the evaluator knows of labelled images; "" where it knows enough, or none."""
    if evaluator is None or held_out is None or not held_out.class_names:
        return ""
    if evaluator.head.out_features != len(held_out.class_names):
        return ""  # it was trained for something else
    skill = examine_evaluator(evaluator, held_out)
    return "" if skill is None or skill.is_enough else skill.in_words()


Values = dict[str, float]


@dataclass(frozen=True)
class _Side:
    """One of the two: its images, and what else is known of it."""

    name: str
    images: torch.Tensor
    z: torch.Tensor | None
    gan: Gan | None

    @staticmethod
    def of(given: Gan | torch.Tensor, count: int, seed: int, *, name: str, where: str) -> "_Side":
        if isinstance(given, Gan):
            z = latents(count, given.architecture, seed, "compare")
            images = generate(given.generator_ema, z)
            if not bool(torch.isfinite(images).all()):
                raise InputError(f"{name} has diverged: its images are not finite", where, _OTHER)
            return _Side(name, to_uint8(images), z, given)
        if given.dtype != torch.uint8 or given.ndim != 4:
            raise InputError(
                f"images must be uint8 of shape (n, c, s, s), not {given.dtype} of "
                f"{tuple(given.shape)}",
                where,
                "Give a GAN, or uint8 images as of ganatomy.to_uint8.",
            )
        return _Side(name, given, None, None)

    def first(self, count: int) -> "_Side":
        z = None if self.z is None else self.z[:count]
        return _Side(self.name, self.images[:count], z, self.gan)


_OTHER = "Give another one."


def _unlabelled(images: torch.Tensor) -> Dataset:
    return Dataset(images, torch.full((len(images),), UNLABELLED))


def _check(sides: list[_Side], held_out: Dataset | None, kept: int) -> None:
    first, second = sides
    shape = first.images.shape[1:]
    others = [("b", second.name, second.images)]
    others += [] if held_out is None else [("reals", "the real images", held_out.images)]
    for where, name, images in others:
        if images.shape[1:] != shape:
            raise InputError(
                f"images of {first.name} are {_sized(shape)}, of {name} {_sized(images.shape[1:])}",
                where,
                "Compare images of one size and of as many channels.",
            )
    if kept < FEWEST:
        raise InputError(
            f"{kept} images of each kind", "count", f"Give at least {FEWEST} of A, B and reals."
        )
    if torch.equal(first.images, second.images):
        raise InputError(
            f"{first.name} and {second.name} are the same: all {kept} images are equal", "b", _OTHER
        )


def _sized(shape: torch.Size) -> str:
    channels, height, width = shape
    return f"{width} x {height} of {channels} channel{'s' if channels > 1 else ''}"


def _logits(sides: list[_Side], reals: torch.Tensor) -> list[list[torch.Tensor]] | None:
    """Each D's logits of real images, of A's and of B's; None where one has no D."""
    kinds = [reals, sides[0].images, sides[1].images]
    gans = [side.gan for side in sides if side.gan is not None]
    if len(gans) < len(sides):
        return None
    logits = [[score(gan.discriminator, images) for images in kinds] for gan in gans]
    finite = all(bool(torch.isfinite(each).all()) for own in logits for each in own)
    return logits if finite else None


def _separations(
    logits: list[list[torch.Tensor]] | None,
    of_reals: torch.Tensor,
    of_a: torch.Tensor,
    of_b: torch.Tensor,
) -> Values:
    """Measure how well each D tells the same reals from the same fakes, A's and B's."""
    if logits is None:
        return {}
    return {
        f"{side} d_separation": auc(reals[of_reals], torch.cat([by_a[of_a], by_b[of_b]]))
        for side, (reals, by_a, by_b) in zip("ab", logits, strict=True)
    }


def _named(side: str, values: Values) -> Values:
    return {f"{side} {name}": value for name, value in values.items()}


def _judged(
    whole: Values, spread: dict[str, Array], noise: NoiseStudy | None, digest: str
) -> pd.DataFrame:
    rows = []
    for name in [key[2:] for key in whole if key.startswith("a ")]:
        one, other = whole[f"a {name}"], whole[f"b {name}"]
        halves = spread[f"b {name}"] - spread[f"a {name}"]
        error = float(halves.std(ddof=1))
        difference, freedom = other - one, len(halves) - 1
        half = float(half_width(error, freedom))
        t = np.array([difference / error if error > 0 else np.nan])
        row = [name, one, other, difference, difference - half, difference + half]
        row += [float(two_sided_p(t, freedom)[0]), np.nan]
        rows.append([*row, *_against(noise, name, difference, error, digest)])
    table = pd.DataFrame(rows, columns=COLUMNS)
    for kind in ("sampling", "noise"):
        table[f"{kind}_q"] = benjamini_hochberg(table[f"{kind}_p"].to_numpy(dtype=float))
    return table


def _against(
    noise: NoiseStudy | None, name: str, difference: float, error: float, digest: str
) -> list[float]:
    """Band, p, room for q, and the level at which the noise was measured."""
    unknown = [np.nan] * 4
    if noise is None or name not in noise.components:
        return unknown
    if name in _OF_EVALUATOR and noise.design.evaluator != digest:
        return unknown
    found = noise.components[name]
    band = found.band()
    if not np.isfinite(band):
        return unknown
    return [band, found.chance_of(difference, error**2), np.nan, noise.mean(name)]
