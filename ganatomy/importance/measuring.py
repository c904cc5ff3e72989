"""What retrained GANs became: each one read out on the same images and latents.

Drop-feature importance: a variant of the data lacks one feature, G and D are trained anew on it,
and what they became is read out here. Nulls, trained on unchanged data, are read out alike;
`ganatomy.importance.ranking` judges one against the other.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import pandas as pd
import torch

from ganatomy.data.images import to_uint8
from ganatomy.data.recipe import Recipe
from ganatomy.gan.sampling import generate, score
from ganatomy.importance.evaluation_set import EvaluationSet
from ganatomy.importance.generator_readouts import BATCH as _BATCH
from ganatomy.importance.generator_readouts import ImageFeatures, readouts_of
from ganatomy.importance.members import Member
from ganatomy.importance.questions import Questions
from ganatomy.importance.repeats import ReadOut
from ganatomy.metrics.auc import auc


class _About(NamedTuple):
    """A member in the tables."""

    variant: str
    features: str
    mode: str
    is_null: bool
    seed: int
    share: float


@torch.no_grad()
def read_out(
    members: Iterable[Member],
    evaluation: EvaluationSet,
    *,
    num_members: int,
    recipes: Sequence[Recipe] = (),
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> ReadOut:
    """Measure every member, one after the other.

    `d_shift` compares a member with the nulls of its seed and share. Where there is none but
    itself, that row is left out.

    Parameters
    ----------
    members : iterable of Member
        Gone through once, and no network is kept: it may load one GAN at a time.
    evaluation : EvaluationSet
    num_members : int
        For `on_progress`.
    recipes : sequence of Recipe
        Of the variants that D is asked about (``d_contrast``); without them it is left out.
    on_progress : callable
        Called with (done, total) members.
    """
    reals = _Reals(evaluation)
    questions = Questions(evaluation.held_out, recipes)
    class_names = evaluation.held_out.class_names
    measured: list[tuple[_About, dict[str, float], torch.Tensor]] = []
    classes: list[tuple[str, bool, int, str, float]] = []
    diverged: list[_About] = []
    for done, member in enumerate(members, 1):
        about = _about(member)
        on_images = _logits(member, evaluation)
        fakes = _fakes(member, evaluation)
        if on_images is None or fakes is None:
            diverged.append(about)
        else:
            values, shares = reals.compare(fakes)
            num_reals = len(evaluation.reals)
            values["d_separation"] = auc(on_images[:num_reals], on_images[num_reals:])
            values |= questions.ask(member, on_images[:num_reals])
            measured.append((about, values, _standardised(on_images)))
            if about.share == 1:
                key = (about.variant, about.is_null, about.seed)
                classes += [(*key, *pair) for pair in zip(class_names, shares.tolist())]
        on_progress(done, num_members)
    _add_shifts(measured)
    rows = [(*about, *pair) for about, values, _ in measured for pair in values.items()]
    repeats = pd.DataFrame(rows, columns=[*_About._fields, "readout", "value"])
    return ReadOut(
        repeats.sort_values(["readout", "variant", "seed", "share"], ignore_index=True),
        pd.DataFrame(classes, columns=["variant", "is_null", "seed", "class_name", "share"]),
        pd.DataFrame(diverged, columns=list(_About._fields)),
    )


def _about(member: Member) -> _About:
    recipe = member.recipe
    features = "+".join(recipe.features)
    return _About(recipe.name, features, recipe.mode, recipe.is_null, member.seed, member.share)


def _fakes(member: Member, evaluation: EvaluationSet) -> torch.Tensor | None:
    """Generate images as people would see them, uint8."""
    if member.generator is None:
        return None
    images = generate(member.generator, evaluation.z, _BATCH)
    return to_uint8(images) if bool(torch.isfinite(images).all()) else None


def _logits(member: Member, evaluation: EvaluationSet) -> torch.Tensor | None:
    """D's, of held-out reals and then of base fakes."""
    if member.discriminator is None:
        return None
    both = (evaluation.reals, evaluation.base_fakes)
    logits = torch.cat([score(member.discriminator, images, _BATCH) for images in both])
    return logits if bool(torch.isfinite(logits).all()) else None


class _Reals:
    """Features of the held-out images, which all members are compared with."""

    def __init__(self, evaluation: EvaluationSet) -> None:
        self._evaluation = evaluation
        self._reals = self._features(evaluation.reals)

    def compare(self, fakes: torch.Tensor) -> tuple[dict[str, float], torch.Tensor]:
        """Return the readouts of a generator, and the shares of classes among its fakes."""
        own = self._features(fakes)
        num_classes = len(self._evaluation.held_out.class_names)
        return readouts_of(own, self._reals), own.class_shares(num_classes)

    def _features(self, images: torch.Tensor) -> ImageFeatures:
        evaluation = self._evaluation
        return ImageFeatures.of(
            images,
            evaluation.evaluator,
            evaluation.random_features,
            has_classes=bool(evaluation.held_out.class_names),
        )


def _standardised(logits: torch.Tensor) -> torch.Tensor:
    # a D that says the same of every image has no spread: its standardised logits are all zero
    return (logits - logits.mean()) / logits.std().clamp(min=1e-12)


def _add_shifts(measured: list[tuple[_About, dict[str, float], torch.Tensor]]) -> None:
    """Mean distance of each member's standardised logits from those of the other nulls of its seed.

    Seeds are shared on purpose: the difference between two seeds is larger than that between two
    features.
    """
    for place, (about, values, logits) in enumerate(measured):
        shifts = [
            float((logits - of_null).square().mean().sqrt())
            for other, (null, _, of_null) in enumerate(measured)
            if null.is_null and null[-2:] == about[-2:] and other != place  # equal seed and share
        ]
        if shifts:
            values["d_shift"] = sum(shifts) / len(shifts)
