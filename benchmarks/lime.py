"""LIME: seconds an image, at equal samples and at equal error of the coefficients."""

# ruff: noqa: E501  the lines of `section` are those of the page

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from benchmarks.lime_engines import WIDTH, Case, digits, trained_target
from benchmarks.tables import machine_line, table

Result = dict[str, Any]
Calls = dict[str, tuple[Callable[[], Any], int]]  # and how many images a call explains
_LIME_BATCHES = (50, 250, 1000)
_CAPTUM_BATCHES = (64, 250, 1000)
_ERROR_REPEATS = 5


@dataclass(frozen=True)
class Size:
    """Of images in pixels, and what is done there: training steps of D, images that a call of
    ours explains, images of the others, repeats."""

    pixels: int
    steps: int
    num_ours: int
    num_others: int
    repeats: int


@dataclass(frozen=True)
class Workload:
    """How much is measured.

    `sides`: segments in a row; `equal`: (pixels, segments in a row, images) at equal error;
    `num_samples`: at equal samples, and of the reference; `num_seeds`: of lime, of ours.
    """

    sizes: tuple[Size, ...]
    sides: tuple[int, ...] = (7, 10, 14)
    equal: tuple[tuple[int, int, int], ...] = ((28, 7, 4), (28, 10, 4), (28, 14, 2), (64, 7, 2))
    num_samples: tuple[int, int] = (1000, 60_000)
    num_seeds: tuple[int, int] = (3, 8)


CPU = Workload((Size(28, 100, 8, 2, 5), Size(64, 100, 4, 1, 3), Size(128, 40, 2, 1, 2)))
CUDA = Workload((Size(28, 100, 256, 4, 5), Size(64, 100, 256, 4, 5), Size(128, 100, 256, 2, 3)))
TINY = Workload((Size(28, 2, 2, 1, 1),), (7,), ((28, 7, 1),), (200, 600), (1, 1))


def measure(device_name: str = "cpu", workload: Workload | None = None) -> Result:
    """Both comparisons, the engines by turns in one process, with as many threads as cores."""
    workload = workload or (CPU if device_name == "cpu" else CUDA)
    torch.set_num_threads(os.cpu_count() or 1)
    device = torch.device(device_name)
    targets, best = {}, {}
    rows = []
    for size in workload.sizes:
        pixels = size.pixels
        targets[pixels] = trained_target(pixels, size.steps, device)
        images = digits(size.num_ours, pixels, device)
        for side in workload.sides:
            case = Case(targets[pixels], images, side, workload.num_samples[0])
            if pixels not in best:
                best[pixels] = _best_batches(case)
            rows.append(_at_equal_samples(case, size, *best[pixels]))
    equal = []
    for pixels, side, count in workload.equal:
        many = next(size.num_ours for size in workload.sizes if size.pixels == pixels)
        few, all_of_them = (
            Case(targets[pixels], digits(number, pixels, device), side, workload.num_samples[0])
            for number in (count, many)
        )
        equal.append(_at_equal_error(few, all_of_them, workload, best[pixels][0]))
    return {
        "device": device_name,
        "num_threads": torch.get_num_threads(),
        "width": WIDTH,
        "num_samples": workload.num_samples[0],
        "reference_samples": workload.num_samples[1],
        "num_seeds": list(workload.num_seeds),
        "training_steps": {str(size.pixels): size.steps for size in workload.sizes},
        "rows": rows,
        "equal_error": equal,
    }


def _best_batches(case: Case) -> tuple[int, int]:
    """The batch sizes with which lime and captum are fastest: best of two runs of each."""
    image = case.images[0]

    def best_of_two(call: Callable[[], Any]) -> float:
        return min(_seconds(call) for _ in range(2))

    return (
        min(_LIME_BATCHES, key=lambda size: best_of_two(partial(case.by_lime, image, size, 0))),
        min(_CAPTUM_BATCHES, key=lambda size: best_of_two(partial(case.by_captum, image, size))),
    )


def _at_equal_samples(case: Case, size: Size, lime_batch: int, captum_batch: int) -> Result:
    others, samples = case.images[: size.num_others], case.num_samples
    calls: Calls = {
        "lime": (lambda: [case.by_lime(each, lime_batch, 0) for each in others], len(others)),
        "captum": (lambda: [case.by_captum(each, captum_batch) for each in others], len(others)),
        "ours": (lambda: case.by_ours(samples, 0), len(case.images)),
        "ours_alone": (lambda: case.by_ours(samples, 0, 1), 1),
    }
    seconds = _by_turns(calls, size.repeats)
    r2 = case.by_ours(samples, 0, 8, design="iid").r2
    found: Result = {
        "size": case.size,
        "segments": case.side**2,
        "r2": round(float(r2.nanmedian()), 2),
        "num_images": {"ours": len(case.images), "others": len(others)},
        "repeats": size.repeats,
        "lime_batch": lime_batch,
        "captum_batch": captum_batch,
        **{f"{name}_s": round(value, 5) for name, value in seconds.items()},
    }
    for name in ("lime", "captum"):
        found[f"{name}_ratio"] = round(seconds[name] / seconds["ours"], 1)
        found[f"{name}_ratio_alone"] = round(seconds[name] / seconds["ours_alone"], 1)
    return found


def _at_equal_error(case: Case, many: Case, workload: Workload, lime_batch: int) -> Result:
    """The fewest samples of ours that are no farther from the reference than lime's."""
    reference = case.by_ours(workload.num_samples[1], 1_000_000, design="iid")
    truth = torch.stack(reference.coefficients)
    own = (torch.stack(reference.high) - torch.stack(reference.low)) / (2 * 1.96)
    by_lime = [
        _error([case.by_lime(each, lime_batch, seed) for each in case.images], truth)
        for seed in range(workload.num_seeds[0])
    ]
    lime_error = statistics.mean(by_lime)
    curve: dict[int, float] = {}
    for count in _sample_counts(case.side**2, workload.num_samples[0]):
        by_ours = [
            _error(case.by_ours(count, seed).coefficients, truth)
            for seed in range(workload.num_seeds[1])
        ]
        curve[count] = statistics.mean(by_ours)
        if curve[count] <= lime_error:
            break
    enough = max(curve)
    calls: Calls = {
        "lime": (lambda: case.by_lime(case.images[0], lime_batch, 0), 1),
        "ours": (lambda: many.by_ours(enough, 0), len(many.images)),
        "ours_alone": (lambda: case.by_ours(enough, 0, 1), 1),
    }
    seconds = _by_turns(calls, _ERROR_REPEATS)
    return {
        "size": case.size,
        "segments": case.side**2,
        "r2": round(float(reference.r2.nanmedian()), 2),
        "num_images": {"errors": len(case.images), "ours": len(many.images)},
        "reference_error": round(float((own.norm(dim=1) / truth.norm(dim=1)).mean()), 4),
        "lime_error": round(lime_error, 4),
        "ours_samples": enough,
        "ours_error": round(curve[enough], 4),
        "reached": curve[enough] <= lime_error,
        "errors": {str(count): round(error, 4) for count, error in curve.items()},
        **{f"{name}_s": round(value, 5) for name, value in seconds.items()},
        "ratio": round(seconds["lime"] / seconds["ours"], 1),
        "ratio_alone": round(seconds["lime"] / seconds["ours_alone"], 1),
    }


def _sample_counts(num_segments: int, most: int) -> list[int]:
    """From the fewest that a fit takes up to twice lime's, whole blocks of the design among them."""
    block, least = 2 * 2 ** num_segments.bit_length(), 2 * (num_segments + 3)
    counts = {
        least,
        *(2 + block * eighths // 8 for eighths in (4, 5, 6, 7, 8, 12, 16, 24, 32, 48, 64)),
    }
    return sorted(count for count in counts if least <= count <= max(2 * most, least))


def _error(found: list[torch.Tensor], truth: torch.Tensor) -> float:
    """Relative L2 of the coefficients, mean over images."""
    return float(((torch.stack(found) - truth).norm(dim=1) / truth.norm(dim=1)).mean())


def _by_turns(calls: Calls, repeats: int) -> dict[str, float]:
    """Median seconds of each per image, after one warm-up of each."""
    for call, _ in calls.values():
        call()
    found: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeats):
        for name, (call, count) in calls.items():
            found[name].append(_seconds(call) / count)
    return {name: statistics.median(seconds) for name, seconds in found.items()}


def _seconds(call: Callable[[], Any]) -> float:
    started = time.perf_counter()
    call()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - started


def section(results: list[Result]) -> str:
    """The part of docs/benchmarks.md."""
    equal_heads = [
        "image, px",
        "segments",
        "R²",
        "lime, s",
        "captum, s",
        "ours, s",
        "lime / ours",
        "captum / ours",
        "one image alone: lime / ours",
        "captum / ours",
    ]
    error_heads = [
        "image, px",
        "segments",
        "R²",
        "lime's error",
        "ours",
        "samples of ours",
        "lime, s",
        "ours, s",
        "lime / ours",
        "one image alone",
    ]
    parts = []
    for result in results:
        equal = [
            [
                *(str(row[key]) for key in ("size", "segments", "r2")),
                *(f"{row[f'{name}_s']:.4f}" for name in ("lime", "captum", "ours")),
                *(f"**{row[f'{name}_ratio']:.1f}**" for name in ("lime", "captum")),
                *(f"{row[f'{name}_ratio_alone']:.1f}" for name in ("lime", "captum")),
            ]
            for row in result["rows"]
        ]
        error = [
            [
                *(str(row[key]) for key in ("size", "segments", "r2")),
                *(f"{100 * row[f'{name}_error']:.1f} %" for name in ("lime", "ours")),
                f"{row['ours_samples']:,}" + ("" if row["reached"] else " (not reached)"),
                *(f"{row[f'{name}_s']:.4f}" for name in ("lime", "ours")),
                f"**{row['ratio']:.1f}**",
                f"{row['ratio_alone']:.1f}",
            ]
            for row in result["equal_error"]
        ]
        images = ", ".join(
            f"{row['num_images']['ours']} ({row['num_images']['others']}) at {row['size']} px"
            for row in {row["size"]: row for row in result["rows"]}.values()
        )
        lime_seeds, our_seeds = result["num_seeds"]
        floor = max((row["reference_error"] for row in result["equal_error"]), default=0.0)
        parts.append(f"""\
### On {result["device"]}

{machine_line(result)} {result["num_threads"]} threads.

Equal samples ({result["num_samples"]:,} an image): seconds an image, medians, by turns. Ours explains all images of a call together; images of
ours (of the others): {images}.

{table(equal_heads, equal)}

Equal error: relative L2 distance of the coefficients from those of {result["reference_samples"]:,} independent samples (itself up to {100 * floor:.1f} % off, by its
standard errors), mean over images, {lime_seeds} seeds of lime at {result["num_samples"]:,} samples and {our_seeds} of ours at the fewest samples that are as good.

{table(error_heads, error)}""")
    steps = ", ".join(
        f"{count} at {size} px" for size, count in results[0]["training_steps"].items()
    )
    body = "\n\n".join(parts)
    return f"""\
## LIME

Our engine (orthogonal design), the package `lime` (as it was used here before) and `captum.attr.Lime` (lime's kernel, scikit-learn's ridge), each of the
two at the best of three batch sizes. Squares of a grid, black baseline, the logit of a `dcgan` D of width {results[0]["width"]} that was trained for a few steps
({steps}) to tell digits from mosaics of two digits: one with random weights is nearly linear. R² is that of the surrogate.

{body}"""
