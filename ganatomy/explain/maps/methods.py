"""Every kind of map of a target side by side, and which of them mean nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch

from ganatomy.errors import InputError
from ganatomy.explain.lime.engine import lime
from ganatomy.explain.lime.hiding import segments_of, square_side
from ganatomy.explain.lime.settings import DEFAULT_HIDING, DEFAULT_SAMPLING, Hiding, LimeSampling
from ganatomy.explain.maps.explanation_guards import guard_maps, guard_target
from ganatomy.explain.maps.gradcam import Cams, gradcam
from ganatomy.explain.maps.integrated_gradients import integrated_gradients
from ganatomy.explain.maps.occlusion import occlusion
from ganatomy.explain.networks.hooks import undisturbed
from ganatomy.explain.networks.targets import Target, negated

LIME = "lime"
INTEGRATED_GRADIENTS = "integrated gradients"
OCCLUSION = "occlusion"
_BATCH = 256
_FILLS = 4
_ASKED_AGAIN = 4  # images, of the negated target
Again = Callable[[Target, torch.Tensor], dict[str, torch.Tensor]]
UNSIGNED = ("gradcam++", "layercam")  # their weights are never negative: nothing can speak against


def _say_nothing(text: str) -> None:
    """Unlike a lambda it can be pickled with the record that holds it."""


def _count_nothing(done: int, total: int) -> None:
    """Do nothing, as `_say_nothing`."""


def cam_name(method: str, layer: str) -> str:
    """Name a CAM of a layer."""
    return f"{method} {layer}"


def is_signed(name: str) -> bool:
    """Say whether a method can speak against the target."""
    return name.partition(" ")[0] not in UNSIGNED


@dataclass(frozen=True)
class Methods:
    """The kinds of maps that are made, and how.

    Attributes
    ----------
    cams : sequence of str
        Of `gradcam.METHODS`.
    sampling : LimeSampling
        Of LIME: that of the explanations that are shown, or the maps are others.
    hiding : Hiding
        LIME's segments; occlusion's windows have the side of its squares. What hides them is given
        with the images.
    num_steps : int
        Of integrated gradients.
    on_warning : callable
        Told why LIME has no map of an image, and of what `gradcam` and `lime` warn of.
    on_progress : callable
        Perturbed images of LIME done, and planned by now.

    Examples
    --------
    >>> from ganatomy.explain.networks.targets import d_logit
    >>> head = torch.nn.Flatten(), torch.nn.Linear(72, 1), torch.nn.Flatten(0)
    >>> network = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.Tanh(), *head)
    >>> images, black = torch.rand(3, 1, 8, 8), -torch.ones(3, 1, 1, 8, 8)
    >>> made = Methods(("hirescam",)).maps(d_logit(network), ["0"], images, black, seed=0)
    >>> {name: tuple(maps.shape) for name, maps in made.items()}  # doctest: +NORMALIZE_WHITESPACE
    {'hirescam 0': (3, 8, 8), 'lime': (3, 8, 8), 'integrated gradients': (3, 8, 8),
     'occlusion': (3, 8, 8)}
    """

    cams: Sequence[str]
    sampling: LimeSampling = DEFAULT_SAMPLING
    hiding: Hiding = DEFAULT_HIDING
    num_steps: int = 32
    on_warning: Callable[[str], None] = _say_nothing
    on_progress: Callable[[int, int], None] = _count_nothing

    def quietly(self) -> "Methods":
        """Make the same maps and tell nothing, where the same was asked and told before."""
        return replace(self, on_warning=_say_nothing, on_progress=_count_nothing)

    def cam_maps(
        self, target: Target, layers: Sequence[str], inputs: torch.Tensor, size: tuple[int, int]
    ) -> dict[str, torch.Tensor]:
        """Make one map for each CAM method and layer, (n, h, w); inputs may be latents."""
        if not self.cams:
            return {}
        by_method = cams_or_nan(
            target, layers, inputs, size=size, methods=self.cams, on_warning=self.on_warning
        ).maps
        return {
            cam_name(method, layer): by_method[method][layer]
            for method in by_method
            for layer in layers
        }

    def lime_map(
        self, target: Target, images: torch.Tensor, fills: torch.Tensor, seed: int
    ) -> torch.Tensor:
        """Paint LIME's coefficients onto the pixels, (n, h, w); NaN where it is refused.

        The reasons go to `on_warning`.
        """
        explanations = lime(
            target,
            images,
            segments_of(self.hiding, images),
            fills=fills,
            seed=seed,
            sampling=self.sampling,
            on_progress=self.on_progress,
            on_warning=self.on_warning,
        )
        for reason in dict.fromkeys(filter(None, explanations.refusals)):
            count = f"{explanations.refusals.count(reason)} of {len(images)} images"
            self.on_warning(f"LIME has no map of {count}: {reason}")
        refused = torch.tensor([bool(reason) for reason in explanations.refusals])
        return torch.where(refused[:, None, None], torch.nan, explanations.maps)

    def maps(
        self,
        target: Target,
        layers: Sequence[str],
        images: torch.Tensor,
        fills: torch.Tensor,
        seed: int,
    ) -> dict[str, torch.Tensor]:
        """Make all of them, of a target of images; each (n, h, w), float32 on the CPU.

        `fills`, (n, m, c, h, w), hide the images: of LIME all m, of the others the mean over the
        first few.
        """
        few = fills[:, :_FILLS].unbind(1)
        size = (images.shape[-2], images.shape[-1])
        gradients = [self._gradients_or_nan(target, images, each) for each in few]
        window = square_side(self.hiding, max(size))
        falls = [
            occlusion(target, images, window, fill=each, on_warning=self.on_warning) for each in few
        ]
        return {
            **self.cam_maps(target, layers, images, size),
            LIME: self.lime_map(target, images, fills, seed),
            INTEGRATED_GRADIENTS: torch.stack(gradients).mean(0),
            OCCLUSION: torch.stack(falls).mean(0),
        }

    def _gradients_or_nan(
        self, target: Target, images: torch.Tensor, fill: torch.Tensor
    ) -> torch.Tensor:
        """Integrated gradients; NaN where the target has none, as of `cams_or_nan`."""
        try:
            return integrated_gradients(
                target, images, fill, num_steps=self.num_steps, on_warning=self.on_warning
            )
        except InputError:
            if not guard_target(target, images):
                raise
        return torch.full((len(images), *images.shape[-2:]), torch.nan)


def cams_or_nan(
    target: Target,
    layers: Sequence[str],
    inputs: torch.Tensor,
    *,
    size: tuple[int, int],
    methods: Sequence[str],
    on_warning: Callable[[str], None] = lambda text: None,
) -> Cams:
    """Call `gradcam`, but return NaN maps where it is refused, and none without layers.

    `refusals` has the words for it. Contributions are empty then.

    Raises
    ------
    InputError
        The fault is not the target's: see `gradcam`.
    """
    try:
        if layers:
            return gradcam(
                target, layers, inputs, size=size, methods=methods, on_warning=on_warning
            )
    except InputError:
        if not guard_target(target, inputs):
            raise
    shape = (len(inputs), *([target.views] if target.views > 1 else []), *size)
    maps = {name: {layer: torch.full(shape, torch.nan) for layer in layers} for name in methods}
    return Cams(maps, {}, target_values(target, inputs))


@torch.no_grad()
def target_values(target: Target, inputs: torch.Tensor) -> torch.Tensor:
    """Evaluate a target in batches: shape (n,), float32 on the CPU."""
    with undisturbed(target.model):
        return torch.cat([target.values(part).float().cpu() for part in inputs.split(_BATCH)])


def refusals(
    target: Target,
    inputs: torch.Tensor,
    maps: dict[str, torch.Tensor],
    *,
    images: torch.Tensor,
    again: Again | None = None,
    on_warning: Callable[[str], None] = _say_nothing,
) -> dict[str, list[str]]:
    """Say why maps should not be shown, by name: for each image, "" where there is no reason.

    Parameters
    ----------
    target : Target
    inputs : Tensor of shape (n, ...)
        What the target was explained at: images or latents.
    maps : dict of str to Tensor of shape (n, h, w)
        By names as `cam_name` gives them.
    images : Tensor of shape (n, c, h, w)
        What the maps are drawn over. Their range is the caller's affair: pictures may have no dark
        place.
    again : callable, optional
        Makes maps by the same methods: of another target, at the first k of the inputs. It tells
        maps that lost their sign from true ones that never cross zero; without it they stay.
    on_warning : callable
        Told of maps that stay, but may have lost their sign.
    """
    findings = [each for each in guard_target(target, inputs) if each.guard != "range"]
    if findings:
        return dict.fromkeys(maps, ["; ".join(each.reason for each in findings)] * len(images))
    asked: list[dict[str, torch.Tensor]] = []

    def of_negated(name: str) -> torch.Tensor:
        assert again is not None
        if not asked:  # once for all methods, and only if one of them gives reason to
            asked.append(again(negated(target), inputs[:_ASKED_AGAIN]))
        return asked[0][name]

    return {
        name: guard_maps(
            name,
            each,
            images,
            signed=is_signed(name),
            of_negated=partial(of_negated, name) if again else None,
            on_warning=on_warning,
        )
        for name, each in maps.items()
    }
