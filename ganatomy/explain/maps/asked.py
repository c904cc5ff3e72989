"""What else a generator can be asked: for classes, concepts and regions, at its last layer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from ganatomy.explain.maps.cases import LOCAL, Reasons
from ganatomy.explain.maps.methods import cams_or_nan, refusals
from ganatomy.explain.maps.which import path_of
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.networks.targets import Target
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


def ask_generator(
    targets: Mapping[str, Target],
    subjects: Subjects,
    *,
    on_warning: Callable[[str], None] = lambda text: None,
) -> AskedMaps | None:
    """Make the map of each target at G's last layer; None where no layer has any.

    Parameters
    ----------
    targets : mapping of str to Target
        Functions of z, as `named.targets_of_generator` makes them.
    subjects : Subjects
    on_warning : callable
    """
    last = subjects.g_layers.last
    if last is None:
        return None
    z = subjects.z.to(subjects.device)
    asked_maps = AskedMaps(last, {}, {}, {})
    for name, target in targets.items():
        path = last if target.model is subjects.generator else path_of("G", last)
        cams = cams_or_nan(
            target, [path], z, size=subjects.size, methods=(LOCAL,), on_warning=on_warning
        )
        maps = cams.maps[LOCAL][path]
        asked_maps.maps[name], asked_maps.scores[name] = maps, cams.scores

        def again(
            other: Target, some: torch.Tensor, name: str = name, path: str = path
        ) -> dict[str, torch.Tensor]:
            made = cams_or_nan(other, [path], some, size=subjects.size, methods=(LOCAL,))
            return {name: made.maps[LOCAL][path]}

        asked_maps.reasons.update(
            refusals(target, z, {name: maps}, images=subjects.fake, again=again)
        )
    return asked_maps
