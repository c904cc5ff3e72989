"""Say whether the difference of two GANs, snapshots or folders of images is more than noise."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ganatomy.errors import InputError
from ganatomy.files import check_can_write, sha256_of, write_bytes
from ganatomy.gan_files import ADOPTED, is_gan

if TYPE_CHECKING:
    import torch

    from ganatomy.data.dataset import Dataset
    from ganatomy.gan.model import Gan
    from ganatomy.importance.noise import NoiseStudy
    from ganatomy.metrics.evaluator import Evaluator

_FEWEST, _MOST = 20, 10_000
_PREPARED, _EVALUATOR = Path("data/prepared"), Path("models/evaluator")
_IMPORTANCE = Path("reports/importance")
_NETWORKS = ("generator_ema", "discriminator")
_OF_ADOPTED = ("generator",)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the two, what they are measured on and by, and where the page goes."""
    for name in ("a", "b"):
        parser.add_argument(
            name,
            metavar=name.upper(),
            type=Path,
            help="folder of a GAN (models/gan), of a snapshot (models/history/STEP), or of images",
        )
    parser.add_argument(
        "--images",
        type=Path,
        metavar="FOLDER",
        help="real images that no GAN was trained on, of any size; those held out in data/prepared "
        "where there are any",
    )
    parser.add_argument(
        "--noise",
        type=Path,
        metavar="FOLDER",
        help="how far trainings differ: a saved NoiseStudy, or reports/importance of a run; that "
        "of the GAN's own project where there is one",
    )
    parser.add_argument(
        "--evaluator",
        type=Path,
        metavar="FOLDER",
        help="for fcd and the like; models/evaluator of the GAN's own project where there is one",
    )
    parser.add_argument(
        "--out", type=Path, default=Path("comparison.html"), help="the page; comparison.html"
    )
    parser.add_argument("--count", type=int, default=1000, help="images of each kind at most; 1000")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same page; 0")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))


def run(arguments: argparse.Namespace) -> int:
    """Compare, say the verdict, and write the page whole or not at all."""
    if not _FEWEST <= arguments.count <= _MOST:
        raise InputError(f"{arguments.count} images", "--count", f"Ask for {_FEWEST} to {_MOST:,}.")
    check_can_write(arguments.out, "--out")
    folders = {"A": arguments.a, "B": arguments.b}
    _check_folders(folders)

    from ganatomy.facade.comparison_page import comparison_page
    from ganatomy.importance.comparison_study import compare
    from ganatomy.report.beside import Beside

    a, b = _sides(folders, arguments)
    size, channels = _shape(a)
    root = _project_of(folders)
    evaluator = _evaluator(arguments, root, channels)
    noise, noise_from = _noise(arguments.noise, root)
    try:
        comparison = compare(
            a,
            b,
            reals=_reals(arguments, root, size, channels),
            evaluator=evaluator,
            noise=noise,
            noise_from=noise_from,
            names=_names(folders),
            count=arguments.count,
            seed=arguments.seed,
        )
    except InputError as error:
        where = {"a": "A", "b": "B", "reals": "--images", "count": "--count"}
        raise InputError(error.what, where.get(error.where, error.where), error.remedy) from None
    beside = Beside.of(arguments.out)
    page = comparison_page(comparison, beside=beside)
    beside.write(arguments.out.parent)
    write_bytes(arguments.out, page.encode())
    print(comparison.verdict())
    print(arguments.out)
    return 0


def _check_folders(folders: dict[str, Path]) -> None:
    for name, folder in folders.items():
        if not folder.is_dir():
            raise InputError(
                f"there is no such folder: {folder}", name, "Name the folder of a GAN or of images."
            )
    first, second = folders.values()
    if first.resolve() == second.resolve() or (
        is_gan(first) and is_gan(second) and _digests(first) == _digests(second)
    ):
        raise InputError(
            f"{first} and {second} are the same", "B", "There is nothing to compare: name another."
        )


def _digests(folder: Path) -> list[str]:
    names = _OF_ADOPTED if (folder / ADOPTED).is_file() else _NETWORKS
    files = [folder / f"{name}.safetensors" for name in names]
    return [sha256_of(file) if file.is_file() else str(file) for file in files]


def _names(folders: dict[str, Path]) -> tuple[str, str]:
    first, second = folders.values()
    short = first.resolve().name, second.resolve().name
    return short if short[0] != short[1] else (str(first), str(second))


def _project_of(folders: dict[str, Path]) -> Path:
    """The folder in which a run has left models/, of A or else of B; else where one is."""
    for folder in folders.values():
        for parent in folder.resolve().parents:
            if parent.name == "models" and is_gan(folder):
                return parent.parent
    return Path()


def _sides(
    folders: dict[str, Path], arguments: argparse.Namespace
) -> tuple["Gan | torch.Tensor", "Gan | torch.Tensor"]:
    """Load GANs; read images in the size that they have, with the channels of the other side."""
    from ganatomy.device import resolve_device
    from ganatomy.facade.folders import images_of, size_of_all
    from ganatomy.gan.checkpoint import load_gan

    device, count = resolve_device(arguments.device), arguments.count
    gans = {name: load_gan(each, device) for name, each in folders.items() if is_gan(each)}
    found: dict[str, Gan | torch.Tensor] = dict(gans)
    channels = next((gan.architecture.channels for gan in gans.values()), 0)
    for name, folder in folders.items():
        if name not in gans:
            found[name] = images_of(
                folder,
                size=size_of_all(folder, count=count, where=name),
                channels=channels,
                count=count,
                where=name,
                fewest=_FEWEST,
                warn=_say,
            )
    a, b = found["A"], found["B"]
    if not gans and _shape(a)[1] != _shape(b)[1]:  # one of them without any colour
        from ganatomy.data.prepare import to_channels

        a, b = (to_channels(each, 3) for each in (a, b))  # type: ignore[arg-type]
    return a, b


def _shape(side: "Gan | torch.Tensor") -> tuple[int, int]:
    """Side and channels of the images."""
    import torch

    if isinstance(side, torch.Tensor):
        return side.shape[-1], side.shape[1]
    return side.architecture.image_size, side.architecture.channels


def _reals(
    arguments: argparse.Namespace, root: Path, size: int, channels: int
) -> "Dataset | torch.Tensor | None":
    """Some of the images of a folder, or of those that were held out; None without any."""
    if arguments.images is not None:
        from ganatomy.facade.folders import images_of

        return images_of(
            arguments.images,
            size=size,
            channels=channels,
            count=arguments.count,
            where="--images",
            fewest=_FEWEST,
            warn=_say,
        )
    prepared = next(
        (each for each in (_PREPARED, root / _PREPARED) if (each / "test.safetensors").is_file()),
        None,
    )
    if prepared is None:
        _say("no real images were given: which one is closer to the data cannot be told")
        return None
    import torch

    from ganatomy.data.dataset import Dataset
    from ganatomy.rng import generator

    held_out = Dataset.load(prepared, "test")
    if tuple(held_out.images.shape[1:]) != (channels, size, size):
        raise InputError(
            f"its images are {tuple(held_out.images.shape[1:])}, those of A "
            f"{(channels, size, size)}",
            str(prepared),
            "Name a folder of images by --images.",
        )
    order = torch.randperm(len(held_out), generator=generator(arguments.seed, "compare", "reals"))
    return held_out.take(order[: arguments.count])


def _evaluator(arguments: argparse.Namespace, root: Path, channels: int) -> "Evaluator | None":
    from ganatomy.device import resolve_device
    from ganatomy.metrics import evaluator_file

    named = arguments.evaluator
    places = [named] if named is not None else [root / _EVALUATOR, _EVALUATOR]
    folder = next((each for each in places if (each / "evaluator.json").is_file()), None)
    if folder is None and named is not None:
        raise InputError(
            f"there is no evaluator in {named}", "--evaluator", "Name models/evaluator of a run."
        )
    if folder is None:
        _say("no evaluator was found: readouts in its features, such as fcd, are left out")
        return None
    evaluator, _ = evaluator_file.load(folder, resolve_device(arguments.device))
    if evaluator.blocks[0].in_channels != channels:
        raise InputError(
            f"the evaluator sees images of {evaluator.blocks[0].in_channels} channels, A and B "
            f"have {channels}",
            str(folder),
            "Name another one by --evaluator.",
        )
    return evaluator


def _noise(named: Path | None, root: Path) -> tuple["NoiseStudy | None", str]:
    """A study of noise, or the nulls of a run's importance, and where that is."""
    from ganatomy.importance.noise import ABOUT, NoiseStudy

    folder = _from_here(root / _IMPORTANCE) if named is None else named
    if (folder / ABOUT).is_file():
        study = NoiseStudy.load(folder)
        design = study.design
        return study, (
            f"{folder}: trainings of {design.num_steps} steps, width {design.width}, measured on "
            f"{design.count} images"
        )
    if (folder / "repeats.parquet").is_file():
        return _of_nulls(folder)
    if named is not None:
        raise InputError(
            f"there is no noise of retraining in {named}: neither {ABOUT} nor repeats.parquet",
            "--noise",
            "Name the folder of a saved NoiseStudy, or reports/importance of a run.",
        )
    _say("no noise of retraining was found: only that of sampling is known (--noise)")
    return None, ""


def _from_here(path: Path) -> Path:
    """The same path, as short as a user would type it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _of_nulls(folder: Path) -> tuple["NoiseStudy", str]:
    from ganatomy.importance.noise_files import noise_of_run

    return (
        noise_of_run(folder, folder.resolve().parents[1] / _EVALUATOR),
        f"the retrained GANs of {folder}, whose budget is that of the stage retrain, not of these",
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr)
