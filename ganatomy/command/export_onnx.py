"""Write a trained GAN's networks as ONNX files, each compared with torch."""

import argparse
import sys
from pathlib import Path

from ganatomy.errors import InputError
from ganatomy.files import check_can_write

_COMPARED = 16


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the GAN and where the files go."""
    parser.add_argument(
        "gan", nargs="?", type=Path, default=Path("models/gan"), help="its folder; models/gan"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("onnx"), help="a folder for G.onnx and D.onnx; onnx"
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the moving average of G, and D: what the file cannot hold is told, and the other is."""
    check_can_write(arguments.out / "G.onnx", "--out")

    import torch

    from ganatomy.absent import is_there
    from ganatomy.command.sample import check_is_gan
    from ganatomy.explain.structure.onnx_file import export_onnx
    from ganatomy.gan.checkpoint import load_gan
    from ganatomy.gan.sampling import generate, latents
    from ganatomy.rng import generator

    check_is_gan(arguments.gan)
    gan = load_gan(arguments.gan)
    size = gan.architecture
    z = latents(_COMPARED, size, 0, "onnx")
    if is_there(gan.generator_ema):
        images = generate(gan.generator_ema, z)
    else:
        images = torch.rand(_COMPARED, *size.image_shape, generator=generator(0, "onnx")) * 2 - 1
    refused = []
    for name, network, inputs in (
        ("G", gan.generator_ema, z),
        ("D", gan.discriminator, images),
    ):
        if not is_there(network):
            continue
        path = arguments.out / f"{name}.onnx"
        try:
            done = export_onnx(network, inputs, path)
        except InputError as error:
            refused.append(f"{name}: {error.what}")
            continue
        print(path)
        print(
            f"{name}: onnxruntime and torch differ by {done.largest_difference:.1g} at most, on "
            f"{done.num_inputs} inputs, of outputs up to {done.largest_output:.2g}",
            file=sys.stderr,
        )
    if refused:
        raise InputError("; ".join(refused), str(arguments.gan), "What can be written is in --out.")
    return 0
