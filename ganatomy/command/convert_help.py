"""Say how a GAN of a known repository is adopted: its YAML, and a converter for pickled weights."""

import argparse
import difflib
from pathlib import Path

from ganatomy.errors import InputError

GUIDES = Path(__file__).with_name("converting")
"""The folder of the guides, a Markdown file each."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare whose GAN it is."""
    parser.add_argument(
        "name", nargs="?", help="of the repository; without one the names are listed"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print a guide, or what guides there are."""
    known = names()
    if arguments.name is None:
        width = max(map(len, known))
        for name in known:
            print(f"{name:{width}}  {title_of(name)}")
        return 0
    if arguments.name not in known:
        near = difflib.get_close_matches(arguments.name.lower(), known, 1)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise InputError(
            f"nothing is known of {arguments.name!r}",
            "convert-help",
            f"{hint}There are: {', '.join(known)}.",
        )
    print(guide(arguments.name), end="")
    return 0


def names() -> list[str]:
    """List the guides."""
    return sorted(path.stem for path in GUIDES.glob("*.md"))


def guide(name: str) -> str:
    """Return a guide's Markdown."""
    return (GUIDES / f"{name}.md").read_text(encoding="utf-8")


def title_of(name: str) -> str:
    """Return whose GANs a guide is for."""
    return guide(name).partition("\n")[0].removeprefix("# ")
