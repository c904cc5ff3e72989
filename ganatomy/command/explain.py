"""Explain a GAN, trained here or elsewhere, and say on one page how far that can be trusted."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ganatomy.command._adopted import explain_adopted
from ganatomy.command._port_file import is_port_file
from ganatomy.command.sample import check_is_gan
from ganatomy.errors import InputError
from ganatomy.files import check_can_write, write_bytes

if TYPE_CHECKING:
    import torch
    from torch import nn

    from ganatomy.data.dataset import Dataset
    from ganatomy.explain.maps.film import History
    from ganatomy.explain.networks.named import Vocabulary
    from ganatomy.gan.architecture import Architecture
    from ganatomy.gan.model import Gan
    from ganatomy.report.beside import Beside

_FEWEST, _MOST = 4, 10_000
_PREPARED = Path("data/prepared")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the GAN, the images that it is looked at on, and where the page goes."""
    parser.add_argument(
        "gan",
        nargs="?",
        type=Path,
        default=Path("models/gan"),
        help="its folder, or a .yaml file that describes one that was trained elsewhere "
        "(docs/adopt.md); models/gan",
    )
    parser.add_argument(
        "--images",
        type=Path,
        metavar="FOLDER",
        help="real images, of any size; those held out in data/prepared where there are any, "
        "else only the GAN's own images are explained",
    )
    parser.add_argument(
        "--fakes",
        type=Path,
        metavar="FOLDER",
        help="generated images, for a discriminator alone (of a .yaml file)",
    )
    parser.add_argument(
        "--out", type=Path, default=Path("explanation.html"), help="the page; explanation.html"
    )
    parser.add_argument(
        "--count", type=int, default=32, help="how many images of a kind; 32, a minute on a CPU"
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="half as many images, fewer samples, no tests of the maps (of a .yaml file)",
    )
    parser.add_argument("--seed", type=int, default=0, help="same seed, same page; 0")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))


def run(arguments: argparse.Namespace) -> int:
    """Look at G's moving average and at D, and write the page whole or not at all."""
    if not _FEWEST <= arguments.count <= _MOST:
        raise InputError(f"{arguments.count} images", "--count", f"Ask for {_FEWEST} to {_MOST:,}.")
    check_can_write(arguments.out, "--out")
    if is_port_file(arguments.gan):
        return explain_adopted(arguments, _say)
    check_is_gan(arguments.gan)
    if arguments.fakes is not None or arguments.quick:
        raise InputError(
            "for a GAN that a .yaml file describes",
            "--quick" if arguments.quick else "--fakes",
            "Leave it away.",
        )

    from ganatomy.device import resolve_device
    from ganatomy.gan.checkpoint import load_gan
    from ganatomy.report.beside import Beside

    device = resolve_device(arguments.device)
    gan = load_gan(arguments.gan, device)
    title = f"What {arguments.gan.resolve().name} has learned"
    reals = _reals(arguments.images, arguments.count, arguments.seed, gan.architecture)
    gan = _function_of_its_image(gan, reals, arguments)
    if reals is None:
        _without_reals(gan, arguments, title)
    else:
        beside = Beside.of(arguments.out)
        page = _page(gan, reals, arguments, title, device, beside)
        beside.write(arguments.out.parent)
        write_bytes(arguments.out, page.encode())
    print(arguments.out)
    return 0


def _reals(
    folder: Path | None, count: int, seed: int, architecture: "Architecture"
) -> "Dataset | None":
    """Some of the images of a folder, or of those that were held out; None without any."""
    from ganatomy.data.dataset import Dataset

    if folder is not None:
        return _of_folder(folder, count, architecture)
    if not (_PREPARED / "test.safetensors").is_file():
        return None
    import torch

    from ganatomy.rng import generator

    held_out = Dataset.load(_PREPARED, "test")
    shape = (architecture.channels, architecture.image_size, architecture.image_size)
    if tuple(held_out.images.shape[1:]) != shape:
        raise InputError(
            f"its images are {tuple(held_out.images.shape[1:])}, the GAN's {shape}",
            str(_PREPARED),
            "Name a folder of images by --images.",
        )
    order = torch.randperm(len(held_out), generator=generator(seed, "explain", "reals"))
    return held_out.take(order[:count])


def _of_folder(folder: Path, count: int, architecture: "Architecture") -> "Dataset":
    import torch

    from ganatomy.data.dataset import UNLABELLED, Dataset
    from ganatomy.facade.folders import images_of

    images = images_of(
        folder,
        size=architecture.image_size,
        channels=architecture.channels,
        count=count,
        where=f"--images {folder}",
        fewest=_FEWEST,
        warn=_say,
    )
    return Dataset(images, torch.full((len(images),), UNLABELLED))


def _page(
    gan: "Gan",
    reals: "Dataset",
    arguments: argparse.Namespace,
    title: str,
    device: "torch.device",
    beside: "Beside",
) -> str:
    from ganatomy.data.images import to_float
    from ganatomy.explain.networks.subjects import Subjects
    from ganatomy.facade.gan_page import page_of
    from ganatomy.gan.sampling import latents
    from ganatomy.marking import digest_of_generator
    from ganatomy.metrics import evaluator_file

    folder = arguments.gan.parent / "evaluator"
    has_classes = bool(reals.class_names) and (folder / "evaluator.json").is_file()
    evaluator, names = evaluator_file.load(folder, device) if has_classes else (None, ())
    subjects = Subjects.of(
        gan.generator_ema,
        gan.discriminator,
        real=to_float(reals.images),
        z=latents(arguments.count, gan.architecture, arguments.seed, "explained"),
        evaluator=evaluator,
        class_names=names,
        real_labels=reals.labels,
        num_classes=gan.architecture.num_classes,
    )
    return page_of(
        subjects,
        _vocabulary() if has_classes else None,
        title=title,
        history=_history(reals, arguments, device),
        generator=digest_of_generator(arguments.gan),
        seed=arguments.seed,
        beside=beside,
        on_progress=lambda study: _say(f"{study}: done"),
        on_warning=_say,
    )


def _vocabulary() -> "Vocabulary":
    from ganatomy.data.dataset import Dataset
    from ganatomy.explain.networks.named import Vocabulary

    return Vocabulary(Dataset.load(_PREPARED, "train", mapped=True))


def _history(reals: "Dataset", arguments: argparse.Namespace, device: "torch.device") -> "History":
    folder = arguments.gan.parent / "history"
    return _remembered(folder, reals, arguments, device) if folder.is_dir() else ()


def _remembered(
    folder: Path, reals: "Dataset", arguments: argparse.Namespace, device: "torch.device"
) -> Iterator[tuple[int, "nn.Module", "nn.Module"]]:
    from ganatomy.gan.checkpoint import load_gan

    for step in sorted(folder.iterdir()):
        gan = _function_of_its_image(load_gan(step, device), reals, arguments)
        yield int(step.name), gan.generator_ema, gan.discriminator


def _function_of_its_image(
    gan: "Gan", reals: "Dataset | None", arguments: argparse.Namespace
) -> "Gan":
    """Fix the statistics of a D with BatchNorm, or say that it cannot be done."""
    from dataclasses import replace

    from ganatomy.explain.networks.fixed_statistics import fixed_statistics, normalises_by_batch
    from ganatomy.gan.sampling import generate, latents

    if not normalises_by_batch(gan.discriminator):
        return gan
    if reals is None:
        _say(
            "this D has BatchNorm: without real images (--images) it is explained with the running "
            "statistics of its training, which are not those that it was trained with"
        )
        return gan
    z = latents(len(reals), gan.architecture, arguments.seed, "fixed-statistics")
    fakes = generate(gan.generator_ema, z).cpu()
    fixed = fixed_statistics(gan.discriminator, reals.images, fakes, seed=arguments.seed)
    return replace(gan, discriminator=fixed)


def _without_reals(gan: "Gan", arguments: argparse.Namespace, title: str) -> None:
    """The GAN's own images alone: every kind of map of D and of G, and the trust table."""
    import ganatomy
    from ganatomy.gan.sampling import generate, latents

    _say("no real images were given: the GAN's own are explained")
    z = latents(arguments.count, gan.architecture, arguments.seed, "explained")
    explanation = ganatomy.explain(
        gan.discriminator,
        generate(gan.generator_ema, z),
        generator=gan.generator_ema,
        latents=z,
        seed=arguments.seed,
    )
    explanation.save(arguments.out, title)


def _say(text: str) -> None:
    print(text, file=sys.stderr)
