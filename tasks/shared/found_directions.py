"""Whether the directions that a name asks for are found, and found already."""

from ganatomy.data.features.learned_set import number_in
from ganatomy.errors import InputError
from ganatomy.report.left_out import why_left_out
from ganatomy.wording import counted
from tasks.params.section import read_document
from tasks.shared.artifact_paths import REPORTS

DIRECTIONS = REPORTS / "directions"


def check_found(section: str, after: str, name: str, where: str) -> None:
    """Refuse the name where directions are left out, or the stage has not waited for them."""
    key = f"{section}.after"
    told = read_document(None, {section})[section].get("after")
    if told != after:
        raise InputError(
            f"{name} is made by stage directions, and this stage did not wait for it",
            f"{key} = {told}",
            f"Set {key}=directions, as `python -m flows run` does by itself.",
        )
    if reason := why_left_out(DIRECTIONS):
        raise InputError(f"there is no {name}: {reason}", where, "Leave it out.")


def check_number(name: str, num_directions: int, where: str) -> None:
    """Refuse the name of a direction that is none, or is beyond those that are looked at."""
    if number_in(name, where) > num_directions:
        raise InputError(
            f"no {name}: {counted(num_directions, 'direction')} of G's latents are looked at",
            where,
            "Raise directions.num_directions, or name another.",
        )
