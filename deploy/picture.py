"""A picture of the head of a page, for the README: ``python -m deploy.picture PAGE PNG [HEIGHT]``.

It needs Chromium on the PATH, or the path of one in `CHROMIUM`.
"""

import io
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from ganatomy.marking import MIXED, marked, of_others

WIDTH, HEIGHT = 1000, 700  # CSS pixels
COLOURS = 128
SWITCHES = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


def picture(page: Path, png: Path, height: int = HEIGHT) -> None:
    """Photograph the top of a page, and write it with few colours, so that it stays small."""
    browser = (
        os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    )
    if browser is None:
        sys.exit("deploy.picture: no Chromium on the PATH. Install one, or name it in CHROMIUM.")
    if not page.is_file():
        sys.exit(f"deploy.picture: no page [{page}]. Make one by `make run`.")
    with tempfile.TemporaryDirectory() as folder:
        shot = Path(folder) / "page.png"
        subprocess.run(
            [
                *(browser, *SWITCHES, f"--user-data-dir={folder}/profile"),
                *(f"--window-size={WIDTH},{height}", f"--screenshot={shot}"),
                page.resolve().as_uri(),
            ],
            check=True,
            stderr=subprocess.DEVNULL,
            timeout=60,
        )
        with Image.open(shot) as image:
            shown = io.BytesIO()
            image.convert("RGB").quantize(COLOURS).save(shown, "PNG", optimize=True)
    png.write_bytes(marked(shown.getvalue(), of_others(MIXED)))


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    picture(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:]))
