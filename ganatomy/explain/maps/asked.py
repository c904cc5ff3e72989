"""What else a generator can be asked: for classes, concepts and regions, at its last layer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.maps.cases import LOCAL, Reasons
from ganatomy.explain.maps.methods import cams_or_nan, refusals
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.networks.targets import Target
from ganatomy.explain.units.ablation import causal_check
from ganatomy.tensors import read_notes, read_tensors, write_tensors

FILE = "g_targets.safetensors"
_SCORES = "scores/"


@dataclass(frozen=True, eq=False)
class AskedMaps:
    """One map of G's last layer for each target.

    Attributes
    ----------
    layer : str
    maps : dict of str to Tensor of shape (n, h, w)
        By the target's name.
    scores : dict of str to Tensor of shape (n,)
        The target's values.
    reasons : dict of str to list of str
        Why each map should not be shown, "" where nothing is wrong.
    """

    layer: str
    maps: dict[str, torch.Tensor]
    scores: dict[str, torch.Tensor]
    reasons: Reasons

    def first(self, count: int) -> "AskedMaps":
        """Keep the first `count` latents."""
        return AskedMaps(
            self.layer,
            {name: maps[:count] for name, maps in self.maps.items()},
            {name: scores[:count] for name, scores in self.scores.items()},
            {name: reasons[:count] for name, reasons in self.reasons.items()},
        )

    def save(self, folder: Path) -> None:
        """Write all but the reasons: ``g_targets.safetensors``."""
        scores = {f"{_SCORES}{name}": each for name, each in self.scores.items()}
        write_tensors(
            folder / FILE, {**self.maps, **scores}, {"layer": self.layer, "method": LOCAL}
        )

    @staticmethod
    def load(folder: Path, reasons: Reasons) -> "AskedMaps | None":
        """Read what `save` wrote, in the order of `reasons`; None where nothing could be asked."""
        if not reasons and not (folder / FILE).exists():
            return None
        tensors = read_tensors(folder / FILE)
        return AskedMaps(
            read_notes(folder / FILE)["layer"],
            {name: tensors[name] for name in reasons},
            {name: tensors[f"{_SCORES}{name}"] for name in reasons},
            reasons,
        )


@dataclass(frozen=True, eq=False)
class Answers:
    """The maps of every target at every latent, and what the check of them needs.

    Attributes
    ----------
    maps : AskedMaps
    targets : mapping of str to Target
    paths : dict of str to str
        The layer's name in the network that each target runs through.
    contributions : dict of str to Tensor of shape (n, channels)
        Of each target each channel's part in the Grad-CAM map; none where a map means nothing.
    """

    maps: AskedMaps
    targets: Mapping[str, Target]
    paths: dict[str, str]
    contributions: dict[str, torch.Tensor]

    def checked(
        self,
        subjects: Subjects,
        count: int,
        *,
        num_random: int,
        seed: int,
        on_warning: Callable[[str], None] = lambda text: None,
    ) -> list[pd.DataFrame]:
        """Take away the channels that Grad-CAM credits with each target, at the first latents.

        Returns
        -------
        list of DataFrame
            As of `causal_check`, with the name of the ``target`` and its standard deviation
            ``sd`` over these latents; the layer is called ``G <name>``.
        """
        z = subjects.z[:count].to(subjects.device)
        return [
            causal_check(
                self.targets[name],
                self.paths[name],
                z,
                contributions=each[:count],
                num_random=num_random,
                seed=seed,
                on_warning=on_warning,
            ).assign(
                layer=f"G {self.maps.layer}",
                target=name,
                sd=float(self.maps.scores[name][:count].std()),
            )
            for name, each in self.contributions.items()
            if bool(each.isfinite().all())
        ]


def ask_generator(
    targets: Mapping[str, Target],
    subjects: Subjects,
    *,
    on_warning: Callable[[str], None] = lambda text: None,
) -> Answers | None:
    """Make the map of each target at G's last layer; None where no layer has any.

    Parameters
    ----------
    targets : mapping of str to Target
        Functions of z that run through the generator, as `named.targets_of_generator` makes them.
    subjects : Subjects
    on_warning : callable

    Raises
    ------
    InputError
        A target does not run through the generator.
    """
    last = subjects.g_layers.last
    if last is None:
        return None
    z = subjects.z.to(subjects.device)
    asked_maps = AskedMaps(last, {}, {}, {})
    answers = Answers(asked_maps, targets, {}, {})
    for name, target in targets.items():
        path = answers.paths[name] = _path(target, subjects.generator, last)
        cams = cams_or_nan(
            target, [path], z, size=subjects.size, methods=(LOCAL,), on_warning=on_warning
        )
        maps = cams.maps[LOCAL][path]
        if path in cams.contributions:
            answers.contributions[name] = cams.contributions[path]
        asked_maps.maps[name], asked_maps.scores[name] = maps, cams.scores

        def again(
            other: Target, some: torch.Tensor, name: str = name, path: str = path
        ) -> dict[str, torch.Tensor]:
            made = cams_or_nan(other, [path], some, size=subjects.size, methods=(LOCAL,))
            return {name: made.maps[LOCAL][path]}

        asked_maps.reasons.update(
            refusals(target, z, {name: maps}, images=subjects.fake, again=again)
        )
    return answers


def _path(target: Target, generator: nn.Module, layer: str) -> str:
    """Name a layer of the generator in the network that a target runs through."""
    for name, module in target.model.named_modules(remove_duplicate=False):
        if module is generator:
            return f"{name}.{layer}" if name else layer
    raise InputError(
        f"target {target.name} does not run through the generator",
        "further",
        "Give targets whose model is the generator, or holds it.",
    )
