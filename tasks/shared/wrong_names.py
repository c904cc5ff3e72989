"""All names that the user wrote and the data does not have; `tasks.shared.refusal` asks."""

from ganatomy.data.dataset import Dataset
from ganatomy.data.features.own import own_feature
from ganatomy.data.recipe import is_learned
from ganatomy.errors import InputError
from tasks.directions.params import Directions
from tasks.gradcam.params import Gradcam
from tasks.lime.params import Lime
from tasks.params.section import read_document, told_file
from tasks.rules.params import OWN, Rules
from tasks.shared.found_directions import check_number
from tasks.shared.keys import by_key
from tasks.shared.learned import without_learned
from tasks.shared.names import recipes_of, vocabulary_of
from tasks.variants.params import Variants


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
    num_directions = Directions.load(told).num_directions
    with by_key(variants):
        early = without_learned(variants, num_directions)
    recipes_of(early, train, 0, lambda text: None)
    words = vocabulary_of(train, variants)
    for section, field, check in (
        (gradcam, "targets", words.check_target),
        (gradcam, "concepts", words.concept),
        (lime, "latent_targets", words.check_target),
    ):
        if not section.is_default(field):
            with by_key(section):
                for name in getattr(section, field):
                    if field != "concepts" and is_learned(name):
                        check_number(name, num_directions, field)
                    else:
                        check(name, field)
    rules = Rules.load(told)
    with by_key(rules, **OWN):
        for name in rules.concepts:
            own_feature(name, train)
