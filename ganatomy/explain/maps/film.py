"""Where D and G looked at the same latents' images while they were trained."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from ganatomy.explain.maps.cases import LOCAL
from ganatomy.explain.maps.methods import cams_or_nan
from ganatomy.explain.maps.which import WhichMap
from ganatomy.explain.networks.batching import outputs_of
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.networks.targets import Target, d_logit, d_logit_of_g
from ganatomy.tensors import read_tensors, write_tensors

History = Iterable[tuple[int, nn.Module, nn.Module]]
_FILE = "film.safetensors"
_DIGITS = 9


@dataclass(frozen=True, eq=False)
class Frame:
    """One moment of a training: images, scores and maps.

    Attributes
    ----------
    step : int
    images : Tensor of shape (n, c, h, w)
        Of the generator at this step.
    scores : Tensor of shape (n,)
        D's logits of them.
    maps : dict of str to Tensor of shape (n, h, w)
        By network, ``D`` or ``G``: where it looks, and its part in D's logit.
    """

    step: int
    images: torch.Tensor
    scores: torch.Tensor
    maps: dict[str, torch.Tensor]


def film_of(
    history: History,
    subjects: Subjects,
    count: int,
    *,
    on_warning: Callable[[str], None] = lambda text: None,
) -> tuple[Frame, ...]:
    """Explain every remembered pair of networks at the first latents of the subjects.

    Parameters
    ----------
    history : iterable of (int, nn.Module, nn.Module)
        Step, generator and discriminator, of the subjects' layers.
    subjects : Subjects
    count : int
        How many latents.
    on_warning : callable
    """
    z = subjects.z[:count]
    return tuple(_frame(*each, subjects, z, on_warning) for each in history)


def _frame(
    step: int,
    generator: nn.Module,
    discriminator: nn.Module,
    subjects: Subjects,
    z: torch.Tensor,
    on_warning: Callable[[str], None],
) -> Frame:
    images, device = outputs_of(generator, z), subjects.device

    def maps(target: Target, layers: Sequence[str], inputs: torch.Tensor) -> torch.Tensor:
        cams = cams_or_nan(
            target,
            layers,
            inputs.to(device),
            size=subjects.size,
            methods=(LOCAL,),
            on_warning=on_warning,
        )
        return cams.maps[LOCAL][layers[0]] if layers else cams.scores

    d_target, g_target = d_logit(discriminator), d_logit_of_g(generator, discriminator)
    within = {}
    if (last := subjects.d_layers.last) is not None:
        within["D"] = maps(d_target, [WhichMap(LOCAL, "D", last).path], images)
    if (last := subjects.g_layers.last) is not None:
        within["G"] = maps(g_target, [WhichMap(LOCAL, "G", last).path], z)
    return Frame(step, images, maps(d_target, [], images), within)


def save_film(frames: Sequence[Frame], folder: Path) -> None:
    """Write ``film.safetensors``."""
    tensors: dict[str, torch.Tensor] = {}
    for frame in frames:
        within = {"images": frame.images, "scores": frame.scores, **frame.maps}
        tensors |= {f"{frame.step:0{_DIGITS}d}/{name}": each for name, each in within.items()}
    write_tensors(folder / _FILE, tensors)


def load_film(folder: Path) -> tuple[Frame, ...]:
    """Read what `save_film` wrote."""
    steps: dict[int, dict[str, torch.Tensor]] = {}
    for name, each in sorted(read_tensors(folder / _FILE).items()):
        step, _, what = name.partition("/")
        steps.setdefault(int(step), {})[what] = each
    return tuple(
        Frame(step, within.pop("images"), within.pop("scores"), within)
        for step, within in sorted(steps.items())
    )
