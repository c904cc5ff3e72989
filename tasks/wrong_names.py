"""All names that the user wrote and the data does not have: what `tasks.refusal` asks for."""

from collections.abc import Callable

from ganatomy.data.dataset import Dataset
from ganatomy.data.features.recipes import recipes
from ganatomy.errors import InputError
from tasks.names import check_target, concept_of, features_of
from tasks.params.gradcam import Gradcam
from tasks.params.lime import Lime
from tasks.params.section import Section, read_document, told_file
from tasks.params.variants import Variants


def check_names(train: Dataset) -> None:
    """Refuse names that the user wrote and this data does not have.

    Raises
    ------
    InputError
        Of the first one.
    """
    if read_document(told_file())["gan"]["conditional"] and not (
        train.class_names and bool((train.labels >= 0).all())
    ):
        raise InputError(
            "a conditional GAN needs the class of every training image",
            "gan.conditional=true",
            "Use labelled images, or gan.conditional=false.",
        )
    told = told_file()  # read beside `read_once`: what is checked decides nothing of the result
    variants, gradcam, lime = Variants.load(told), Gradcam.load(told), Lime.load(told)
    recipes(
        features_of(variants, train, lambda text: None),
        variants.modes,
        variants.interactions,
        variants.num_subsets,
        variants.subset_share,
        variants.num_nulls,
        train,
        0,
        variants.grid,
        variants.masks,
    )
    lists: tuple[tuple[Section, str, Callable[[str, Dataset, str], object]], ...] = (
        (gradcam, "targets", check_target),
        (gradcam, "concepts", concept_of),
        (lime, "latent_targets", check_target),
    )
    for section, field, check in lists:
        if not section.is_default(field):
            for name in getattr(section, field):
                check(name, train, f"{section.name}.{field}")
