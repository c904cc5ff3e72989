"""`ganatomy explain my-gan.yaml`: a GAN that was trained elsewhere, to a page."""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ganatomy.command._port_file import read_port_file
from ganatomy.errors import InputError
from ganatomy.files import write_bytes

if TYPE_CHECKING:
    from ganatomy.report.beside import Beside

NUM_REALS, NUM_REALS_QUICK = 1000, 200
_OF_THE_FILE = ("generator", "discriminator", "reference")
_LONGEST = 600


def explain_adopted(arguments: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Load it, ask it, and write the page: its first parts as soon as they are there.

    Parameters
    ----------
    arguments : Namespace
        Those of `ganatomy explain`.
    say : callable
        Takes what is written for whoever waits.
    """
    from ganatomy.device import resolve_device
    from ganatomy.facade.adopted_given import FEWEST, give
    from ganatomy.facade.adopted_page import write_page
    from ganatomy.gan.adopt.adopted import adopt
    from ganatomy.imports import importable_from
    from ganatomy.report.beside import Beside

    file: Path = arguments.gan
    with _in_one_sentence(file):
        port = read_port_file(file)
        device = resolve_device(arguments.device)
        with importable_from(file.parent):
            say(f"reading {file}")
            given = give(
                adopt(port),
                images=arguments.images,
                fakes=arguments.fakes,
                count=max(FEWEST, arguments.count // 2) if arguments.quick else arguments.count,
                num_reals=NUM_REALS_QUICK if arguments.quick else NUM_REALS,
                seed=arguments.seed,
                device=device,
                is_quick=arguments.quick,
                warn=say,
            )

            def write(page: str, beside: "Beside") -> None:
                beside.write(arguments.out.parent)
                write_bytes(arguments.out, page.encode())

            write_page(
                given,
                write,
                title=f"What {file.stem} has learned",
                beside=lambda: Beside.of(arguments.out),
                say=say,
            )
    print(arguments.out)
    return 0


@contextmanager
def _in_one_sentence(file: Path) -> Iterator[None]:
    """Name the file or the option in an error, and let no line of the author's code break it."""
    try:
        yield
    except InputError as error:
        where = error.where
        if where in _OF_THE_FILE:
            where = f"{file.name}: {where}"
        elif where in ("images", "device"):
            where = f"--{where}"
        raise InputError(*(_on_one_line(each) for each in (error.what, where, error.remedy))) from (
            error.__cause__
        )


def _on_one_line(words: str) -> str:
    words = " ".join(words.split())
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"
