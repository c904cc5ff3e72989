"""Draw images from a trained generator, marked as generated, as one sheet or one file each."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ganatomy.errors import InputError
from ganatomy.files import check_can_write
from ganatomy.gan_files import is_gan
from ganatomy.marking import GENERATED, Mark, digest_of_generator

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from ganatomy.data.images import Kind

_MOST = 100_000
_KINDS: "tuple[Kind, ...]" = ("png", "jpeg")
_ENDINGS = {"png": ".png", "jpeg": ".jpg"}
_SUFFIXES: "dict[str, Kind]" = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg"}
_NOT_MARKED = (".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".jxl", ".ppm")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the GAN, how many images of which seed, and where they go."""
    parser.add_argument(
        "gan", nargs="?", type=Path, default=Path("models/gan"), help="its folder; models/gan"
    )
    parser.add_argument("-n", "--count", type=int, default=64, help="how many images; 64")
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
        help="a .png or .jpg for one sheet, else a new folder for one file each; samples.png",
    )
    parser.add_argument(
        "--format", choices=_KINDS, default="png", help="of the files in a folder; png"
    )
    parser.add_argument(
        "--unmarked",
        action="store_true",
        help="do not write into the files that a generator made them",
    )
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))


def run(arguments: argparse.Namespace) -> int:
    """Draw from the moving average of G, which is what the report judges, and write."""
    if not 1 <= arguments.count <= _MOST:
        raise InputError(f"{arguments.count} images", "--count", f"Ask for 1 to {_MOST:,}.")
    sheet = _kind_of_sheet(arguments.out)
    if sheet is None and arguments.out.exists():
        raise InputError("this is there already", str(arguments.out), "Name a new folder by --out.")
    check_can_write(arguments.out, "--out")

    import torch

    from ganatomy.data.images import contact_sheet, encoded, to_uint8
    from ganatomy.device import resolve_device
    from ganatomy.files import whole_folder, write_bytes
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
    mark = _mark(arguments)
    if sheet is not None:
        pixels = contact_sheet(images, min(16, round(arguments.count**0.5)))
        write_bytes(arguments.out, encoded(pixels, sheet, mark))
    else:
        ending = _ENDINGS[arguments.format]
        with whole_folder(arguments.out) as folder:
            for index, image in enumerate(images):
                content = encoded(_pixels(image), arguments.format, mark)
                write_bytes(folder / f"{index:05d}{ending}", content)
    print(arguments.out)
    return 0


def _kind_of_sheet(out: Path) -> "Kind | None":
    """The kind of file that a name asks for; None of a folder's."""
    suffix = out.suffix.lower()
    if suffix in _NOT_MARKED:
        raise InputError(
            f"a {suffix} file is not marked as generated",
            "--out",
            "Name a .png or .jpg file, which can be, or a new folder.",
        )
    return _SUFFIXES.get(suffix)


def _mark(arguments: argparse.Namespace) -> Mark | None:
    """Choose what the files say of themselves, unless they are to say nothing."""
    if arguments.unmarked:
        print(
            "unmarked: no file says that a generator made it; who shows them has to say so",
            file=sys.stderr,
        )
        return None
    return GENERATED.by(digest_of_generator(arguments.gan))


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
