"""Targets by the names that params.yaml gives them."""

from collections.abc import Callable, Iterable

import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.images import to_float
from ganatomy.errors import InputError
from ganatomy.explain import targets
from ganatomy.explain.concepts import Concept, fit_concept
from ganatomy.explain.targets import Target
from ganatomy.metrics.evaluator import Evaluator
from tasks.layout import PREPARED
from tasks.names import KINDS, concept_of, parsed, region_of
from tasks.samples import Samples

_CONCEPT_IMAGES = 2000


def of_generator(
    names: Iterable[str], samples: Samples, where: str, on_warning: Callable[[str], None]
) -> dict[str, Target]:
    """Targets of G as functions of z, by name.

    A concept that the evaluator cannot read is left out with a warning.

    Raises
    ------
    InputError
        A name that is none, or of a class, feature or region that this data does not have.
    """
    found = {}
    for name in dict.fromkeys(names):
        kind, what = parsed(name)
        target = _one(kind, what, samples, name, where, on_warning)
        if target is not None:
            found[target.name] = target
    return found


def _one(
    kind: str,
    what: str,
    samples: Samples,
    name: str,
    where: str,
    on_warning: Callable[[str], None],
) -> Target | None:
    generator, evaluator = samples.gan.generator_ema, samples.evaluator
    if kind == "d_logit" and not what:
        return targets.d_logit_of_g(generator, samples.gan.discriminator)
    if kind == "class" and not samples.class_names:
        on_warning(f"{name} is left out: the data has no classes")
        return None
    if kind == "class" and not what:
        return targets.seen_class(evaluator, generator)
    if kind == "class":
        if what not in samples.class_names:
            raise InputError(
                f"no class {what!r}", where, f"There are: {', '.join(samples.class_names)}."
            )
        return targets.class_logit(evaluator, samples.class_names.index(what), what, generator)
    if kind == "region" and what:
        feature = region_of(what, Dataset.load(PREPARED, "train", mapped=True), where)
        side = samples.gan.architecture.image_size
        return targets.region(generator, feature.inside(side), what)
    if kind == "concept" and what:
        found = concepts([what], evaluator, where, on_warning)
        return targets.concept(evaluator, found[0], generator) if found else None
    raise InputError(f"unknown target {name!r}", where, f"There are: {KINDS}.")


def concepts(
    names: Iterable[str], evaluator: Evaluator, where: str, on_warning: Callable[[str], None]
) -> list[Concept]:
    """Concepts that are features of the data, fitted to training images.

    One that the evaluator's features do not carry is left out with a warning.
    """
    train = Dataset.load(PREPARED, "train")
    device = next(evaluator.parameters()).device
    images = to_float(train.images[:_CONCEPT_IMAGES])
    with torch.no_grad():
        features = torch.cat([evaluator.features(x.to(device)) for x in images.split(500)]).cpu()
    found = []
    for name in names:
        feature = concept_of(name, train, where)
        fitted = fit_concept(name, features, feature.measure(images))
        if fitted.is_readable:
            found.append(fitted)
        else:
            on_warning(
                f"concept {name} is left out: the evaluator's features tell only "
                f"{max(0.0, fitted.r2):.0%} of its variance"
            )
    return found
