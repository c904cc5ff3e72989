"""Concepts of D, which lie beside what is found of G."""

from ganatomy.errors import InputError
from ganatomy.explain.craft.result import FOLDER, DiscriminatorConcepts
from ganatomy.explain.craft.study import find_discriminator_concepts
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.files import whole_folder
from ganatomy.report.left_out import leave_out
from tasks.shared.artifact_paths import REPORTS


def concepts_of(subjects: Subjects, seed: int) -> DiscriminatorConcepts | str:
    """Find the concepts of D, or say why there are none."""
    try:
        return find_discriminator_concepts(subjects, seed=seed)
    except InputError as error:
        return error.what


def keep_concepts(found: DiscriminatorConcepts | str) -> None:
    """Write what `concepts_of` found into the stage's folder, which is there."""
    with whole_folder(REPORTS / FOLDER) as folder:
        if isinstance(found, str):
            leave_out(folder, found)
        else:
            found.save(folder)


def metrics_of(found: DiscriminatorConcepts | str) -> dict[str, float]:
    """Give its figures; none where there are no concepts."""
    if isinstance(found, str):
        return {}
    return {f"concepts_of_d/{name}": value for name, value in found.metrics().items()}
