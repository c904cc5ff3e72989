"""Grad-CAM: images per second against Captum, torch-cam and pytorch-grad-cam."""

import statistics
import time
from collections.abc import Callable
from typing import Any

import psutil
import torch
from captum.attr import LayerAttribution, LayerGradCam
from pytorch_grad_cam import GradCAM  # type: ignore[import-untyped]
from torch import nn
from torch.nn import functional
from torchcam import methods as torchcam

from benchmarks.tables import machine_line, table
from ganatomy.device import keep_freed_memory
from ganatomy.explain.gradcam import gradcam
from ganatomy.explain.targets import d_logit
from ganatomy.gan.networks import convolutions, dcgan, resnet
from ganatomy.initialise import initialise

Result = dict[str, Any]
Run = Callable[[], object]

# network, pixels, channels of the first layer, images in a batch
SHAPES = {
    "cpu": [
        ("dcgan", 28, 32, 64),
        ("dcgan", 64, 32, 32),
        ("dcgan", 128, 32, 8),
        ("resnet", 28, 32, 32),
        ("resnet", 64, 32, 8),
        ("resnet", 128, 32, 4),
    ],
    "cuda": [
        (name, size, 32, batch)
        for name in ("dcgan", "resnet")
        for size, batch in ((28, 256), (64, 128), (128, 64))
    ],
}
_NETWORKS = {"dcgan": dcgan.Discriminator, "resnet": resnet.Discriminator}
_REPEATS = 7
_TURN_S = 0.1  # how long one of them has its turn, at least


def measure(device_name: str = "cpu") -> Result:
    """All libraries by turns, in one process, with all threads; medians over repeats.

    All give maps of the images' size on the CPU, and set up and remove their hooks in every call.
    """
    keep_freed_memory()  # else page faults, by chance many or few, are half of a small pass
    torch.set_num_threads(psutil.cpu_count(logical=False) or 1)
    rows = [_row(*shape, torch.device(device_name)) for shape in SHAPES[device_name]]
    return {"device": device_name, "repeats": _REPEATS, "rows": rows}


def _row(name: str, size: int, width: int, batch: int, device: torch.device) -> Result:
    network = _NETWORKS[name](size, 1, width)
    initialise(network, 0, "benchmark")
    network.to(device).eval()
    draw = torch.Generator().manual_seed(0)
    images = (torch.rand(batch, 1, size, size, generator=draw) * 2 - 1).to(device)
    layers = list(convolutions(network))
    one = _by_turns(_at_one_layer(network, layers[-1], images), batch, device)
    every = _by_turns(_at_every_layer(network, layers, images), batch, device)
    return {
        "network": name,
        "image_size": size,
        "width": width,
        "batch": batch,
        "num_layers": len(layers),
        "one_layer_img_per_s": {key: round(speed, 1) for key, speed in one.items()},
        "one_layer_ratios": {
            key: round(one["ours"] / speed, 3) for key, speed in one.items() if key != "ours"
        },
        "all_layers_img_per_s": {key: round(speed, 1) for key, speed in every.items()},
        "all_layers_ratio": round(every["ours"] / every["captum"], 3),
        "share_of_num_layers": round(every["ours"] / every["captum"] / len(layers), 3),
    }


def _at_one_layer(network: nn.Module, layer: str, images: torch.Tensor) -> dict[str, Run]:
    size = (images.shape[2], images.shape[3])
    module = network.get_submodule(layer)
    target = d_logit(network)
    captum = LayerGradCam(network, module)
    answers = [_itself] * len(images)

    def with_torchcam() -> torch.Tensor:
        with torchcam.GradCAM(network, layer) as extractor:
            scores = network(images)[:, None]
            maps = extractor(class_idx=0, scores=scores, normalized=False)[0]
        return functional.interpolate(maps[:, None], size, mode="bilinear").cpu()

    def with_pytorch_grad_cam() -> object:
        with GradCAM(network, [module]) as extractor:
            return extractor(images, answers)

    return {
        "ours": lambda: gradcam(target, [layer], images, size),
        "captum": lambda: LayerAttribution.interpolate(
            captum.attribute(images), size, "bilinear"
        ).cpu(),
        "torch-cam": with_torchcam,
        "pytorch-grad-cam": with_pytorch_grad_cam,
    }


def _itself(logit: torch.Tensor) -> torch.Tensor:
    return logit


def _at_every_layer(network: nn.Module, layers: list[str], images: torch.Tensor) -> dict[str, Run]:
    size = (images.shape[2], images.shape[3])
    target = d_logit(network)
    captum = [LayerGradCam(network, network.get_submodule(layer)) for layer in layers]

    def one_by_one() -> list[torch.Tensor]:
        return [
            LayerAttribution.interpolate(each.attribute(images), size, "bilinear").cpu()
            for each in captum
        ]

    return {"ours": lambda: gradcam(target, layers, images, size), "captum": one_by_one}


def _by_turns(runs: dict[str, Run], batch: int, device: torch.device) -> dict[str, float]:
    """Images per second of each, the median over repeats."""
    calls = {}
    for name, run in runs.items():
        run()
        calls[name] = max(1, round(_TURN_S / _seconds(run, 1, device)))
    speeds: dict[str, list[float]] = {name: [] for name in runs}
    for repeat in range(_REPEATS):
        names = list(runs)[:: 1 if repeat % 2 else -1]
        for name in names:
            speeds[name].append(batch * calls[name] / _seconds(runs[name], calls[name], device))
    return {name: statistics.median(each) for name, each in speeds.items()}


def _seconds(run: Run, count: int, device: torch.device) -> float:
    _wait(device)
    started = time.perf_counter()
    for _ in range(count):
        run()
    _wait(device)
    return time.perf_counter() - started


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def section(results: list[Result]) -> str:
    """The page's section, from the results of each device."""
    peers = ("captum", "torch-cam", "pytorch-grad-cam")
    shape = ["device", "D", "images", "width", "batch"]
    one, every = [], []
    for result in results:
        for row in result["rows"]:
            about = [
                result["device"],
                row["network"],
                f"{row['image_size']} px",
                str(row["width"]),
                str(row["batch"]),
            ]
            speeds, ratios = row["one_layer_img_per_s"], row["one_layer_ratios"]
            cells = [f"{speeds[peer]:,.0f} (**{ratios[peer]:.2f}**)" for peer in peers]
            one.append([*about, f"{speeds['ours']:,.0f}", *cells])
            speeds = row["all_layers_img_per_s"]
            every.append(
                [
                    *about,
                    str(row["num_layers"]),
                    f"{speeds['ours']:,.0f}",
                    f"{speeds['captum']:,.0f}",
                    f"**{row['all_layers_ratio']:.2f}**",
                    f"{row['share_of_num_layers']:.2f}",
                ]
            )
    return f"""\
## Grad-CAM

{machine_line(results[0])}

Images per second of Grad-CAM of D's logit, upsampled to the size of the images and on the CPU, by turns in one process; medians of {results[0]["repeats"]}.

At one layer, D's last convolution. In brackets: ours over theirs.

{table([*shape, "ours", *peers], one)}

At all L convolutions of D: ours in one pass, Captum's layer by layer. A pass through all layers costs more than one to the last, so the
ratio stays below L; the last column is the ratio over L.

{table([*shape, "L", "ours", "captum", "ratio", "ratio / L"], every)}"""  # noqa: E501
