"""Grad-CAM and its relatives, signed, for many layers in one forward and one backward pass.

The published methods end in a ReLU and often in a division by the largest value. Both are left off:
the sign stays (a generator's "no" to a region is as much of an explanation as its "yes"), and so
does the magnitude, by which images, layers and networks can be compared.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch

from ganatomy.errors import InputError
from ganatomy.explain.maps.formulas import FORMULAS, METHODS, Seen, is_finite, upsampled
from ganatomy.explain.networks.batching import in_batches
from ganatomy.explain.networks.hooks import hooked, undisturbed
from ganatomy.explain.networks.targets import Target

__all__ = ["METHODS", "Cams", "gradcam"]


_PIXELS = 2**18  # of the images of one pass


@dataclass(frozen=True)
class Cams:
    """Maps of every method and layer.

    Attributes
    ----------
    maps : dict of method to dict of layer to Tensor of shape (n, height, width)
        Signed, in units of the target. Shape (n, views, height, width) for a target of more than
        one view. float32 on the CPU.
    contributions : dict of layer to Tensor of shape (n, channels)
        Each channel's part in the Grad-CAM map, summed over the layer's own positions: mean of its
        gradient times sum of its activation. Shape (n, views, channels) for more than one view.
        float32 on the CPU.
    scores : Tensor of shape (n,), float32 on the CPU
        The target of each input.
    """

    maps: dict[str, dict[str, torch.Tensor]]
    contributions: dict[str, torch.Tensor]
    scores: torch.Tensor


def gradcam(
    target: Target,
    layers: Sequence[str],
    inputs: torch.Tensor,
    *,
    size: tuple[int, int],
    methods: Sequence[str] = ("gradcam",),
    batch_size: int | None = None,
    on_warning: Callable[[str], None] = lambda text: None,
) -> Cams:
    """Return the maps of all layers by all methods, from one pass forth and back per batch.

    Parameters
    ----------
    target : Target
    layers : sequence of str
        Dotted names in ``target.model``, each returning (n * views, channels, height, width), once
        in every pass.
    inputs : Tensor of shape (n, ...)
    size : (int, int)
        Height and width that the maps are upsampled to (bilinear).
    methods : sequence of str
        Of `METHODS`.
    batch_size : int, optional
        Inputs in one pass; fewer for larger maps when not given: the activations of all layers are
        held at once.
    on_warning : callable
        Told when memory ran out and the batch was halved.

    Returns
    -------
    Cams

    Raises
    ------
    InputError
        Unknown layer or method; a layer that does not run, runs more than once, returns no feature
        map, or that the target does not depend on; a target that is not one scalar per input; a
        target or map that is not finite; nothing to explain.

    Examples
    --------
    >>> from ganatomy.explain.networks.targets import d_logit
    >>> head = torch.nn.Tanh(), torch.nn.Flatten(), torch.nn.Linear(72, 1)
    >>> network = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), *head)
    >>> images = torch.rand(3, 1, 8, 8)
    >>> cams = gradcam(d_logit(network), ["0"], images, size=(8, 8))
    >>> cams.maps["gradcam"]["0"].shape
    torch.Size([3, 8, 8])
    """
    if unknown := [method for method in methods if method not in METHODS]:
        raise InputError(f"no method {unknown[0]!r}", "gradcam", f"Methods: {', '.join(METHODS)}.")
    if not (len(layers) and len(methods) and len(inputs)):
        counts = f"{len(layers)} layers, {len(methods)} methods, {len(inputs)} inputs"
        raise InputError(f"{counts}: nothing to explain", "gradcam", "Give at least one of each.")
    explain = _Pass(target, list(dict.fromkeys(layers)), size, list(dict.fromkeys(methods)))
    # under inference_mode nothing can be differentiated, and what was made under it only as a copy
    with undisturbed(target.model), torch.inference_mode(False), torch.enable_grad():
        given = inputs.clone() if inputs.is_inference() else inputs.detach()
        parts = in_batches(
            lambda start, stop: explain(given[start:stop]),
            len(given),
            batch_size or max(4, min(256, _PIXELS // (size[0] * size[1]))),
            on_warning=on_warning,
        )
    return parts[0] if len(parts) == 1 else _joined(parts)


def _joined(parts: list[Cams]) -> Cams:
    maps = {
        method: {layer: torch.cat([part.maps[method][layer] for part in parts]) for layer in layers}
        for method, layers in parts[0].maps.items()
    }
    contributions = {
        layer: torch.cat([part.contributions[layer] for part in parts])
        for layer in parts[0].contributions
    }
    return Cams(maps, contributions, torch.cat([part.scores for part in parts]))


class _Pass:
    """The explanation of one batch."""

    def __init__(
        self, target: Target, layers: list[str], size: tuple[int, int], methods: list[str]
    ) -> None:
        self.target, self.layers, self.size, self.methods = target, layers, size, methods
        # Activations go on uncopied: copies of all layers cost up to a fifth of a pass. Where
        # something behind a layer writes into one the pass is repeated, from then on with copies.
        self.copies = any(vars(each).get("inplace") for each in target.model.modules())

    def __call__(self, inputs: torch.Tensor) -> Cams:
        kept = _Kept(type(self.target.model).__name__, self.copies)
        scores = self._scores(inputs, kept)
        if scores is None and self.copies:
            raise self._fault(
                f"a layer of {', '.join(self.layers)} writes into what it has returned",
                "Name other layers.",
            )
        if scores is None:
            self.copies = True
            return self(inputs)
        gradients = self._gradients(scores, kept.outputs)
        maps: dict[str, dict[str, torch.Tensor]] = {method: {} for method in self.methods}
        contributions = {}
        for layer, gradient in zip(self.layers, gradients):
            seen = Seen(kept.outputs[layer].detach(), gradient)
            cams = torch.stack([FORMULAS[method](seen) for method in self.methods])
            if not is_finite(cams):
                raise self._fault(
                    f"map of layer {layer} for target {self.target.name} is not finite",
                    "Look for weights that diverged, or explain an earlier checkpoint.",
                )
            cams = upsampled(cams, self.size).float().cpu()
            for method, cam in zip(self.methods, cams):
                maps[method][layer] = self._by_view(cam)
            contributions[layer] = self._by_view((seen.means * seen.sums).float().cpu())
        return Cams(maps, contributions, scores.detach().float().cpu())

    def _scores(self, inputs: torch.Tensor, kept: "_Kept") -> torch.Tensor | None:
        """None where a layer's activations were overwritten."""
        edits = {layer: partial(kept.keep, layer) for layer in self.layers}
        with hooked(self.target.model, edits):
            try:
                scores = self.target.values(inputs)
            except RuntimeError as error:  # torch refuses to write into what is differentiated by
                if self.copies or "in-place operation" not in str(error):
                    raise
                return None
        if missing := [layer for layer in self.layers if layer not in kept.outputs]:
            raise self._fault(
                f"layer {missing[0]} does not run for target {self.target.name}",
                "Name a layer that the target passes through.",
            )
        for layer, output in kept.outputs.items():
            self._check_shape(layer, tuple(output.shape), len(inputs))
        return None if kept.overwritten() else scores

    def _gradients(
        self, scores: torch.Tensor, outputs: dict[str, torch.Tensor]
    ) -> list[torch.Tensor]:
        total = scores.sum()
        if not is_finite(total):
            bad = int((~scores.isfinite()).sum())
            raise self._fault(
                f"target {self.target.name} is not finite for {bad} of {len(scores)} inputs",
                "Look for inputs or weights that are not finite.",
            )
        computed: Sequence[torch.Tensor | None] = [None] * len(self.layers)
        if scores.requires_grad:
            sources = [outputs[layer] for layer in self.layers]
            computed = torch.autograd.grad(total, sources, allow_unused=True)
        gradients = []
        for layer, gradient in zip(self.layers, computed):
            if gradient is None:
                raise self._fault(
                    f"target {self.target.name} does not depend on layer {layer}",
                    "Name a layer on the way to the target, and compute the target without "
                    "detach, no_grad or numpy.",
                )
            gradients.append(gradient)
        return gradients

    def _check_shape(self, layer: str, shape: tuple[int, ...], count: int) -> None:
        views = self.target.views
        if len(shape) != 4:
            raise self._fault(
                f"layer {layer} returns {shape}, not a feature map",
                "Name a layer that returns (n, channels, height, width).",
            )
        if shape[0] != count * views:
            raise self._fault(
                f"layer {layer} returns {shape[0]} feature maps for {count} inputs of {views} "
                f"view{'s' * (views > 1)}",
                "Name a layer that returns one for each view of an input.",
            )

    def _by_view(self, values: torch.Tensor) -> torch.Tensor:
        views = self.target.views
        return values.unflatten(0, (-1, views)) if views > 1 else values

    def _fault(self, what: str, remedy: str) -> InputError:
        return InputError(what, type(self.target.model).__name__, remedy)


class _Kept:
    """Outputs of layers in one pass, ready to be differentiated by."""

    def __init__(self, where: str, copies: bool) -> None:
        self.where, self.copies = where, copies
        self.outputs: dict[str, torch.Tensor] = {}
        self.versions: dict[str, int] = {}

    def keep(self, layer: str, output: torch.Tensor) -> torch.Tensor:
        if layer in self.outputs:
            raise InputError(
                f"layer {layer} runs more than once in one pass, so that it has no one map",
                self.where,
                "Name another layer; a target that compares images runs the network once, on all.",
            )
        if not output.is_floating_point():
            raise InputError(
                f"layer {layer} returns {output.dtype}, which has no gradient",
                self.where,
                "Name a layer that returns a feature map.",
            )
        if not output.requires_grad:
            # The graph begins here: nothing before the first layer is differentiated. A new tensor,
            # because this one may be the network's own or the caller's.
            output = output.detach().requires_grad_()
        self.outputs[layer] = output
        self.versions[layer] = output._version
        return output.clone() if self.copies else output

    def overwritten(self) -> bool:
        return any(self.outputs[layer]._version != self.versions[layer] for layer in self.outputs)
