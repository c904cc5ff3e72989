"""The order of removal in cells, against a plain loop."""

import numpy as np
import torch
from torch import nn

from ganatomy.explain.faithfulness.ranks import grid_cells, pixel_ranks, removal_ranks
from ganatomy.explain.faithfulness.removal import deletion_insertion
from ganatomy.explain.faithfulness.resolution import cam_cells, image_cells
from ganatomy.explain.faithfulness.road import IMPUTERS, road
from ganatomy.explain.lime.settings import Hiding
from ganatomy.explain.maps.methods import Methods
from ganatomy.explain.networks.targets import Target, d_logit


def _random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def test_cells_divide_an_image_evenly() -> None:
    cells = grid_cells((3, 2), (10, 6))
    assert cells.unique().tolist() == list(range(6))
    sizes = cells.flatten().bincount().view(3, 2)
    assert sizes.tolist() == [[12, 12], [9, 9], [9, 9]]
    assert (cells[:, :3] % 2 == 0).all()
    assert torch.equal(grid_cells((9, 9), (4, 4)), grid_cells((4, 4), (4, 4)))


def test_a_cell_ranks_by_its_mean_and_stands_at_its_middle() -> None:
    maps = _random(3, 7, 6)
    each = torch.stack([grid_cells((3, 2), (7, 6)), *[_random(7, 6, seed=9).gt(0).long()] * 2])
    for cells in (each, each[0]):
        found = removal_ranks(maps, cells, seed=0)
        for index, given in enumerate(maps.double().numpy()):
            own = (cells if cells.ndim == 2 else cells[index]).numpy()
            order = sorted(set(own.flat), key=lambda cell: -given[own == cell].mean())
            before = 0
            for cell in order:
                size = int((own == cell).sum())
                np.testing.assert_allclose(found[index].numpy()[own == cell], before + size / 2)
                before += size


def test_without_cells_each_pixel_is_one() -> None:
    maps = _random(2, 5, 4)
    pixels = torch.arange(20).view(5, 4)
    assert torch.equal(removal_ranks(maps, None, seed=3), pixel_ranks(maps, seed=3) + 0.5)
    assert torch.equal(removal_ranks(maps, pixels, seed=3), removal_ranks(maps, None, seed=3))


def _whole_cells(cells: torch.Tensor) -> tuple[Target, list[torch.Tensor]]:
    """A target that keeps what it is shown."""
    seen: list[torch.Tensor] = []

    def score(images: torch.Tensor) -> torch.Tensor:
        seen.append(images)
        return images.mean((1, 2, 3))

    return Target("mean", nn.Identity(), score), seen


def test_cells_are_removed_whole_by_every_measure() -> None:
    cells = grid_cells((4, 4), (12, 12))
    target, seen = _whole_cells(cells)
    images, maps = torch.ones(2, 1, 12, 12), {"m": _random(2, 12, 12)}
    deletion_insertion(target, images, maps, fill=-images, cells={"m": cells}, num_steps=5)
    for imputer in IMPUTERS:
        options = {"imputer": imputer, "noise": 0.0, "pool": -images}
        road(target, images, maps, cells={"m": cells}, **options)  # type: ignore[arg-type]
    changed = torch.cat(seen)[:, 0]
    for cell in range(16):
        assert (changed[:, cells == cell].std(1, correction=0) == 0).float().mean() > 0.99
    assert len(changed) > 30


def test_random_orders_of_cells_cost_as_much_first_as_last() -> None:
    """Of cells as large as a step, as of pixels: no share is counted on one side alone."""
    cells = grid_cells((2, 2), (8, 8))
    region = torch.rand(8, 8, generator=torch.Generator().manual_seed(1))
    target = Target("linear", nn.Identity(), lambda images: (images[:, 0] * region).sum((1, 2)))
    images, pool = torch.ones(1, 1, 8, 8), -torch.ones(1, 1, 8, 8)
    options = {"imputer": "hot_deck", "pool": pool, "shares": (0.375, 0.5, 0.625), "noise": 0.0}
    maps = {"up": cells[None].float(), "down": -cells[None].float()}
    found = road(target, images, maps, cells=dict.fromkeys(maps, cells), **options)  # type: ignore[arg-type]
    torch.testing.assert_close(found["up"], -found["down"], rtol=0, atol=1e-5)
    assert float(found["up"]) != 0


def test_the_cells_of_each_kind_of_map_are_what_it_tells_apart() -> None:
    network = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.Tanh(), nn.Conv2d(4, 4, 4, 2, 1), nn.Flatten()
    )
    network.append(nn.Linear(64, 1)).append(nn.Flatten(0))
    images, methods = _random(2, 1, 8, 8), Methods(("gradcam",), hiding=Hiding(segment_side=3))
    found = image_cells(methods, d_logit(network), ["0", "2"], images)
    assert list(found) == ["gradcam 2", "lime", "occlusion"]  # the first layer: pixels
    assert torch.equal(found["gradcam 2"], grid_cells((4, 4), (8, 8)))
    assert found["lime"].max() == found["occlusion"].max() == 8
    assert cam_cells(Methods(()), d_logit(network), [], images, size=(8, 8)) == {}
