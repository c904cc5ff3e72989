"""Maps of one target at many inputs: of every layer by every method, and which mean nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from ganatomy.explain.maps.gradcam import Cams
from ganatomy.explain.maps.methods import cams_or_nan, refusals
from ganatomy.explain.maps.which import WhichMap, path_of
from ganatomy.explain.networks.layers import Layers
from ganatomy.explain.networks.targets import Target
from ganatomy.tensors import read_notes, read_tensors, write_tensors

LOCAL = "hirescam"  # keeps the gradient of each place; Grad-CAM's is a mean over the image
Reasons = dict[str, list[str]]
Refusal = dict[str, str | int]


@dataclass(frozen=True, eq=False)
class MapCase:
    """The maps of one target at some inputs, with its scores and the reasons of refused maps.

    Attributes
    ----------
    target : str
    network : str
        ``D`` or ``G``: whose layers have the maps.
    layers : tuple of str
        Names in that network.
    inputs : Tensor of shape (n, ...)
        What was explained: images, latents, or pairs of images (n, 2, c, h, w).
    scores : Tensor of shape (n,)
        The target's values.
    maps : dict of WhichMap to Tensor of shape (n, h, w)
        (n, 2, h, w) of pairs.
    reasons : dict of str to list of str
        By `WhichMap.key` why each image's map should not be shown, "" where nothing is wrong.
        Empty where maps are not judged.
    """

    target: str
    network: str
    layers: tuple[str, ...]
    inputs: torch.Tensor
    scores: torch.Tensor
    maps: dict[WhichMap, torch.Tensor]
    reasons: Reasons

    def first(self, count: int) -> "MapCase":
        """Keep the first `count` inputs."""
        return MapCase(
            self.target,
            self.network,
            self.layers,
            self.inputs[:count],
            self.scores[:count],
            {which: maps[:count] for which, maps in self.maps.items()},
            {key: reasons[:count] for key, reasons in self.reasons.items()},
        )

    def save(self, path: Path) -> None:
        """Write all but the reasons as safetensors."""
        tensors = {"inputs": self.inputs, "scores": self.scores}
        tensors |= {which.key: maps for which, maps in self.maps.items()}
        paths = [path_of(self.network, layer) for layer in self.layers]
        write_tensors(path, tensors, {"target": self.target, "layers": ",".join(paths)})

    @staticmethod
    def load(path: Path, network: str, methods: Sequence[str], reasons: Reasons) -> "MapCase":
        """Read what `save` wrote; `InputError` where the file is missing or damaged."""
        tensors, notes = read_tensors(path), read_notes(path)
        names = filter(None, notes["layers"].split(","))
        layers = tuple(WhichMap.of_key(f"{LOCAL} {name}", network).layer for name in names)
        all_of_them = [WhichMap(method, network, layer) for method in methods for layer in layers]
        maps = {which: tensors[which.key] for which in all_of_them}
        return MapCase(
            notes["target"], network, layers, tensors["inputs"], tensors["scores"], maps, reasons
        )


@dataclass(frozen=True, eq=False)
class Explained:
    """A case, and what further questions need of it.

    Attributes
    ----------
    case : MapCase
    whole : Tensor of shape (n, h, w) or None
        The maps of the network looked at as a whole, by `LOCAL`; None where no layer has any.
    contributions : dict of str to Tensor of shape (n, channels)
        Each channel's part in the Grad-CAM map, by the layer's own name.
    """

    case: MapCase
    whole: torch.Tensor | None
    contributions: dict[str, torch.Tensor]

    @property
    def means_something(self) -> bool:
        """Whether any map may be shown."""
        reasons = self.case.reasons.values()
        return not self.case.maps or not all(all(each) for each in reasons)


def explain_case(
    target: Target,
    network: str,
    layers: Layers,
    *,
    inputs: torch.Tensor,
    images: torch.Tensor,
    methods: Sequence[str],
    device: torch.device,
    judged: bool = True,
    on_warning: Callable[[str], None] = lambda text: None,
) -> Explained:
    """Make the maps of a target by every method at every convolution of a network.

    Parameters
    ----------
    target : Target
    network : str
        ``D`` or ``G``.
    layers : Layers
        Of that network.
    inputs : Tensor of shape (n, ...)
    images : Tensor of shape (n, c, h, w)
        What the maps are drawn over.
    methods : sequence of str
        Of `gradcam.METHODS`.
    device : torch.device
    judged : bool
        Whether the guards look at the maps.
    on_warning : callable
    """
    last = [layers.last] if layers.last else []
    paths = {path_of(network, layer): layer for layer in [*layers.convolutions, *last]}
    size = (images.shape[-2], images.shape[-1])
    inputs_there = inputs.to(device)
    asked = tuple(dict.fromkeys([*methods, LOCAL]))
    cams = cams_or_nan(
        target, list(paths), inputs_there, size=size, methods=asked, on_warning=on_warning
    )
    which_maps = [
        WhichMap(method, network, layer) for method in methods for layer in layers.convolutions
    ]

    def by_which(made: Cams) -> dict[str, torch.Tensor]:
        return {which.key: made.maps[which.method][which.path] for which in which_maps}

    def again(other: Target, some: torch.Tensor) -> dict[str, torch.Tensor]:
        return by_which(cams_or_nan(other, list(paths), some, size=size, methods=asked))

    by_key = by_which(cams)
    maps = {which: by_key[which.key] for which in which_maps}
    reasons = refusals(target, inputs_there, by_key, images=images, again=again) if judged else {}
    case = MapCase(target.name, network, layers.convolutions, inputs, cams.scores, maps, reasons)
    return Explained(
        case,
        cams.maps[LOCAL][path_of(network, layers.last)] if layers.last else None,
        {paths[name]: each for name, each in cams.contributions.items()},
    )


def told(case: str, reasons: Reasons) -> list[Refusal]:
    """List each reason once, with the number of images that it holds for."""
    return [
        {"case": case, "method": method, "reason": reason, "images": each.count(reason)}
        for method, each in reasons.items()
        for reason in dict.fromkeys(filter(None, each))
    ]
