"""LIME by the package `lime` (github.com/marcotcr/lime): the reference for the engine of ours."""

import contextlib
import io
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from ganatomy.explain.lime.explanations import ExplanationsBuilder, refused_afterwards
from ganatomy.explain.networks.targets import Target
from ganatomy.extras import extra

PACKAGE_RIDGE = 1.0
_BATCH_SIZE = 250
Array = NDArray[np.float64]


def explain_by_package(
    builder: ExplanationsBuilder,
    target: Target,
    images: torch.Tensor,
    *,
    fills: torch.Tensor,
    keys: list[int],
    num_samples: int,
    kernel_width: float | None,
    ridge: float,
    on_progress: Callable[[int, int], None],
) -> None:
    """Enter into `builder` what the package finds, one image after the other.

    The package draws its own masks and shuns nothing: it has neither intervals nor a held-out R^2.

    Parameters
    ----------
    builder : ExplanationsBuilder
        Its refused images are left out.
    target : Target
    images, fills : Tensor of shape (n, c, h, w), float32 in [-1, 1]
    keys : list of int
        One seed for each image.
    num_samples : int
    kernel_width : float or None
    ridge : float
    on_progress : callable
    """
    with extra("lime", "the engine `lime`"):
        from lime.lime_image import LimeImageExplainer
    from sklearn.linear_model import Ridge

    rows = builder.explained()
    for done, row in enumerate(rows):
        image, fill = (each[row].permute(1, 2, 0).cpu().numpy() for each in (images, fills))
        seen: list[Array] = []

        def classifier(stack: NDArray[np.float32], seen: list[Array] = seen) -> Array:
            pixels = torch.from_numpy(stack).to(images).permute(0, 3, 1, 2).contiguous()
            with torch.inference_mode():
                seen.append(target.values(pixels).double().cpu().numpy())
            return seen[-1][:, None]

        draw = keys[row] % 2**32
        explainer = LimeImageExplainer(
            kernel=partial(_kernel, kernel_width),
            feature_selection="none",
            random_state=np.random.RandomState(draw),
        )
        labels = builder.segments[row].numpy()
        with contextlib.redirect_stderr(io.StringIO()):  # it draws a bar and cannot be told not to
            explanation = explainer.explain_instance(
                image,
                classifier,
                labels=(0,),
                top_labels=None,
                hide_color=fill,
                num_features=builder.num_segments[row],
                num_samples=num_samples,
                batch_size=_BATCH_SIZE,
                segmentation_fn=lambda _, labels=labels: labels,
                model_regressor=Ridge(alpha=ridge, fit_intercept=True),
                random_seed=draw,
            )
        values = np.concatenate(seen)
        builder.target_values[row] = float(values[0])
        builder.num_samples[row] = len(values)
        builder.refusals[row] = refused_afterwards(float(values[0]), float(np.ptp(values)))
        if not builder.refusals[row]:
            builder.coefficients[row] = _in_order(explanation.local_exp[0])
            builder.r2[row] = float(explanation.score)
        on_progress((done + 1) * num_samples, len(rows) * num_samples)


def package_coefficients(
    masks: torch.Tensor,
    values: torch.Tensor,
    kernel_width: float | None = 0.25,
    *,
    ridge: float = PACKAGE_RIDGE,
) -> tuple[torch.Tensor, float]:
    """Return the coefficients and R^2 of the package's own model at given masks.

    Parameters
    ----------
    masks : Tensor of shape (s, d), bool
        The first shows everything.
    values : Tensor of shape (s,)
    kernel_width : float or None
    ridge : float

    Returns
    -------
    Tensor of shape (d,), float64, and float
    """
    with extra("lime", "the engine `lime`"):
        from lime.lime_base import LimeBase
    from sklearn.linear_model import Ridge
    from sklearn.metrics import pairwise_distances

    data = masks.double().cpu().numpy()
    distances = pairwise_distances(data, np.ones((1, data.shape[1])), metric="cosine").ravel()
    _, explanation, score, _ = LimeBase(partial(_kernel, kernel_width)).explain_instance_with_data(
        data,
        values.double().cpu().numpy()[:, None],
        distances,
        0,
        data.shape[1],
        feature_selection="none",
        model_regressor=Ridge(alpha=ridge, fit_intercept=True),
    )
    return _in_order(explanation), float(score)


def _kernel(width: float | None, distance: Array, kernel_width: object = None) -> Array:
    """The package's kernel; it hands over a width of its own that does not count here."""
    if width is None:
        return np.ones_like(distance)
    return np.asarray(np.sqrt(np.exp(-(distance**2) / width**2)))


def _in_order(pairs: list[tuple[int, float]]) -> torch.Tensor:
    coefficients = torch.zeros(len(pairs), dtype=torch.float64)
    for segment, weight in pairs:
        coefficients[segment] = weight
    return coefficients
