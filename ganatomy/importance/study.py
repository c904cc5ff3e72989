"""Which features of the data matter: the study of retrained GANs.

`drop_feature_importance` does it all, from a data set to the result; `judge_members` starts from
GANs that were retrained before.
"""

from collections.abc import Callable, Iterable, Sequence

from torch import nn

from ganatomy.data.dataset import Dataset
from ganatomy.data.recipe import USUAL_REGIONS, Recipe, Regions
from ganatomy.errors import InputError
from ganatomy.importance.changed_regions import region_masks
from ganatomy.importance.datamodels import datamodels
from ganatomy.importance.evaluation_set import EvaluationSet
from ganatomy.importance.experiment import Experiment, StudySize
from ganatomy.importance.generated import Sampler
from ganatomy.importance.interactions import interactions
from ganatomy.importance.judging import judge
from ganatomy.importance.measuring import read_out
from ganatomy.importance.members import Member
from ganatomy.importance.reliance import reliance_on_features
from ganatomy.importance.result import ImportanceStudy
from ganatomy.importance.sizes import PRACTICAL_SIZE

__all__ = ["Experiment", "ImportanceStudy", "StudySize", "drop_feature_importance", "judge_members"]

_SHOWN_IMAGES = 12
_FEWEST = 2  # seeds, and nulls


def drop_feature_importance(
    dataset: Dataset,
    features: Sequence[str],
    *,
    size: StudySize | None = None,
    modes: Sequence[str] = ("remove",),
    regions: Regions = USUAL_REGIONS,
    fdr: float = 0.05,
    practical_size: float = PRACTICAL_SIZE,
    seed: int = 0,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    on_warning: Callable[[str], None] = lambda text: None,
) -> ImportanceStudy:
    """Measure how much each feature of the data matters, by training G and D anew without it.

    One feature at a time is changed, and what becomes of G and of D is compared with GANs that were
    trained on unchanged data.

    Parameters
    ----------
    dataset : Dataset
        Its last fifth is held out.
    features : sequence of str
        Names of `ganatomy.data.features.known`, or ``module:Class`` of your own.
    size : StudySize, optional
        How much is spent; by default minutes for 28 x 28 images.
    modes : sequence of str in {"remove", "permute", "noise"}
        What is done to each feature, where it can be.
    regions : Regions
        Which cells and masks the names stand for.
    fdr : float in (0, 1)
        Share of false ones among all that stand out.
    practical_size : float
        The least change that matters: of G's distance to held-out images as a share of that of
        GANs retrained on unchanged data, or of D's logits in their spread.
    seed : int
    on_progress : callable
        Called with (done, total) steps of all trainings.
    on_warning : callable
        Told of what changes nothing, of members that have diverged, and of packs that are smaller.

    Raises
    ------
    InputError
        A feature or mode that this data does not have, none that changes anything, or too few
        images, nulls or seeds: all before anything is retrained.

    Examples
    --------
    >>> import torch
    >>> torch.set_num_threads(1)
    >>> images = torch.randint(0, 256, (200, 1, 28, 28), dtype=torch.uint8)
    >>> data = Dataset(images, torch.zeros(200, dtype=torch.int64))
    >>> tiny = StudySize(num_steps=2, width=4, num_seeds=2, num_nulls=3, evaluator_epochs=1)
    >>> study = drop_feature_importance(data, ["contrast", "cell_0_0"], size=tiny)
    >>> sorted(study.ranking["variant"])
    ['cell_0_0', 'contrast']
    """
    size = size or StudySize()
    check_size(size)
    experiment = Experiment.begin(dataset, size, seed=seed)
    asked = experiment.recipes(features, modes=modes, regions=regions)
    variants = experiment.variants(asked, on_warning=on_warning)
    if all(recipe.is_null for recipe, _ in variants):
        raise InputError(
            "there is no feature whose change changes anything",
            "features",
            "Name features that the images have.",
        )
    members = experiment.members(variants, on_progress=on_progress, on_warning=on_warning)
    return judge_members(
        members,
        [recipe for recipe, _ in variants],
        experiment.evaluation,
        base_discriminator=experiment.base.discriminator,
        train=experiment.train,
        num_members=len(members),
        fdr=fdr,
        practical_size=practical_size,
        seed=seed,
        on_warning=on_warning,
    )


def check_size(size: StudySize) -> None:
    """Refuse before anything is trained what could not be judged afterwards."""
    for name in ("num_seeds", "num_nulls"):
        if (count := getattr(size, name)) < _FEWEST:
            raise InputError(
                f"{count} leaves no noise of retraining to judge by",
                name,
                f"Have at least {_FEWEST}; 4 or more are better.",
            )


def judge_members(
    members: Iterable[Member],
    recipes: Sequence[Recipe],
    evaluation: EvaluationSet,
    *,
    base_discriminator: nn.Module,
    train: Dataset,
    num_members: int,
    fdr: float = 0.05,
    practical_size: float = PRACTICAL_SIZE,
    seed: int = 0,
    num_shown: int = 10,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    on_warning: Callable[[str], None] = lambda text: None,
) -> ImportanceStudy:
    """Read out retrained GANs, and judge the influence of every changed feature.

    Parameters
    ----------
    members : iterable of Member
        Gone through once, and no network is kept: it may load one GAN at a time. Those of a seed
        share initial weights, latents and the places of minibatches.
    recipes : sequence of Recipe
        Of all variants, those among them that no member was trained on; the base D is asked about
        their features.
    evaluation : EvaluationSet
    base_discriminator : Module
    train : Dataset
        What the base GAN was trained on, for the mean image; the images may be mapped.
    num_members : int
        For `on_progress`.
    fdr : float in (0, 1)
        Share of false ones among all that stand out.
    practical_size : float
        The least change that matters: of G's distance to held-out images as a share of that of
        GANs retrained on unchanged data, or of D's logits in their spread.
    seed : int
        Of bootstraps and of draws of seeds.
    num_shown : int
        Of how many variants images are kept, the most influential first.
    on_progress : callable
        Called with (done, total) members.
    on_warning : callable
        Told of members that have diverged.

    Raises
    ------
    InputError
        Too few images, nulls or seeds, or no GAN that has not diverged.
    """
    sampler = Sampler(evaluation.z[:_SHOWN_IMAGES])
    read = read_out(
        sampler.passing(members),
        evaluation,
        recipes=recipes,
        num_members=num_members,
        on_progress=on_progress,
    )
    for row in read.diverged.to_dict("records"):
        on_warning(f"{row['variant']}, seed {row['seed']}, has diverged: it is left out")
    if read.repeats.empty:
        raise InputError(
            f"none of {len(read.diverged)} retrained GANs is left to be judged",
            "members",
            "Train them again with a lower learning rate or a penalty (`r1`).",
        )
    tables = judge(read.repeats, fdr, practical_size=practical_size, seed=seed)
    features = {name for recipe in recipes for name in recipe.features}
    return ImportanceStudy(
        read,
        **tables,
        interactions=interactions(read.repeats, fdr),
        subsets=datamodels(read.repeats, fdr, seed=seed),
        reliance=reliance_on_features(base_discriminator, evaluation, recipes, fdr=fdr, seed=seed),
        sheets=sampler.sheets(tables["ranking"]["variant"].head(num_shown).tolist()),
        regions=region_masks(train, recipes[0].regions, features),
        fdr=fdr,
        practical_size=practical_size,
    )
