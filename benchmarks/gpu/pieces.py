"""What there is to run on a GPU: each piece by itself, and tiny where it is only to be tried.

Imports stand in the functions: a piece whose packages are missing takes no other one with it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganatomy.data.dataset import Dataset

Result = dict[str, Any]
_BUDGET_S = 60.0  # of each training of `quality`; there are two to a piece
_SEEDS = (0, 1, 2)
_LIME_SIZES = (28, 64, 128)
_TINY_WIDTH = 4


@dataclass(frozen=True)
class Piece:
    """Something that takes minutes and gives one result.

    Attributes
    ----------
    name : str
    kind : str
        Its section of docs/benchmarks.md; results of one kind are put together there.
    measure : callable
        The name of a device, and whether to be tiny, to a result in plain values.
    packages : tuple of str
        What it needs beside the library's own packages.
    """

    name: str
    kind: str
    measure: Callable[[str, bool], Result]
    packages: tuple[str, ...] = ()


def _tests(device: str, small: bool) -> Result:
    from benchmarks.gpu.tests import run_marked

    return run_marked(device)


def _training(shape: tuple[int, int, int]) -> Callable[[str, bool], Result]:
    def measure(device: str, small: bool) -> Result:
        from benchmarks import training

        if small:
            return training.measure(device, [(*shape[:2], _TINY_WIDTH)], 1)
        return training.measure(device, [shape])

    return measure


def _ensemble(backend: str) -> Callable[[str, bool], Result]:
    def measure(device: str, small: bool) -> Result:
        from benchmarks import ensemble

        if small:
            return ensemble.measure_all(device, [(_TINY_WIDTH, 8)], {backend: (2,)}, 1)
        return ensemble.measure_all(device, sizes={backend: ensemble.SIZES[device][backend]})

    return measure


def _gradcam(network: str) -> Callable[[str, bool], Result]:
    def measure(device: str, small: bool) -> Result:
        from benchmarks import gradcam

        if small:
            return gradcam.measure(device, [(network, 28, _TINY_WIDTH, 2)], 1, 0.0)
        return gradcam.measure(device, [row for row in gradcam.SHAPES[device] if row[0] == network])

    return measure


def _lime(pixels: int) -> Callable[[str, bool], Result]:
    def measure(device: str, small: bool) -> Result:
        from benchmarks import lime

        if small:
            size = replace(lime.TINY.sizes[0], pixels=pixels)
            return lime.measure(device, replace(lime.TINY, sizes=(size,), equal=((pixels, 7, 1),)))
        plan = lime.CPU if device == "cpu" else lime.CUDA
        sizes = tuple(size for size in plan.sizes if size.pixels == pixels)
        equal = tuple(case for case in plan.equal if case[0] == pixels)
        return lime.measure(device, replace(plan, sizes=sizes, equal=equal))

    return measure


def _evaluation(device: str, small: bool) -> Result:
    from benchmarks import evaluation

    if small:
        return evaluation.measure(device, _tiny_data, 64, 1)
    return evaluation.measure(device)


def _quality(seed: int) -> Callable[[str, bool], Result]:
    def measure(device: str, small: bool) -> Result:
        from benchmarks import quality

        if small:
            return quality.measure(1.0, [seed], device, _tiny_data)
        return quality.measure(_BUDGET_S, [seed], device)

    return measure


def _tiny_data() -> tuple["Dataset", "Dataset"]:
    """Noise in the shape of Fashion-MNIST: 256 training and 64 test images of ten classes."""
    import torch

    from ganatomy.data.dataset import Dataset

    draw = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (320, 1, 28, 28), generator=draw, dtype=torch.uint8)
    whole = Dataset(images, torch.arange(320) % 10, tuple("abcdefghij"))
    first = torch.arange(320) < 256
    return whole.take(first), whole.take(~first)


PIECES = (
    Piece("tests", "tests", _tests, ("pytest", "mlxtend")),
    Piece("training-28-narrow", "training", _training((28, 1, 16))),
    Piece("training-28", "training", _training((28, 1, 32))),
    Piece("training-32", "training", _training((32, 3, 32))),
    Piece("ensemble-grouped", "ensemble", _ensemble("grouped")),
    Piece("ensemble-bmm", "ensemble", _ensemble("bmm")),
    Piece("gradcam-dcgan", "gradcam", _gradcam("dcgan")),
    Piece("gradcam-resnet", "gradcam", _gradcam("resnet")),
    Piece("evaluation", "evaluation", _evaluation),
    *(Piece(f"quality-{seed}", "quality", _quality(seed)) for seed in _SEEDS),
    *(
        Piece(f"lime-{size}", "lime", _lime(size), ("captum", "lime", "mlxtend"))
        for size in _LIME_SIZES
    ),
)
