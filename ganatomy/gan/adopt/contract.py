"""What an adopted GAN is, and what it really does: the study of its contract."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ganatomy.files import read_json, write_json
from ganatomy.gan.adopt.adopted import Adopted
from ganatomy.gan.adopt.manners import Manners, manners_of
from ganatomy.gan.adopt.networks import AdoptedDiscriminator, AdoptedGenerator
from ganatomy.gan.adopt.origin import Origin
from ganatomy.gan.adopt.port import Latent, Network
from ganatomy.gan.adopt.probe import Oddity, probe
from ganatomy.gan.adopt.reference import Agreement, agreements
from ganatomy.gan.adopt.styles import StyledGenerator
from ganatomy.results import validated
from ganatomy.wording import counted

_FILE = "contract.json"
_NUM = 8


@dataclass(frozen=True)
class Contract:
    """The result of `examine_contract`, as plain values.

    Parameters
    ----------
    origins : dict of str to Origin
        By ``generator`` and ``discriminator``, those that there are.
    latent : str
        In words; "" without a generator.
    explained : str
        What is explained in the latents' stead, in words; "" for nothing else.
    image_shape : tuple of int
        Channels, height, width.
    low, high : float or None
        The darkest and brightest value that G made, in [-1, 1] if all is well.
    oddities : tuple of Oddity
        What is not as it should be, each with its remedy.
    notes : tuple of str
        What else to know.
    manners : dict of str to Manners
        How each network answers when it is asked in other ways.
    agreements : tuple of Agreement
        With the reference batch; none without one.
    device : str
    """

    origins: dict[str, Origin]
    latent: str
    explained: str
    image_shape: tuple[int, ...]
    low: float | None
    high: float | None
    oddities: tuple[Oddity, ...]
    notes: tuple[str, ...]
    manners: dict[str, Manners]
    agreements: tuple[Agreement, ...]
    device: str

    def save(self, folder: Path) -> None:
        """Write all of it into one file."""
        write_json(folder / _FILE, asdict(self) | {"oddities": [[*each] for each in self.oddities]})

    @staticmethod
    @validated
    def load(folder: Path) -> "Contract":
        """Read what `save` wrote; `InputError` where it is missing or damaged."""
        read: dict[str, Any] = read_json(folder / _FILE)
        return Contract(
            origins={
                name: Origin(**read["origins"][name])
                for name in ("generator", "discriminator")
                if name in read["origins"]
            },
            latent=read["latent"],
            explained=read["explained"],
            image_shape=tuple(read["image_shape"]),
            low=read["low"],
            high=read["high"],
            oddities=tuple(Oddity(*each) for each in read["oddities"]),
            notes=tuple(read["notes"]),
            manners={name: Manners(**each) for name, each in read["manners"].items()},
            agreements=tuple(Agreement(**each) for each in read["agreements"]),
            device=read["device"],
        )

    @property
    def findings(self) -> tuple[str, ...]:
        """Every oddity in its words, those of the reference batch first."""
        differ = [each.words for each in self.agreements if not each.is_same]
        return (*differ, *(each.words for each in self.oddities))

    def metrics(self) -> dict[str, float]:
        """Return what can be counted, flat."""
        figures: dict[str, float] = {"oddities": len(self.findings)}
        for name, origin in self.origins.items():
            figures[f"{name}_parameters"] = origin.num_parameters
        for each in self.agreements:
            figures[f"{each.network}_reference_difference"] = each.most
        return figures

    def verdict(self) -> str:
        """Say in a few sentences whether it does what was said of it."""
        names = {"generator": "G", "discriminator": "D"}
        whose = "; ".join(
            f"{names[name]} is {each.in_short}" for name, each in self.origins.items()
        )
        return f"{whose}. {self.finding}"

    @property
    def finding(self) -> str:
        """Say what its images are, and whether all is as it was said."""
        channels, height, width = self.image_shape
        colours = {1: "in grey", 3: "in colour"}.get(channels, f"of {channels} channels")
        size = f"Its images are {height} × {width}, {colours}"
        if self.findings:
            return f"{size}; {counted(len(self.findings), 'thing')} to know before all else."
        return f"{size}. It does what the file says of it, as far as {_NUM} images tell."


def examine_contract(
    adopted: Adopted, images: torch.Tensor | None = None, *, seed: int = 0
) -> Contract:
    """Find out what an adopted GAN is and does; nothing that was said of it is believed.

    Parameters
    ----------
    adopted : Adopted
        Its module is still imported.
    images : Tensor of shape (n, c, h, w), float in [-1, 1], optional
        Real ones. A discriminator alone needs some.
    seed : int

    Returns
    -------
    Contract

    Raises
    ------
    InputError
        A network fails on what it is said to take, gives no images or logits, or NaN; a reference
        batch that it cannot be asked about.
    """
    port = adopted.port
    probed = probe(adopted, images, seed=seed)
    given = _inputs(adopted, images, seed)
    manners = {
        name: manners_of(network, given[name])
        for name, network in (
            ("generator", adopted.generator),
            ("discriminator", adopted.discriminator),
        )
        if isinstance(network, AdoptedGenerator | AdoptedDiscriminator)
    }
    return Contract(
        origins=dict(_origins(adopted)),
        latent="" if port.latent is None else latent_in_words(port.latent),
        explained=_explained(adopted.generator),
        image_shape=probed.image_shape,
        low=probed.low,
        high=probed.high,
        oddities=probed.oddities,
        notes=adopted.notes,
        manners=manners,
        agreements=() if port.reference is None else agreements(adopted, port.reference),
        device=next(_devices(adopted), "cpu"),
    )


def latent_in_words(latent: Latent) -> str:
    """Say what the latents of a generator are.

    Examples
    --------
    >>> latent_in_words(Latent(100, "map"))
    '100 numbers, normal, of shape (n, 100, 1, 1)'
    """
    drawn = latent.distribution
    if drawn == "truncated":
        drawn = f"normal, truncated at {latent.truncation:g} standard deviations"
    shape = f"(n, {latent.dim}, 1, 1)" if latent.shape == "map" else f"(n, {latent.dim})"
    classes = f", and one of {latent.num_classes} classes" if latent.num_classes else ""
    return f"{counted(latent.dim, 'number')}, {drawn}, of shape {shape}{classes}"


def _explained(generator: nn.Module | None) -> str:
    """Name what stands for the latents on the page; nothing where they do themselves."""
    if not isinstance(generator, StyledGenerator):
        return ""
    return (
        f"w, {counted(len(generator.middle), 'number')} that `{generator.latent.mapping}` makes of "
        f"a latent and `{generator.latent.synthesis}` draws"
    )


def _inputs(adopted: Adopted, images: torch.Tensor | None, seed: int) -> Mapping[str, torch.Tensor]:
    given = {}
    if adopted.generator is not None:
        given["generator"] = adopted.latents(_NUM, seed, "probe")
        if images is None and adopted.discriminator is not None:
            with torch.no_grad():
                images = adopted.generator(given["generator"])
    if images is not None:
        given["discriminator"] = images[:_NUM].float()
    return given


def _origins(adopted: Adopted) -> Iterator[tuple[str, Origin]]:
    parts: tuple[tuple[str, Network | None, nn.Module | None], ...] = (
        ("generator", adopted.port.generator, adopted.generator),
        ("discriminator", adopted.port.discriminator, adopted.discriminator),
    )
    for name, spec, network in parts:
        if spec is not None and network is not None:
            yield name, Origin.of(spec, network)


def _devices(adopted: Adopted) -> Iterator[str]:
    for network in (adopted.generator, adopted.discriminator):
        if network is not None:
            yield from (each.device.type for each in network.parameters())
