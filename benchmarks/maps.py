"""Every kind of map on hand-built discriminators of which the truth is known."""

# ruff: noqa: E501  the lines of the section are those of the page

from typing import Any

import torch

from benchmarks.tables import machine_line, table
from ganatomy.explain.faithfulness.planted import LAYERS, planted_truth
from ganatomy.explain.lime.baselines import baselines
from ganatomy.explain.maps.gradcam import METHODS
from ganatomy.explain.maps.methods import INTEGRATED_GRADIENTS, LIME, OCCLUSION, Methods, cam_name
from ganatomy.explain.networks.targets import Target

_SIZES = (28, 64)
_REGIONS, _IMAGES, _SEED = 8, 16, 0


def measure() -> dict[str, Any]:
    """Pointing game, IoU and mass inside the region, of random rectangles."""
    rows = []
    for size in _SIZES:
        methods = Methods(METHODS)
        table = planted_truth(
            _explainers(methods, size),
            _SEED,
            size,
            channels=1,
            num_regions=_REGIONS,
            num_images=_IMAGES,
        )
        rows += [{"image_size": size, **row} for row in table.to_dict("records")]
    return {"num_regions": _REGIONS, "num_images": _IMAGES, "seed": _SEED, "rows": rows}


def _explainers(methods: Methods, size: int) -> dict[str, Any]:
    def cam(layer: str, name: str) -> Any:
        return lambda target, images: methods.cam_maps(target, [layer], images, (size, size))[name]

    def other(name: str) -> Any:
        def explain(target: Target, images: torch.Tensor) -> torch.Tensor:
            fills = baselines("blur", images)
            return methods.maps(target, LAYERS[:1], images, fills, _SEED)[name]

        return explain

    cams = [(method, layer) for method in METHODS for layer in LAYERS]
    found = {cam_name(*each): cam(each[1], cam_name(*each)) for each in cams}
    return found | {name: other(name) for name in (LIME, INTEGRATED_GRADIENTS, OCCLUSION)}


def section(results: list[dict[str, Any]]) -> str:
    """The page's part."""
    result = results[0]
    by_size = {
        size: {row["method"]: row for row in result["rows"] if row["image_size"] == size}
        for size in _SIZES
    }
    heads = ["map"]
    for size in _SIZES:
        heads += [f"{size} px: pointing", "IoU", "mass inside"]
    rows = []
    for name in by_size[_SIZES[0]]:
        cells = [name]
        for size in _SIZES:
            row = by_size[size][name]
            cells += [f"{100 * row['pointing']:.0f} %", f"{row['iou']:.2f}", f"{row['mass']:.2f}"]
        rows.append(cells)
    return f"""\
## Maps on a planted truth

{machine_line(result)}

A hand-built discriminator whose logit is the brightness of one rectangle, with three convolutions; {result["num_regions"]} random rectangles,
{result["num_images"]} images of smooth noise each (`ganatomy/explain/faithfulness/planted.py`). Pointing: the largest value of the map lies in the rectangle. IoU: of the
rectangle and as many of the map's largest pixels. Grad-CAM weighs whole channels, so where one channel carries every place
(the early layer) it cannot say where; HiResCAM can. LIME and occlusion are as coarse as their squares of 4 pixels (8 at 64 px).

{table(heads, rows)}"""
