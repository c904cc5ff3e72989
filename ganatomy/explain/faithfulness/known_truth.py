"""Every kind of map tried on networks of which the truth is known."""

from dataclasses import replace

import pandas as pd
import torch

from ganatomy.explain.faithfulness.planted import LAYERS, Explainer, planted_truth
from ganatomy.explain.lime.baselines import baselines
from ganatomy.explain.lime.hiding import square_side
from ganatomy.explain.lime.settings import Hiding
from ganatomy.explain.maps.methods import (
    INTEGRATED_GRADIENTS,
    LIME,
    OCCLUSION,
    Methods,
    cam_name,
)
from ganatomy.explain.networks.targets import Target


def try_on_planted_truth(
    methods: Methods, seed: int, *, image_size: int = 28, channels: int = 1
) -> pd.DataFrame:
    """Score methods on discriminators whose logit is the brightness of one region.

    LIME hides squares by a blur, whatever it hides elsewhere: the planted images are noise without
    an outline.

    Parameters
    ----------
    methods : Methods
    seed : int
    image_size : int
        A multiple of 4.
    channels : int

    Returns
    -------
    DataFrame
        As of `planted.planted_truth`.

    Examples
    --------
    >>> table = try_on_planted_truth(Methods(("hirescam",)), seed=0, image_size=16)
    >>> float(table.set_index("method").loc["hirescam early", "pointing"])
    1.0
    """
    side = square_side(methods.hiding, image_size)
    methods = replace(methods.quietly(), hiding=Hiding(segment_side=side))

    def cam(method: str, layer: str) -> Explainer:
        def explain(target: Target, images: torch.Tensor) -> torch.Tensor:
            size = (image_size, image_size)
            alone = replace(methods, cams=(method,))
            return alone.cam_maps(target, [layer], images, size)[cam_name(method, layer)]

        return explain

    def other(name: str) -> Explainer:
        def explain(target: Target, images: torch.Tensor) -> torch.Tensor:
            fills = baselines("blur", images)
            return methods.maps(target, LAYERS[:1], images, fills, seed)[name]

        return explain

    explainers = {
        cam_name(method, layer): cam(method, layer) for method in methods.cams for layer in LAYERS
    }
    explainers |= {name: other(name) for name in (LIME, INTEGRATED_GRADIENTS, OCCLUSION)}
    return planted_truth(explainers, seed, image_size, channels=channels)
