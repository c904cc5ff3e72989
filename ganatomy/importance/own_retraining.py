"""GANs of somebody else's kind, retrained onto the disk one by one by their author's function."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ganatomy.data.dataset import Dataset
from ganatomy.errors import InputError
from ganatomy.gan.adopt.adopted import Adopted
from ganatomy.gan.adopt.folder import save_adopted
from ganatomy.gan.adopt.port import Port
from ganatomy.gan.adopt.training import TrainingBudget, train_anew
from ganatomy.gan.session import Interrupted
from ganatomy.importance.member_files import MemberFolder, StoredMember
from ganatomy.importance.retraining import Training
from ganatomy.importance.retraining_study import RetrainedMembers


def retrain_by_author(
    asked: Sequence[Training],
    data: Mapping[str, Dataset],
    port: Port,
    *,
    values: Mapping[str, Any],
    budget: TrainingBudget,
    kept: Path,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    on_member: Callable[[StoredMember], None] = lambda member: None,
    on_warning: Callable[[str], None] = lambda text: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> RetrainedMembers:
    """Train GANs by the port's own ``train``, and keep each as soon as it is finished.

    A training that fails, or whose networks are no longer finite, counts as diverged.

    Parameters
    ----------
    asked : sequence of Training
    data : mapping of str to Dataset
        By the name of the recipe.
    port : Port
    values : mapping
        What `read_port` made it of.
    budget : TrainingBudget
    kept : Path
        Where finished members are kept, to go on from.
    on_progress : callable
        Called with (done, total) members.
    on_member : callable
        Called with each member.
    on_warning : callable
        Told of members that have diverged, and why.
    should_stop : callable
        Asked before each training.

    Raises
    ------
    Interrupted
        `should_stop` said so.
    InputError
        The function cannot be used, or every training raised an error: the first one's words.
    """
    files = MemberFolder(kept / "members")
    failures: list[tuple[Training, Exception]] = []
    for done, training in enumerate(asked):
        on_progress(done, len(asked))
        if should_stop():
            raise Interrupted(f"asked to end after {done} of {len(asked)} GANs")
        if files.has(training.name):
            continue
        own = data[training.recipe.name]
        try:
            found = train_anew(port, own.images, own.labels, seed=training.seed, budget=budget)
        except InputError:
            raise
        except Exception as error:
            failures.append((training, error))
            if len(failures) == len(asked):
                raise _every_one(port, failures) from error
            on_warning(f"{_name(training)} failed: {_words(error)}: it is left out")
            continue
        if found is None:
            on_warning(f"{_name(training)}, has diverged: it is left out")
        on_member(_put(files, training, found, values))
    for training, _ in failures:
        on_member(_put(files, training, None, values))
    on_progress(len(asked), len(asked))
    return RetrainedMembers(files, tuple(files.get(training.name) for training in asked), 1)


def _put(
    files: MemberFolder, training: Training, found: Adopted | None, values: Mapping[str, Any]
) -> StoredMember:
    def save(folder: Path) -> None:
        assert found is not None
        save_adopted(found, values, folder, image_shape=_shape(found))

    return files.put_by(
        None if found is None else save, training.name, recipe=training.recipe, seed=training.seed
    )


def _shape(found: Adopted) -> tuple[int, ...]:
    assert found.generator is not None
    return tuple(found.generator(found.latents(1, 0, "shape")).shape[1:])


def _name(training: Training) -> str:
    return f"{training.recipe.name}, seed {training.seed}"


def _words(error: Exception) -> str:
    first = next(iter(str(error).splitlines()), "")
    return f"{type(error).__name__}: {first[:200]}"


def _every_one(port: Port, failures: Sequence[tuple[Training, Exception]]) -> InputError:
    return InputError(
        f"{port.train} failed in each of {len(failures)} trainings: {_words(failures[0][1])}",
        "train",
        "It is called by keyword: train(images, labels, seed, budget).",
    )
