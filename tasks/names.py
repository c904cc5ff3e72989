"""Names in params.yaml of which only the data can tell whether they mean anything.

A default is made for the sample data: where it does not fit the user's, it is left out, and said.
What the user wrote and the data does not have is refused, by `prepare`, before anything is trained.
"""

from collections.abc import Callable

from ganatomy.data.dataset import Dataset
from ganatomy.data.features import Feature, find, known
from ganatomy.data.features.regions import Region
from ganatomy.errors import InputError
from tasks.layout import PREPARED
from tasks.params.section import Section
from tasks.params.variants import Variants

KINDS = "d_logit, class, class(NAME), concept(NAME), region(NAME)"


def features_of(params: Variants, train: Dataset, warn: Callable[[str], None]) -> list[str]:
    """The features that are to be changed; see `fitting`."""
    there = known(train, params.grid, params.masks)
    return fitting(params, "features", lambda name: find(name, there, train), warn)


def targets_of(params: Section, field: str, warn: Callable[[str], None]) -> list[str]:
    """The targets in a field of params.yaml; see `fitting`."""
    train, where = Dataset.load(PREPARED, "train", mapped=True), f"{params.name}.{field}"
    return fitting(params, field, lambda name: check_target(name, train, where), warn)


def concepts_of(params: Section, warn: Callable[[str], None]) -> list[str]:
    """The concepts that are looked for; see `fitting`."""
    train, where = Dataset.load(PREPARED, "train", mapped=True), f"{params.name}.concepts"
    return fitting(params, "concepts", lambda name: concept_of(name, train, where), warn)


def fitting(
    params: Section, field: str, check: Callable[[str], object], warn: Callable[[str], None]
) -> list[str]:
    """The names in a list, less defaults that `check` refuses: these are left out with a warning.

    What is not the default stays whole: whoever uses it refuses what is wrong.
    """
    names: list[str] = getattr(params, field)
    if not params.is_default(field):
        return list(names)
    kept = []
    for name in names:
        try:
            check(name)
        except InputError as error:
            warn(f"{name}, by default in {params.name}.{field}, is left out: {error.what}")
        else:
            kept.append(name)
    return kept


def parsed(name: str) -> tuple[str, str]:
    """``kind(what)`` as (kind, what); the kind is empty where the brackets are not as they must."""
    kind, _, rest = name.partition("(")
    return ("" if bool(rest) != name.endswith(")") else kind), rest.removesuffix(")")


def check_target(name: str, train: Dataset, where: str) -> None:
    """Refuse the name of a target of G that this data does not have, or that is none.

    Raises
    ------
    InputError
    """
    kind, what = parsed(name)
    if kind == "class":
        _check_class(what, train, where)
    elif kind == "region" and what:
        region_of(what, train, where)
    elif kind == "concept" and what:
        concept_of(what, train, where)
    elif kind != "d_logit" or what:
        raise InputError(f"unknown target {name!r}", where, f"There are: {KINDS}.")


def _check_class(what: str, train: Dataset, where: str) -> None:
    if not train.class_names:
        raise InputError("the data has no classes", where, "Leave targets of classes out.")
    if what and what not in train.class_names:
        raise InputError(f"no class {what!r}", where, f"There are: {', '.join(train.class_names)}.")


def region_of(name: str, train: Dataset, where: str) -> Region:
    """The cell or mask of this name; `InputError` where it is none."""
    feature = _feature(name, train, where)
    if not isinstance(feature, Region):
        raise InputError(f"{name} is no region", where, "Name a cell or a mask.")
    return feature


def concept_of(name: str, train: Dataset, where: str) -> Feature:
    """The feature of pixels of this name; `InputError` where it is none."""
    feature = _feature(name, train, where)
    if not isinstance(feature, Feature):
        raise InputError(f"{name} is not measured in pixels", where, "Name another feature.")
    return feature


def _feature(name: str, train: Dataset, where: str) -> object:
    variants = Variants.load()
    try:
        return find(name, known(train, variants.grid, variants.masks), train)
    except InputError as error:
        raise InputError(error.what, where, error.remedy) from None
