"""Retrained GANs on disk: a folder for each member, and for each share of its training."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from ganatomy.data.recipe import Recipe
from ganatomy.errors import InputError
from ganatomy.files import read_json, whole_folder, write_json
from ganatomy.gan.architecture import Architecture
from ganatomy.gan.checkpoint import load_gan, save_gan
from ganatomy.gan.ensemble import Trained
from ganatomy.importance.members import Member

_ABOUT = "member.json"


@dataclass(frozen=True)
class StoredMember:
    """The content of a member's folder.

    Attributes
    ----------
    folder : Path
    recipe : Recipe
        Of the variant that it was trained on.
    seed : int
    share : float in (0, 1]
        Of the training's steps at which it was kept.
    has_diverged : bool
        Its networks were no longer finite and are not there.
    """

    folder: Path
    recipe: Recipe
    seed: int
    share: float
    has_diverged: bool

    @staticmethod
    def read(folder: Path) -> "StoredMember":
        """Read what `MemberFolder.put` wrote; `InputError` where it is missing or damaged."""
        about = read_json(folder / _ABOUT)
        try:
            recipe = Recipe.from_json(about["recipe"])
            return StoredMember(folder, recipe, about["seed"], about["share"], about["diverged"])
        except (KeyError, TypeError) as error:
            raise InputError(
                f"not a retrained GAN ({type(error).__name__}: {error})",
                str(folder / _ABOUT),
                "Remove the folder and train it again.",
            ) from None

    def row(self) -> dict[str, Any]:
        """Give what a table of members says of it."""
        return {
            "variant": self.recipe.name,
            "mode": self.recipe.mode,
            "seed": self.seed,
            "diverged": self.has_diverged,
        }


class MemberFolder:
    """Put finished members where they outlive the process that trains them.

    Parameters
    ----------
    folder : Path
        Made when it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def has(self, name: str) -> bool:
        """Say whether a member was trained to its end."""
        return (self.folder / name / _ABOUT).exists()

    def put(self, trained: Trained, recipe: Recipe, seed: int) -> StoredMember:
        """Write a member: its networks, unless they diverged, and what it is."""
        at_end = trained.share == 1
        name = trained.name if at_end else f"{trained.name}-at-{trained.share:g}"
        save = None if trained.gan is None else partial(save_gan, trained.gan)
        return self.put_by(save, name, recipe=recipe, seed=seed, share=trained.share)

    def put_by(
        self,
        save: Callable[[Path], None] | None,
        name: str,
        *,
        recipe: Recipe,
        seed: int,
        share: float = 1,
    ) -> StoredMember:
        """Write a member whose networks `save` writes into a folder; None where they diverged."""
        about = {
            "recipe": recipe.to_json(),
            "seed": seed,
            "share": share,
            "diverged": save is None,
        }
        with whole_folder(self.folder / name) as folder:
            if save is not None:
                save(folder)
            write_json(folder / _ABOUT, about)
        return StoredMember(self.folder / name, recipe, seed, share, save is None)

    def get(self, name: str) -> StoredMember:
        """Read a member at the end of its training."""
        return StoredMember.read(self.folder / name)

    def copy_to(self, folder: Path) -> None:
        """Copy all members."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)


def stored_members(folders: Sequence[Path]) -> list[StoredMember]:
    """List the members in these folders: variant by variant, each seed by seed.

    Raises
    ------
    InputError
        There are none.
    """
    paths = [path.parent for folder in folders for path in folder.glob(f"*/{_ABOUT}")]
    if not paths:
        where = ", ".join(map(str, folders))
        raise InputError("no retrained GAN", where, "Run the trainings first.")
    return [
        StoredMember.read(path) for path in sorted(paths, key=lambda one: one.name.rpartition("-s"))
    ]


def architecture_of(stored: Sequence[StoredMember], device: torch.device) -> Architecture:
    """Read the architecture that all members share, from the first that is whole.

    Raises
    ------
    InputError
        All have diverged.
    """
    for member in stored:
        if not member.has_diverged:
            return load_gan(member.folder, device).architecture
    raise InputError(
        "every retrained GAN has diverged",
        str(stored[0].folder.parent),
        "Lower the learning rate of the trainings, or add a penalty (r1).",
    )


def load_members(stored: Sequence[StoredMember], device: torch.device) -> Iterator[Member]:
    """Load one GAN after the other."""
    for member in stored:
        gan = None if member.has_diverged else load_gan(member.folder, device)
        yield Member(
            member.recipe,
            member.seed,
            member.share,
            None if gan is None else gan.generator_ema,
            None if gan is None else gan.discriminator,
        )
