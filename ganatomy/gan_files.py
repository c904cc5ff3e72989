"""Names of the files of a GAN on disk. No torch here."""

from pathlib import Path

NETWORKS_FILE = "networks.json"
"""What is needed to build a GAN of ours again."""
ADOPTED = "adopted.json"
"""What is needed to build one again that was trained elsewhere."""
CODE = "code"
"""The folder of the code of networks that are not ours, as it was."""


def is_gan(folder: Path) -> bool:
    """Say whether a folder holds a GAN, trained here or adopted."""
    return any((folder / name).is_file() for name in (NETWORKS_FILE, ADOPTED))
