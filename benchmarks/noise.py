"""Where the noise of retraining comes from: a crossed design on each of two data sets."""

# ruff: noqa: E501  the lines are those of the page

import time
from collections.abc import Callable
from itertools import combinations
from typing import Any

import torch

from benchmarks.quality import fashion_mnist
from benchmarks.tables import Result, machine_line, table
from ganatomy.data.dataset import Dataset
from ganatomy.device import keep_freed_memory
from ganatomy.gan.settings import Method
from ganatomy.importance.experiment import StudySize
from ganatomy.importance.noise import NoiseStudy
from ganatomy.importance.noise_study import noise_of_retraining
from ganatomy.rng import generator
from tests.planted import digits

DISCRIMINATOR = "dcgan-plain"
_DESIGN = {"num_initialisations": 6, "num_orders": 6, "num_draws": 4}
_PARTS = ("initialisation", "order", "interplay", "sampling", "shared draw")


def _clothes() -> Dataset:
    """10,000 of the training images: the last fifth gives draws of 500."""
    whole, _ = fashion_mnist()
    return whole.take(torch.randperm(len(whole), generator=generator(0, "noise"))[:10_000])


DATA: dict[str, Callable[[], Dataset]] = {"digits": lambda: digits(5000), "fashion-mnist": _clothes}


def measure(name: str) -> dict[str, Any]:
    """One data set, in one process of one thread."""
    torch.set_num_threads(1)
    keep_freed_memory()
    method, started = Method(discriminator=DISCRIMINATOR), time.perf_counter()
    study = noise_of_retraining(DATA[name](), method=method, **_DESIGN)
    return {"data": name, "seconds": round(time.perf_counter() - started), **_told(study)}


def _told(study: NoiseStudy) -> dict[str, Any]:
    rows: dict[str, dict[str, Any]] = {}
    for band in study.bands.to_dict("records"):
        name = str(band["readout"])
        parts = study.parts[study.parts["readout"] == name].set_index("part")
        rows[name] = {
            "mean": band["mean"],
            "sd": band["sd"],
            "band": band["band"],
            "times_sampling": study.times_sampling(name),
            "parts": {
                part: {key: float(row[key]) for key in ("variance", "low", "high", "share")}
                for part, row in parts.iterrows()
            },
        }
    return {
        "discriminator": DISCRIMINATOR,
        "size": vars(StudySize()),
        "design": {**_DESIGN, **vars(study.design)},
        "kept": {name: study.repeats[name].nunique() for name in ("initialisation", "order")},
        "readouts": rows,
        "beyond": _beyond(study),
        "verdict": study.verdict(),
    }


def _beyond(study: NoiseStudy) -> dict[str, list[int]]:
    """How often GANs of one half of the design differ by more than the band of the other half.

    The halves share no initialisation and no order. Pairs of GANs differ in both; counted by
    readout: pairs beyond the band, pairs.
    """
    kept = [sorted(study.repeats[name].unique()) for name in ("initialisation", "order")]
    middle = [len(each) // 2 for each in kept]
    halves = []
    for part in (slice(None, middle[0]), slice(middle[0], None)):
        at_order = slice(None, middle[1]) if part.start is None else slice(middle[1], None)
        chosen = study.repeats["initialisation"].isin(kept[0][part])
        chosen &= study.repeats["order"].isin(kept[1][at_order])
        halves.append(NoiseStudy(study.repeats[chosen], study.design))
    counts: dict[str, list[int]] = {name: [0, 0] for name in study.components}
    for known, asked in (halves, halves[::-1]):
        for name, found in known.components.items():
            rows = asked.repeats[asked.repeats["readout"] == name]
            for _, gans in rows.groupby("draw"):
                for one, other in combinations(gans.itertuples(), 2):
                    if one.initialisation != other.initialisation and one.order != other.order:
                        counts[name][0] += abs(one.value - other.value) > found.band()
                        counts[name][1] += 1
    return {name: [int(beyond), pairs] for name, (beyond, pairs) in counts.items()}


def section(results: list[Result]) -> str:
    """Of the page."""
    parts = []
    for result in results:
        design = result["design"]
        rows = [
            [
                f"`{name}`",
                f"{row['mean']:.3g}",
                f"{row['band']:.2g}",
                *(_share(row["parts"][part], row["parts"]) for part in _PARTS),
                "–" if row["times_sampling"] is None else f"{row['times_sampling']:.1f}",
                _beyond_told(result, name),
            ]
            for name, row in result["readouts"].items()
        ]
        heads = ["readout", "mean", "noise below", *_PARTS, "training / sample", "beyond"]
        parts.append(
            f"{result['data']}: {result['kept']['initialisation']} x {result['kept']['order']} GANs, "
            f"{design['num_draws']} draws of {design['count']} images, {result['seconds']} s.\n\n"
            f"{table(heads, rows)}"
        )
    size = results[0]["size"]
    return f"""\
## Where the noise of retraining comes from

{machine_line(results[0])}

Every initialisation trained with every order of the data (minibatches and all latents), {size["num_steps"]} steps, width {size["width"]},
discriminator `{results[0]["discriminator"]}`, each GAN measured on every draw of held-out images and latents; one process of one thread.
*Noise below*: 95 of 100 differences between two such trainings are smaller. Then the components of variance as shares of their
sum, with 95 % intervals of each component on the same scale (an interval may reach beyond 100 %: the sum itself is uncertain).
*Training / sample*: how many times farther a new training moves the readout than a new draw (standard deviations).
*Beyond*: pairs of GANs of one half of the design (other initialisations, other orders) that differ by more than the band of the other
half; 5 % is what is promised, from 3 x 3 GANs here.
`benchmarks/noise.py`; decision [0045](decisions/0045-noise-and-differences.md).

{chr(10).join(part + chr(10) for part in parts)}""".rstrip()


def _beyond_told(result: Result, name: str) -> str:
    if "beyond" not in result:
        return "–"
    beyond, pairs = result["beyond"][name]
    return f"{100 * beyond / pairs:.1f} %"


def _share(part: dict[str, float], parts: dict[str, dict[str, float]]) -> str:
    total = sum(each["variance"] for each in parts.values())
    low, high = (100 * part[end] / total for end in ("low", "high"))
    return f"{100 * part['share']:.0f} % ({low:.0f} to {high:.0f})"
