"""SHA-256 of every file that a page is made from, as `sha256sum -c` checks it."""

from pathlib import Path

from ganatomy.files import sha256_of
from tasks.shared import provenance
from tasks.shared.artifact_paths import EVALUATOR, GAN, PREPARED, REPORTS

SUMS = "SHA256SUMS"
_STAGES = (
    *("prepare", "evaluator", "contract", "train", "evaluate", "discriminator", "directions"),
    *(
        "variants",
        "autotune",
        "screen",
        "importance",
        "gradcam",
        "lime",
        "rules",
        "structure",
        "topology",
        "faithfulness",
    ),
)
# what dvc.yaml names as read by stage `report`; a test compares the two
READ = (
    provenance.INPUTS / "code" / "report.json",
    provenance.ENVIRONMENT,
    provenance.ADOPTED,
    PREPARED,
    EVALUATOR,
    GAN,
    *(REPORTS / stage for stage in _STAGES),
)


def sums(read: tuple[Path, ...] = READ) -> bytes:
    """List the SHA-256 of files and of all files in folders, sorted by their relative paths."""
    files = {
        file
        for path in read
        for file in (path.rglob("*") if path.is_dir() else [path])
        if file.is_file()
    }
    ordered = sorted(files, key=lambda file: file.as_posix())
    return "".join(_line(sha256_of(file), file.as_posix()) for file in ordered).encode()


def _line(digest: str, name: str) -> str:
    """One line; a name with what would break it is written as sha256sum does."""
    safe = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return f"{'' if safe == name else chr(92)}{digest}  {safe}\n"
