"""Images that are no data: whoever ranks them above real ones does not know what is real."""

import torch

from ganatomy.data.images import BLACK
from ganatomy.explain.lime.baselines import baselines
from ganatomy.rng import generator

UNREAL = {
    "noise": "uniform noise",
    "blur": "strongly blurred reals",
    "black": "black",
    "mean": "the mean of the reals",
    "mosaic": "halves of two reals",
    "shuffled": "reals with shuffled pixels",
}
"""Their kinds, in words."""
HIDES = ("blur", "black", "mean")  # baselines by which LIME and removal tests hide


def unreal_images(reals: torch.Tensor, *, seed: int) -> dict[str, torch.Tensor]:
    """Make images that are no data, of each kind in `UNREAL`.

    Parameters
    ----------
    reals : Tensor of shape (n, c, h, w), float32 in [-1, 1]
        At least two. ``blur`` is LIME's baseline of this name.
    seed : int

    Returns
    -------
    dict of str to Tensor of shape (n, c, h, w), or (1, c, h, w) for ``black`` and ``mean``
    """
    draw = generator(seed, "unreal")
    noise = torch.rand(reals.shape, generator=draw) * 2 - 1
    width = reals.shape[-1]
    left = torch.arange(width) < width // 2
    places = torch.rand(len(reals), reals[0, 0].numel(), generator=draw).argsort(1)
    shuffled = reals.flatten(2).gather(2, places[:, None].expand(-1, reals.shape[1], -1))
    return {
        "noise": noise,
        "blur": baselines("blur", reals)[:, 0],
        "black": torch.full_like(reals[:1], BLACK),
        "mean": reals.mean(0, keepdim=True),
        "mosaic": torch.where(left, reals, reals.roll(1, 0)),
        "shuffled": shuffled.reshape(reals.shape),
    }
