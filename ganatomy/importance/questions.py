"""What D is asked about a feature: images that have it, against images that lack it.

The same images with and without the feature leave out what differs between images, so a
discriminator that learned the feature is told from one that could not with little noise.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch

from ganatomy.data.dataset import UNLABELLED, Dataset
from ganatomy.data.features import Selection, find, known
from ganatomy.data.recipe import Recipe, is_learned
from ganatomy.data.variants import ChangesNothing, apply
from ganatomy.errors import InputError
from ganatomy.gan.sampling import score
from ganatomy.importance.members import Member
from ganatomy.importance.readouts import about_variant

_MOST = 500  # images, the same for all GANs: more would cost more and tell no more of retraining
_BATCH = 64
_DECIMALS = 2  # a hundredth of the logits' spread is no preference, however sure it is


@dataclass(frozen=True)
class Question:
    """Images with and without what a variant changes.

    Attributes
    ----------
    recipe : Recipe
    changed : Tensor of shape (n, c, s, s), uint8, or None
        The held-out images, changed by the same recipe; means and partners are their own.
    kept : Tensor of shape (n,), bool, or None
        Where the variant leaves images out instead: which of them it would keep.
    """

    recipe: Recipe
    changed: torch.Tensor | None
    kept: torch.Tensor | None

    @staticmethod
    def of(held_out: Dataset, recipe: Recipe) -> "Question | None":
        """Make the question; None for nulls, subsets, and where it cannot be asked."""
        if recipe.is_null or recipe.kind == "subset":
            return None
        if not recipe.selects and not _is_own_selection(held_out, recipe):
            plain = Dataset(held_out.images, torch.full((len(held_out),), UNLABELLED))
            try:
                return Question(recipe, apply(plain, recipe).dataset.images, None)
            except ChangesNothing:  # of the training images it changes something
                return Question(recipe, held_out.images, None)
        kept = _kept(held_out, recipe) if len(recipe.features) == 1 else None
        return (
            None if kept is None or kept.all() or not kept.any() else Question(recipe, None, kept)
        )

    def contrast(self, discriminator: torch.nn.Module, logits: torch.Tensor) -> float:
        """Subtract the mean logit without the feature from that with it, in the logits' spread.

        Parameters
        ----------
        discriminator : Module
        logits : Tensor of shape (n,), float64
            Of the held-out images as they are.

        Returns
        -------
        float
            To a hundredth: what D prefers by less it is said not to see. NaN where logits are not
            finite.
        """
        if self.kept is not None:
            difference = logits[~self.kept].mean() - logits[self.kept].mean()
        else:
            assert self.changed is not None
            difference = (logits - score(discriminator, self.changed, _BATCH)).mean()
        return round(float(difference / logits.std().clamp(min=1e-12)), _DECIMALS)


def _is_own_selection(held_out: Dataset, recipe: Recipe) -> bool:
    """Say whether a feature of the user's own leaves images out."""
    own = [name for name in recipe.features if ":" in name and not is_learned(name)]
    features = known(held_out, recipe.regions.grid, recipe.regions.masks) if own else {}
    return any(isinstance(find(name, features, held_out), Selection) for name in own)


def _kept(held_out: Dataset, recipe: Recipe) -> torch.Tensor | None:
    features = known(held_out, recipe.regions.grid, recipe.regions.masks)
    try:
        feature = find(recipe.features[0], features, held_out, recipe.regions.learned)
    except InputError:  # a class that no held-out image has, or data that was changed by hand
        return None
    if not isinstance(feature, Selection):
        return None
    kept = torch.zeros(len(held_out), dtype=torch.bool)
    kept[feature.select(held_out, recipe.mode, recipe.seed).cpu()] = True
    return kept


class Questions:
    """Ask every GAN what its variant is about, and every null about all variants.

    Parameters
    ----------
    held_out : Dataset
        Its first 500 images are asked about.
    recipes : iterable of Recipe
        Of the variants that are read out.
    """

    def __init__(self, held_out: Dataset, recipes: Iterable[Recipe]) -> None:
        self._count = min(_MOST, len(held_out))
        asked = held_out.take(torch.arange(self._count))
        made = (Question.of(asked, recipe) for recipe in recipes)
        self._questions = {one.recipe.name: one for one in made if one is not None}

    def ask(self, member: Member, logits: torch.Tensor) -> dict[str, float]:
        """Return ``d_contrast`` of each question, by `about_variant`; not finite ones are left out.

        Parameters
        ----------
        member : Member
            With a discriminator.
        logits : Tensor of shape (n,), float64
            Of all held-out images.
        """
        assert member.discriminator is not None
        names = self._questions if member.recipe.is_null else [member.recipe.name]
        found = {
            about_variant("d_contrast", name): self._questions[name].contrast(
                member.discriminator, logits[: self._count]
            )
            for name in names
            if name in self._questions
        }
        return {name: value for name, value in found.items() if value == value}
