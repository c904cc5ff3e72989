"""Draw images from a trained generator, as one sheet or one file each."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ganatomy.errors import InputError
from ganatomy.files import check_can_write
from ganatomy.gan.files import is_gan

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

_MOST = 100_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the GAN, how many images of which seed, and where they go."""
    parser.add_argument(
        "gan", nargs="?", type=Path, default=Path("models/gan"), help="its folder; models/gan"
    )
    parser.add_argument("--count", type=int, default=64, help="how many images; 64")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same images; 0")
    parser.add_argument(
        "--class",
        dest="class_index",
        type=int,
        metavar="INDEX",
        help="of this class alone, from 0; a GAN that is told classes draws from all",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("samples.png"),
        help="a .png for one sheet, else a new folder for one file each; samples.png",
    )
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))


def run(arguments: argparse.Namespace) -> int:
    """Draw from the moving average of G, which is what the report judges, and write."""
    if not 1 <= arguments.count <= _MOST:
        raise InputError(f"{arguments.count} images", "--count", f"Ask for 1 to {_MOST:,}.")
    sheet = arguments.out.suffix.lower() == ".png"
    if not sheet and arguments.out.exists():
        raise InputError("this is there already", str(arguments.out), "Name a new folder by --out.")
    check_can_write(arguments.out, "--out")

    import torch

    from ganatomy.data.images import contact_sheet, to_uint8, write_png
    from ganatomy.device import resolve_device
    from ganatomy.files import whole_folder
    from ganatomy.gan.checkpoint import load_gan
    from ganatomy.gan.sampling import generate, latents

    check_is_gan(arguments.gan)
    gan = load_gan(arguments.gan, resolve_device(arguments.device))
    labels = None
    if arguments.class_index is not None:
        _check_class(arguments.class_index, gan.architecture.num_classes)
        labels = torch.full((arguments.count,), arguments.class_index)
    z = latents(arguments.count, gan.architecture, arguments.seed, "sample", labels=labels)
    images = to_uint8(generate(gan.generator_ema, z))
    if sheet:
        columns = min(16, round(arguments.count**0.5))
        write_png(arguments.out, contact_sheet(images, columns))
    else:
        with whole_folder(arguments.out) as folder:
            for index, image in enumerate(images):
                write_png(folder / f"{index:05d}.png", _pixels(image))
    print(arguments.out)
    return 0


def check_is_gan(folder: Path) -> None:
    """Refuse a folder without a GAN in it."""
    if not is_gan(folder):
        raise InputError(
            "there is no GAN here: no networks.json",
            str(folder),
            "Name the folder of a trained GAN: models/gan after a run, or what save_gan wrote.",
        )


def _check_class(index: int, num_classes: int) -> None:
    if num_classes == 0:
        raise InputError("this GAN was trained without classes", "--class", "Leave --class away.")
    if not 0 <= index < num_classes:
        raise InputError(f"there is no class {index}", "--class", f"0 to {num_classes - 1}.")


def _pixels(image: "torch.Tensor") -> "NDArray[np.uint8]":
    """Turn one uint8 image of shape (c, h, w) into (h, w) or (h, w, 3)."""
    array: NDArray[np.uint8] = image.permute(1, 2, 0).numpy()
    return array[..., 0] if array.shape[-1] == 1 else array
