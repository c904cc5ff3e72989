"""The parts of an image that each kind of map can tell apart."""

from collections.abc import Sequence
from functools import partial

import torch

from ganatomy.explain.faithfulness.ranks import Cells, grid_cells
from ganatomy.explain.lime.hiding import segments_of, square_side
from ganatomy.explain.lime.segments import grid
from ganatomy.explain.maps.methods import LIME, OCCLUSION, Methods, cam_name
from ganatomy.explain.networks.hooks import replaced
from ganatomy.explain.networks.targets import Target


def cam_cells(
    methods: Methods,
    target: Target,
    layers: Sequence[str],
    inputs: torch.Tensor,
    *,
    size: tuple[int, int],
) -> Cells:
    """Give the cells of class activation maps: a layer's places, laid over the image.

    Parameters
    ----------
    methods : Methods
    target : Target
    layers : sequence of str
    inputs : Tensor of shape (n, ...)
        Of the target; only the first is run.
    size : (int, int)
        Of the maps.

    Returns
    -------
    dict of str to LongTensor of shape (h, w)
        By names as of `methods.cam_name`. Nothing of a layer that is as fine as the image.
    """
    grids: dict[str, tuple[int, int]] = {}

    def note(layer: str, output: torch.Tensor) -> torch.Tensor:
        grids[layer] = (output.shape[-2], output.shape[-1])
        return output

    edits = {layer: partial(note, layer) for layer in layers}
    with replaced(target.model, edits), torch.no_grad():
        target.values(inputs[:1])
    return {
        cam_name(method, layer): grid_cells(of, size)
        for method in methods.cams
        for layer, of in grids.items()
        if of[0] < size[0] or of[1] < size[1]
    }


def image_cells(
    methods: Methods, target: Target, layers: Sequence[str], images: torch.Tensor
) -> Cells:
    """Give the cells of every map of a target of images; of integrated gradients none: pixels.

    LIME's are its segments, occlusion's its windows.

    Examples
    --------
    >>> from ganatomy.explain.networks.targets import d_logit
    >>> head = torch.nn.Flatten(), torch.nn.Linear(8, 1), torch.nn.Flatten(0)
    >>> network = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 4, 2, 1), *head)
    >>> images = torch.zeros(1, 1, 4, 4)
    >>> cells = image_cells(Methods(("gradcam",)), d_logit(network), ["0"], images)
    >>> {name: int(each.max()) + 1 for name, each in cells.items()}
    {'gradcam 0': 4, 'lime': 16, 'occlusion': 16}
    """
    height, width = images.shape[-2:]
    window = square_side(methods.hiding, max(height, width))
    return {
        **cam_cells(methods, target, layers, images, size=(height, width)),
        LIME: segments_of(methods.hiding, images).cpu(),
        OCCLUSION: grid(height, width, window),
    }
