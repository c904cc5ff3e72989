"""Which D should be the default: candidates trained for equal time, judged at their last step.

`python -m benchmarks.discriminators FOLDER` makes the next run that FOLDER lacks and ends; the GANs
stay there. The rule by which the winner is chosen is that of docs/decisions/0040.
"""

import copy
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import torch
from torch import nn

from benchmarks.discriminator_rule import CANDIDATES, DATA, REFERENCE, SEEDS, cannot_win
from benchmarks.quality import fashion_mnist
from ganatomy.data.dataset import Dataset
from ganatomy.data.images import to_float, to_uint8
from ganatomy.data.prepare import prepare
from ganatomy.data.reading import DEFAULT_LIMITS
from ganatomy.data.sources import fetch
from ganatomy.device import keep_freed_memory
from ganatomy.explain.lime.baselines import baselines
from ganatomy.files import read_json, write_json
from ganatomy.gan.checkpoint import save_gan
from ganatomy.gan.model import Gan
from ganatomy.gan.sampling import generate, latents, score
from ganatomy.gan.settings import Method, TrainingSettings
from ganatomy.gan.state import TrainingState, begin
from ganatomy.gan.training import architecture_for, train, train_gan
from ganatomy.gan.training_probe import TrainingProbe
from ganatomy.metrics.auc import auc, auc_interval
from ganatomy.metrics.evaluator import extract, train_evaluator
from ganatomy.metrics.frechet import frechet_distance
from ganatomy.rng import generator

CLASSIC = "classic"  # the method of profiles/classic.yaml: no candidate, for comparison
NUM_JUDGED = 1000  # held-out reals, and as many of everything else
_EPOCHS = 60  # of the reference, on the digits: what equal time is equal to
_PROBE_IMAGES = 20_000
_BATCH = 32
_TIMED_STEPS, _TURNS = 30, 5
_STEP_S = "step_s.json"


@dataclass(frozen=True)
class Course:
    """One training: its images, what is trained, and from which seed."""

    data: str
    candidate: str
    seed: int

    def folder(self, kept: Path) -> Path:
        """Where its GAN and its figures are kept."""
        return kept / f"{self.data}-{self.candidate}-{self.seed}"


def courses() -> Iterator[Course]:
    """All of them, the slow candidate last: the comparison of the others is complete sooner."""
    for group, data, seed in product((CANDIDATES[:-1], CANDIDATES[-1:]), reversed(DATA), SEEDS):
        yield from (Course(data, candidate, seed) for candidate in group)
    yield from (Course(data, CLASSIC, seed) for seed, data in product(SEEDS, DATA))


def settings_of(candidate: str) -> TrainingSettings:
    """The default run's with another D; the textbook's for `CLASSIC`."""
    if candidate != CLASSIC:
        return TrainingSettings(method=Method(discriminator=candidate))
    textbook = Method(discriminator="dcgan", r1=0.0, beta1=0.5, schedule="constant")
    return TrainingSettings(
        batch_size=64, latent_dim=100, learning_rate=2e-4, ema_decay=0.0, method=textbook
    )


def measure(kept: Path) -> dict[str, Any]:
    """Make the runs that `kept` lacks and that can change the choice; collect all figures."""
    while next_run(kept):
        pass
    return collect(kept)


def collect(kept: Path) -> dict[str, Any]:
    """The figures of the runs that are kept."""
    paths = [course.folder(kept) / "run.json" for course in courses()]
    rows = [read_json(path) for path in paths if path.exists()]
    return {"step_s": read_json(kept / _STEP_S), "rows": rows}


def next_run(kept: Path) -> bool:
    """Make the first run that `kept` lacks, or measure the steps' time; False if there is none."""
    torch.set_num_threads(1)
    keep_freed_memory()
    if not (kept / _STEP_S).exists():
        write_json(kept / _STEP_S, step_seconds(load("digits")[0].images))
        return True
    so_far = collect(kept)
    for course in courses():
        folder = course.folder(kept)
        if not (folder / "run.json").exists() and not _is_decided(course, so_far):
            gan, figures = run(course, so_far["step_s"])
            save_gan(gan, folder)
            write_json(folder / "run.json", figures)
            print(figures, flush=True)
            return True
    return False


def _is_decided(course: Course, so_far: dict[str, Any]) -> bool:
    """Say whether the run would change nothing. The others are compared with the reference."""
    if course.candidate in (REFERENCE, CLASSIC):
        return False
    return cannot_win(so_far["rows"], course.candidate, so_far["step_s"]) != ""


def load(data: str) -> tuple[Dataset, Dataset]:
    """Training images, and those that are held out."""
    if data == "digits":
        raw = fetch("mnist-sample", Path("given"), 0, retries=0, warn=print)
        prepared = prepare(
            raw,
            28,
            0,
            test_fraction=0.2,
            min_images=100,
            limits=DEFAULT_LIMITS,
            seed=0,
            progress=lambda done, total: None,
        )
        return prepared.train, prepared.test
    train, test = fashion_mnist()
    return train.take(torch.arange(5000)), test.take(torch.arange(NUM_JUDGED))


def step_seconds(images: torch.Tensor) -> dict[str, float]:
    """Of each candidate the median time of a step, by turns, on one thread."""
    names = (*CANDIDATES, CLASSIC)
    turns = [{name: _step_s(images, settings_of(name)) for name in names} for _ in range(_TURNS)]
    return {name: statistics.median(turn[name] for turn in turns) for name in names}


def _step_s(images: torch.Tensor, settings: TrainingSettings) -> float:
    """Without the first third, in which memory is taken and kernels are chosen."""
    marks: dict[int, float] = {}

    def on_step(state: TrainingState, total: int, values: object) -> None:
        marks[state.step] = time.perf_counter()

    state = begin(architecture_for(images, settings, 0), settings, 0, device=torch.device("cpu"))
    train(
        state,
        images,
        None,
        settings=settings,
        seed=0,
        on_step=on_step,
        measure_every=0,
        total=_TIMED_STEPS,
    )
    first = _TIMED_STEPS // 3
    return (marks[_TIMED_STEPS] - marks[first]) / (_TIMED_STEPS - first)


def epochs_of(candidate: str, num_images: int, step_s: dict[str, float], num_digits: int) -> int:
    """As many whole epochs as fit in the time of the reference's on the digits."""
    reference = settings_of(REFERENCE)
    budget_s = _EPOCHS * (num_digits // reference.batch_size) * step_s[REFERENCE]
    epoch_s = num_images // settings_of(candidate).batch_size * step_s[candidate]
    return int(budget_s / epoch_s + 1e-9)


def run(course: Course, step_s: dict[str, float]) -> tuple[Gan, dict[str, Any]]:
    """Train for the budget; judge the last step on held-out images."""
    training, held_out = load(course.data)
    num_digits = len(training) if course.data == "digits" else len(load("digits")[0])
    settings = settings_of(course.candidate)
    epochs = epochs_of(course.candidate, len(training), step_s, num_digits)
    settings = replace(settings, epochs=epochs)
    network = train_evaluator(
        training, seed=0, device=torch.device("cpu"), progress=lambda done, total: None
    )
    architecture = architecture_for(training.images, settings, 0)
    z = latents(500, architecture, course.seed, "train", "grid")
    probe = TrainingProbe(network, training.images, held_out.images, z)
    looks: list[dict[str, float]] = []
    every = _PROBE_IMAGES // settings.batch_size

    def on_step(state: TrainingState, total: int, values: object) -> None:
        if state.step % every == 0 or state.step == total:
            looks.append({"step": state.step, **probe.look(state.gan)[0]})

    started, started_cpu = time.perf_counter(), time.process_time()
    gan = train_gan(training.images, settings, course.seed, on_step=on_step)
    spent = {
        "seconds": round(time.perf_counter() - started, 1),
        "cpu_seconds": round(time.process_time() - started_cpu, 1),
    }
    steps = {"epochs": epochs, "steps": looks[-1]["step"]}
    judged = judge(gan, held_out.images[:NUM_JUDGED], network, course.seed)
    return gan, {**asdict(course), **steps, **spent, **judged, "looks": looks}


def judge(gan: Gan, reals: torch.Tensor, network: nn.Module, seed: int) -> dict[str, Any]:
    """What G's images are worth, and what D says of reals, of fakes and of what is no data."""
    z = latents(len(reals), gan.architecture, seed, "benchmark", "discriminators")
    fakes = to_uint8(generate(gan.generator_ema, z))
    d = gan.discriminator.eval()
    draw = generator(seed, "benchmark", "noise")
    no_data = {
        "blurred": to_uint8(baselines("blur", to_float(reals))[:, 0]),
        "noise": torch.randint(0, 256, reals.shape, generator=draw, dtype=torch.uint8),
        "black": torch.zeros_like(reals[:1]),
    }
    of_reals, of_fakes = score(d, reals), score(d, fakes)
    low, high = auc_interval(of_reals, of_fakes, seed)
    at_best, best = best_threshold(of_reals, of_fakes)
    return {
        "fcd@1000": frechet_distance(extract(network, fakes), extract(network, reals)),
        "reals": float(of_reals.median()),
        "fakes": float(of_fakes.median()),
        **{name: float(score(d, images).median()) for name, images in no_data.items()},
        "auc": auc(of_reals, of_fakes),
        "auc_low": low,
        "auc_high": high,
        "balanced_at_0": balanced_accuracy(of_reals, of_fakes, 0.0),
        "balanced_at_best": at_best,
        "best_threshold": best,
        "eval_train_difference": eval_train_difference(d, reals, fakes),
    }


def balanced_accuracy(reals: torch.Tensor, fakes: torch.Tensor, threshold: float) -> float:
    """Mean of the shares of reals above the threshold and of fakes that are not."""
    return float((reals > threshold).double().mean() + (fakes <= threshold).double().mean()) / 2


def best_threshold(reals: torch.Tensor, fakes: torch.Tensor) -> tuple[float, float]:
    """The highest balanced accuracy that any threshold has, and that threshold."""
    at = torch.cat([reals, fakes]).unique().tolist()
    return max((balanced_accuracy(reals, fakes, threshold), threshold) for threshold in at)


@torch.no_grad()
def eval_train_difference(d: nn.Module, reals: torch.Tensor, fakes: torch.Tensor) -> float:
    """How far a real's logit in train mode, among reals or among fakes, is from that in eval mode.

    The largest over 512 reals, each at the same place of a batch of the same size.
    """
    trained, worst = copy.deepcopy(d).train(), 0.0
    half = _BATCH // 2
    for start in range(0, 512, half):
        own = to_float(reals[start : start + half])
        among_reals = torch.cat([own, to_float(reals[-half:])])
        among_fakes = torch.cat([own, to_float(fakes[:half])])
        expected = d(among_reals)[:half]
        for batch in (among_reals, among_fakes):
            worst = max(worst, float((trained(batch)[:half] - expected).abs().max()))
    return worst


if __name__ == "__main__":
    sys.exit(0 if next_run(Path(sys.argv[1])) else 1)
