"""The GAN that was trained elsewhere, as params.yaml names it. No torch here."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganatomy.errors import InputError
from ganatomy.gan.adopt.port import Network, Port
from ganatomy.gan.adopt.reading import read_port, without_weights
from tasks.params.gan import GanSection
from tasks.params.section import read_document
from tasks.shared.own_code import OwnCode

_KEY = "gan.adopt"


@dataclass(frozen=True)
class Told:
    """An adopted GAN as params.yaml describes it.

    Attributes
    ----------
    name : str
        The YAML file, as params.yaml names it; the key itself where all of it stands there.
    folder : Path
        What paths are relative to, and where modules are looked for first.
    values : mapping
        Plain values.
    port : Port
    """

    name: str
    folder: Path
    values: Mapping[str, Any]
    port: Port

    @property
    def networks(self) -> dict[str, Network]:
        """Map names to the networks that were given."""
        both = {"generator": self.port.generator, "discriminator": self.port.discriminator}
        return {name: network for name, network in both.items() if network is not None}

    @property
    def dotted(self) -> list[str]:
        """Every ``module:name`` of it."""
        named = [network.build for network in self.networks.values()]
        return [each for each in (*named, self.port.train) if each]

    def without_weights(self) -> dict[str, Any]:
        """Give the values without what says where weights are."""
        return without_weights(self.values)

    def code(self, root: Path) -> OwnCode:
        """Read its author's files as they are now, those beside the YAML file before others."""
        return OwnCode(code_root(self, root), self.dotted)


def told_port(root: Path, section: GanSection) -> Told | None:
    """Read what params.yaml says of an adopted GAN; None where one is trained here.

    Raises
    ------
    InputError
        It contradicts itself, or the port is wrong.
    """
    given = section.adopt
    if section.source == "train":
        if given:
            remedy = "Set gan.source=adopt too, or leave it empty."
            raise InputError("it is given, but gan.source is train", _KEY, remedy)
        return None
    if not given:
        raise InputError(
            "gan.source is adopt, and no GAN is named", _KEY, "Give the path of its my-gan.yaml."
        )
    if isinstance(given, dict):
        return Told(_KEY, root, given, _of_z(read_port(given, _KEY, root), _KEY))
    path = root / given
    if not path.is_file():
        remedy = "Paths are relative to the project's folder."
        raise InputError(f"there is no file {given}", _KEY, remedy)
    values = read_document(path)
    port = _of_z(read_port(values, given, path.parent), given)
    return Told(given, path.parent, values, port)


def _of_z(port: Port, where: str) -> Port:
    """Refuse w, whose distribution stages that draw normal latents do not know."""
    if port.latent is not None and port.latent.space == "w":
        remedy = "Leave `space` out, or use `ganatomy explain`, which takes it."
        raise InputError("latent.space: the pipeline explains z", where, remedy)
    return port


def code_root(told: Told, root: Path) -> Path:
    """Say where the modules lie that build it: beside the YAML file, or in the project."""
    for name in told.dotted:
        top = name.partition(":")[0].partition(".")[0]
        if any((told.folder / each).exists() for each in (f"{top}.py", top)):
            return told.folder
    return root


@contextmanager
def naming(told: Told) -> Iterator[None]:
    """Name the file in messages about a part of it: a key of params.yaml is something else."""
    try:
        yield
    except InputError as error:
        if error.where not in ("generator", "discriminator", "images", "latent", "train"):
            raise
        raise InputError(error.what, f"{told.name}: {error.where}", error.remedy) from None


def import_from(folder: Path) -> None:
    """Have this process look for modules in a folder first."""
    sys.path.insert(0, str(folder.resolve()))
