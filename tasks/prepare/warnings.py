"""What a user has to know of the data before anything is learned from them."""

from collections.abc import Iterator

from ganatomy.data import preparation
from ganatomy.data.prepare import Prepared
from ganatomy.data.split import DROP, Repeats
from ganatomy.data.value_words import warnings_of
from tasks.shared.artifact_paths import PREPARED, REPORTS


def warnings_on(prepared: Prepared) -> Iterator[str]:
    """Say what is there twice, what was done to the pixels, what is empty and what was refused."""
    if prepared.duplicates:
        yield _on_duplicates(prepared.repeats)
    if prepared.values is not None:
        yield from warnings_of(prepared.values.card())
    if num_flat := preparation.num_flat(prepared):
        yield (
            f"{num_flat} images are almost of one colour. Which levels of 16 bits become black "
            "and white is for prepare.window to say, and what transparent pixels are laid on for "
            "prepare.background"
        )
    if prepared.quarantine:
        yield f"{len(prepared.quarantine)} files refused, see {PREPARED / 'quarantine.csv'}"


def _on_duplicates(repeats: Repeats) -> str:
    where = REPORTS / "prepare" / "duplicates.csv"
    counts = f"{repeats.num_equal} images equal another one, {repeats.num_near} nearly do"
    if repeats.choice == DROP:
        return f"{counts}: {repeats.num_dropped} dropped, see {where}"
    crossing = f"{repeats.num_held_out_in_training} held-out images are also in training"
    return f"{counts}; {crossing}, see {where}"
