"""Maps whose regions and holes are planted, and generators with and without a tear."""

# ruff: noqa: E501  the lines of `section` are those of the page

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.tables import table
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.topology.latent_paths import Path
from ganatomy.explain.topology.latent_study import topology_of_latents
from ganatomy.explain.topology.map_study import topology_of_maps
from ganatomy.statistics import share_interval

Result = dict[str, Any]
_SIDE, _IMAGES, _NOISES = 28, 40, (0.0, 0.05, 0.1, 0.2)
_PAIRS, _OF_KIND = 100, 24
_DIM, _WAYS, _GENERATORS, _AT = 8, 16, 10, 0.3
_WITHIN = 1e-4
_JUMPS = (0.1, 0.3, 1.0, 3.0)
_SLOPES = (2e1, 2e2, 2e3, 2e4, 2e5)


class Handed(nn.Module):
    """A convolution that hands its image on, and a logit."""

    def __init__(self) -> None:
        super().__init__()
        self.same = nn.Conv2d(1, 1, 1, bias=False)
        nn.init.ones_(self.same.weight)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.same(images).mean((1, 2, 3))
        return logits


def _distance(row: float, column: float) -> torch.Tensor:
    rows, columns = torch.meshgrid(torch.arange(_SIDE), torch.arange(_SIDE), indexing="ij")
    return ((rows - row).square() + (columns - column).square()).float().sqrt()


def _discs(number: int) -> Callable[[float, float], torch.Tensor]:
    middles = ((6, 6), (20, 18), (6, 20))[:number]
    return lambda down, right: sum(
        (torch.exp(-_distance(y + down, x + right).square() / 8) for y, x in middles),
        torch.zeros(_SIDE, _SIDE),
    )


def _ring(down: float, right: float) -> torch.Tensor:
    return torch.exp(-(_distance(13 + down, 13 + right) - 7).square() / 4)


def _ring_and_disc(down: float, right: float) -> torch.Tensor:
    ring = torch.exp(-(_distance(10 + down, 10 + right) - 6).square() / 3)
    return ring + torch.exp(-_distance(23, 23).square() / 4)


PICTURES: dict[str, tuple[Callable[[float, float], torch.Tensor], int, int]] = {
    "a disc": (_discs(1), 1, 0),
    "three discs": (_discs(3), 3, 0),
    "a ring": (_ring, 1, 1),
    "a ring and a disc": (_ring_and_disc, 2, 1),
}


def _images(name: str, number: int, noise: float, draw: torch.Generator) -> torch.Tensor:
    moves = torch.rand(number, 2, generator=draw).tolist()
    images = torch.stack([PICTURES[name][0](*move)[None] for move in moves])
    return images + noise * torch.randn(images.shape, generator=draw).abs()


def measure_maps() -> Result:
    """Mean numbers counted in pictures, and how often equal and unequal kinds are told apart."""
    rows, begin, maps = [], time.perf_counter(), 0
    for name, (_, regions, holes) in PICTURES.items():
        row: Result = {"picture": name, "regions": regions, "holes": holes}
        for noise in _NOISES:
            images = _images(name, _IMAGES, noise, torch.Generator().manual_seed(1))
            found = topology_of_maps(Subjects.of(None, Handed(), real=images)).layers.iloc[0]
            row[f"found_{noise}"] = [float(found["regions"]), float(found["holes"])]
            maps += _IMAGES
        rows.append(row)
    seconds = (time.perf_counter() - begin) / maps
    told = {
        "equal": _told("a ring", "a ring"),
        "a ring, a disc": _told("a ring", "a disc"),
        "a ring, a ring and a disc": _told("a ring", "a ring and a disc"),
    }
    return {
        "images": _IMAGES,
        "noises": list(_NOISES),
        "rows": rows,
        "seconds_a_map": seconds,
        "pairs": _PAIRS,
        "of_kind": _OF_KIND,
        "told": told,
    }


def _told(real: str, fake: str) -> int:
    """In how many pairs, with so much noise that counts vary."""
    told = 0
    for seed in range(_PAIRS):
        draw = torch.Generator().manual_seed(1000 + seed)
        kinds = [_images(name, _OF_KIND, _NOISES[-1], draw) for name in (real, fake)]
        subjects = Subjects.of(None, Handed(), real=kinds[0], fake=kinds[1])
        found = topology_of_maps(subjects, num_draws=500, seed=seed)
        told += bool(found.compared["stands_out"].any())
    return told


class _Drawn(nn.Module):
    """A random network of two layers, and a picture more beyond z0 = 0.3."""

    def __init__(self, seed: int, extra: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        draw = torch.Generator().manual_seed(seed)
        self.register_buffer("first", torch.randn(_DIM, 32, generator=draw) / math.sqrt(_DIM))
        self.register_buffer("second", torch.randn(32, 64, generator=draw) / math.sqrt(32))
        self.register_buffer("picture", torch.randn(64, generator=draw) / 8)
        self.extra = extra

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        images = (z @ self.first).tanh() @ self.second
        images = images + self.extra(z[:, :1] - _AT) * self.picture
        return images.reshape(-1, 1, 8, 8)


def _jump(size: float) -> Callable[[torch.Tensor], torch.Tensor]:
    return lambda beyond: size * (beyond > 0).float()


def _rise(slope: float) -> Callable[[torch.Tensor], torch.Tensor]:
    return lambda beyond: (1 + torch.tanh(slope * beyond)) / 2


def measure_tears() -> Result:
    """Ways that cross the place where the picture comes in, and the tears that are found there."""
    ways: list[tuple[str, float, Callable[[torch.Tensor], torch.Tensor]]] = [
        *(("jump", size, _jump(size)) for size in _JUMPS),
        *(("rise", slope, _rise(slope)) for slope in _SLOPES),
        ("bend", 5.0, lambda beyond: 5 * beyond.relu()),
        ("none", 0.0, torch.zeros_like),
    ]
    return {
        "generators": _GENERATORS,
        "ways": _WAYS,
        "within": _WITHIN,
        "rows": [_torn(*each) for each in ways],
    }


def _torn(kind: str, size: float, extra: Callable[[torch.Tensor], torch.Tensor]) -> Result:
    planted = found = elsewhere = 0
    seconds, steps = 0.0, []
    for seed in range(_GENERATORS):
        z = torch.randn(2 * _WAYS, _DIM, generator=torch.Generator().manual_seed(500 + seed))
        subjects = Subjects.of(_Drawn(seed, extra), None, z=z)
        begin = time.perf_counter()
        study = topology_of_latents(subjects, num_paths=_WAYS, num_images=0)
        seconds += time.perf_counter() - begin
        steps.append(float(study.paths["median_step"].mean()))
        for number in range(_WAYS):
            truth = _crossings(subjects, number)
            own = study.tears.loc[study.tears["path"] == number + 1, "t"].to_numpy(dtype=float)
            near = np.abs(own[:, None] - truth[None]) <= _WITHIN
            planted += len(truth)
            found += int(near.any(0).sum())
            elsewhere += int((~near.any(1)).sum())
    return {
        "kind": kind,
        "size": size,
        "median_step": round(float(np.mean(steps)), 3),
        "crossings": planted,
        "found": found,
        "elsewhere": elsewhere,
        "seconds_a_way": round(seconds / _GENERATORS / _WAYS, 4),
    }


def _crossings(subjects: Subjects, number: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Where z0 is 0.3 on a way: from a fine grid, straight between its places."""
    t = np.linspace(0, 1, 20_001)
    way = Path(subjects, 2 * number, 2 * number + 1, spherical=True)
    beyond = way.latents(torch.from_numpy(t))[:, 0].double().numpy() - _AT
    at = np.flatnonzero((beyond[:-1] > 0) != (beyond[1:] > 0))
    return t[at] + beyond[at] / (beyond[at] - beyond[at + 1]) * (t[1] - t[0])


_WORDS = {
    "jump": "jump of {:g}",
    "rise": "continuous, tanh of slope {:g}",
    "bend": "continuous, a bend",
    "none": "nothing planted",
}


def section(maps: Result, tears: Result) -> str:
    """Words and tables of the page."""
    pictures = [
        [
            *(row["picture"], f"{row['regions']}, {row['holes']}"),
            *(
                ", ".join(f"{value:.2f}" for value in row[f"found_{noise}"])
                for noise in maps["noises"]
            ),
        ]
        for row in maps["rows"]
    ]
    told = [
        [name, f"{count} of {maps['pairs']}", "{:.1%} to {:.1%}".format(*_range(count, maps))]
        for name, count in maps["told"].items()
    ]
    rows = [
        [
            _WORDS[row["kind"]].format(row["size"]),
            *(f"{row[name]}" for name in ("crossings", "found", "elsewhere")),
            f"{row['seconds_a_way']:.3f}",
        ]
        for row in tears["rows"]
    ]
    step = tears["rows"][-1]["median_step"]
    return f"""\
### Planted regions and holes

Pictures handed to D's maps as they are, each a little elsewhere, with noise (folded normal, its spread as a share of the picture's height): regions and holes counted in a map, means of {maps["images"]}; {1000 * maps["seconds_a_map"]:.1f} ms a map.

{table(["picture", "regions, holes", *(f"noise {noise:g}" for noise in maps["noises"])], pictures)}

Two kinds of {maps["of_kind"]} pictures each, with the most noise: how often the study tells them apart, at a false discovery rate of 5 %.

{table(["kinds", "told apart", "95 % interval"], told)}

### Planted tears

{tears["generators"]} random generators, {tears["ways"]} ways of each; beyond z0 = 0.3 a picture of length 1, times the jump's size, is added. A step of a way is {step:g} long in the median. Tears within {tears["within"]:g} of where the way crosses z0 = 0.3 are found ones; on one thread.

{table(["beyond z0 = 0.3", "crossings", "called a tear", "called elsewhere", "seconds a way"], rows)}"""


def _range(count: int, maps: Result) -> tuple[float, float]:
    return share_interval(count, maps["pairs"])
