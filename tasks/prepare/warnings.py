"""What a user has to know of the data before anything is learned from them."""

from collections.abc import Iterator

from ganatomy.data import preparation
from ganatomy.data.dataset import Dataset
from ganatomy.data.prepare import Prepared
from ganatomy.data.split import DROP, Repeats
from ganatomy.data.value_words import warnings_of
from ganatomy.wording import counted
from tasks.shared.artifact_paths import PREPARED, REPORTS

_DARK = 64  # a quarter of the levels


def warnings_on(prepared: Prepared) -> Iterator[str]:
    """Say what is there twice, what was done to the pixels, what is empty and what was refused."""
    if prepared.duplicates:
        yield _on_duplicates(prepared.repeats)
    if prepared.values is not None:
        yield from warnings_of(prepared.values.card())
    if num_flat := preparation.num_flat(prepared):
        yield (
            f"{counted(num_flat, 'image is', 'images are')} almost of one colour. Which levels of "
            "16 bits become black and white is for prepare.window to say, and what transparent "
            "pixels are laid on for prepare.background"
        )
    if (brightest := max(int(each.images.max()) for each in _filled(prepared))) < _DARK:
        yield (
            f"all images are dark: no level is above {brightest} of 255. Where white is another "
            "number in your files, write it as 255, or as 1 in floats"
        )
    if prepared.quarantine:
        refused = counted(len(prepared.quarantine), "file")
        yield f"{refused} refused, see {PREPARED / 'quarantine.csv'}"


def _filled(prepared: Prepared) -> list[Dataset]:
    return [each for each in (prepared.train, prepared.test) if len(each)]


def _on_duplicates(repeats: Repeats) -> str:
    where = REPORTS / "prepare" / "duplicates.csv"
    equal = counted(repeats.num_equal, "image equals", "images equal")
    near = "does" if repeats.num_near == 1 else "do"
    counts = f"{equal} another one, {repeats.num_near:,} nearly {near}"
    if repeats.choice == DROP:
        return f"{counts}: {repeats.num_dropped} dropped, see {where}"
    held_out = ("held-out image is", "held-out images are")
    crossing = f"{counted(repeats.num_held_out_in_training, *held_out)} also in training"
    return f"{counts}; {crossing}, see {where}"
