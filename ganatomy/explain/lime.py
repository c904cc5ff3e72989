"""LIME (Ribeiro et al. 2016, arXiv 1602.04938) for a scalar target, by the package `lime`.

Segments are squares, a hidden segment is black, and the explained value is the target itself: no
softmax, which over a single logit is the constant 1.
"""

import contextlib
import io
from dataclasses import dataclass

import numpy as np
import torch
from lime.lime_image import LimeImageExplainer
from numpy.typing import NDArray

from ganatomy.data.images import BLACK
from ganatomy.errors import InputError
from ganatomy.explain.targets import Target
from ganatomy.rng import derive_seed

_BATCH_SIZE = 250


@dataclass(frozen=True)
class LimeExplanation:
    """A linear surrogate of the target around one image.

    Attributes
    ----------
    coefficients : Tensor of shape (s,), float64
        Change of the target when a segment is shown instead of hidden.
    segments : Tensor of shape (h, w), int64
        The segment of each pixel.
    r2 : float
        Weighted R^2 of the surrogate on the perturbed images it was fitted to.
    target_value : float
        The target of the whole image.
    refusal : str
        Why there is no explanation; empty when there is one. Coefficients are zero then.
    """

    coefficients: torch.Tensor
    segments: torch.Tensor
    r2: float
    target_value: float
    refusal: str = ""

    @property
    def attribution(self) -> torch.Tensor:
        """The coefficients painted onto the pixels, shape (h, w)."""
        return self.coefficients[self.segments]


def square_segments(height: int, width: int, side: int) -> torch.Tensor:
    """Number the side x side squares of an image row by row; the last ones may be smaller."""
    rows = torch.arange(height) // side
    columns = torch.arange(width) // side
    return rows[:, None] * (int(columns.max()) + 1) + columns


def lime(
    target: Target,
    image: torch.Tensor,
    segment_side: int,
    num_samples: int,
    seed: int,
    *purpose: str | int,
) -> LimeExplanation:
    """Explain one image.

    Parameters
    ----------
    target : Target
        Takes images of shape (n, c, h, w) in [-1, 1].
    image : Tensor of shape (c, h, w), float32 in [-1, 1]
    segment_side : int
        Side of the square segments, in pixels.
    num_samples : int
        Perturbed images.
    seed : int
    *purpose : str or int
        What the samples are for: the same (seed, purpose) gives the same coefficients.

    Returns
    -------
    LimeExplanation
        Refused for an image that is all black: hiding a segment changes nothing there.

    Raises
    ------
    InputError
        Fewer than 8 segments.
    """
    channels, height, width = image.shape
    segments = square_segments(height, width, segment_side)
    num_segments = int(segments.max()) + 1
    if num_segments < 8:
        raise InputError(
            f"squares of {segment_side} px cut an image of {height} x {width} into only "
            f"{num_segments} segments, which explain nothing",
            "lime.segment_side",
            "Use a smaller one.",
        )

    def classifier(stack: NDArray[np.float64]) -> NDArray[np.float64]:
        pixels = torch.from_numpy(stack[..., :channels]).to(image).permute(0, 3, 1, 2)
        with torch.no_grad():
            return target.score(pixels).double().cpu().numpy()[:, None]

    if bool((image == BLACK).all()):
        nothing = torch.zeros(num_segments, dtype=torch.float64)
        value = float(target.score(image[None]).detach())
        return LimeExplanation(nothing, segments, 0.0, value, "all black, as if hidden")

    draw = derive_seed(seed, "lime", *purpose) % 2**32
    rgb = image.permute(1, 2, 0).expand(-1, -1, 3).double().cpu().numpy()
    explainer = LimeImageExplainer(
        feature_selection="none", random_state=np.random.RandomState(draw)
    )
    with contextlib.redirect_stderr(io.StringIO()):  # it draws a bar and cannot be told not to
        explanation = explainer.explain_instance(
            rgb,
            classifier,
            labels=(0,),
            top_labels=None,
            hide_color=BLACK,
            num_features=num_segments,
            num_samples=num_samples,
            batch_size=_BATCH_SIZE,
            segmentation_fn=lambda _: segments.numpy(),
            random_seed=draw,
        )
    coefficients = torch.zeros(num_segments, dtype=torch.float64)
    for segment, weight in explanation.local_exp[0]:
        coefficients[segment] = weight
    value = float(classifier(rgb[None])[0, 0])
    return LimeExplanation(coefficients, segments, float(explanation.score), value)
