"""Where a page comes from: commit, parameters, packages, device, and the hash of every artifact."""

import hashlib
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from ganatomy.files import read_json, sha256_of
from tasks.params.section import PARAMS_FILE, told_file

INPUTS = Path("inputs")  # what stage `inputs` writes: all that decides numbers and is no data
ENVIRONMENT = INPUTS / "environment.json"  # package versions, device type
SOURCE = INPUTS / "source.json"  # hash over names, sizes and times of the user's own images
INCEPTION = INPUTS / "inception.json"  # hash of the user's own Inception weights
CHAMPION = INPUTS / "champion.json"  # hashes of the finished run that this one is compared with
CONCEPTS = INPUTS / "concepts.json"  # hashes of the user's own concepts' files
FEATURES = INPUTS / "features.json"  # hashes of the user's own mask images and feature files
NETWORKS = INPUTS / "networks.json"  # hashes of the user's own network files
ADOPTED = INPUTS / "adopted.json"  # hashes of a GAN that was trained elsewhere: weights, code
RETRAINING = INPUTS / "retraining.json"  # whether and by whom GANs are retrained
LOCK = Path("dvc.lock")
PIPELINE = Path("dvc.yaml")
REQUIREMENTS = Path("requirements.lock")
_SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same, ten times as fast

# what a user may have set otherwise, and would change which files count as changed
_FIXED = {
    "core.fileMode": "false",
    "core.fsmonitor": "false",
    "core.untrackedCache": "false",
    "diff.autoRefreshIndex": "true",
}
_REFUSALS = {
    "dubious ownership": "git refuses this folder, which belongs to another user:"
    ' `git config --global --add safe.directory "$PWD"` lets it in',
    "not a git repository": "not in a git repository",
    "Needed a single revision": "nothing is committed yet",
}


class GitRefused(RuntimeError):
    """Git cannot answer; the text says why, and what to do where there is something to do."""


def describe() -> dict[str, str]:
    """Describe where the run comes from: name and value, for people."""
    environment = read_json(ENVIRONMENT)
    facts = {
        "git commit": commit(),
        "uncommitted changes": changes(),
        "dvc.lock (without this page)": lock_digest(),
        "params.yaml": f"sha256 {sha256_of(told_file())}",
        str(ENVIRONMENT): f"sha256 {sha256_of(ENVIRONMENT)}",
        "device": environment["device"],
        "python": environment["python"],
    }
    if REQUIREMENTS.exists():
        facts["requirements.lock"] = f"sha256 {sha256_of(REQUIREMENTS)}"
    return facts | _adopted()


def _adopted() -> dict[str, str]:
    """Names, files and digests of a GAN trained elsewhere; nothing of one trained here."""
    told = read_json(ADOPTED) if ADOPTED.exists() else {}
    if not told:
        return {}
    file = f"sha256 {told['sha256']}" if told["sha256"] else "in params.yaml"
    facts = {f"adopted GAN, {Path(told['file']).name}": file}
    for name in ("generator", "discriminator"):
        if about := told.get(name):
            facts[f"adopted {name}"] = ", ".join(_identity(about))
    return facts


def _identity(about: dict[str, Any]) -> Iterator[str]:
    if "weights" in about:
        yield f"{about['weights']} sha256 {about['weights_sha256']}"
    if "package" in about:
        yield f"code of {about['package']}"
    if "code" in about:
        digest = hashlib.sha256(json.dumps(about["code"], sort_keys=True).encode()).hexdigest()
        yield f"{len(about['code'])} files of code sha256 {digest}"


def commit() -> str:
    """Return the commit's SHA-1, or ``none:`` and the reason."""
    try:
        head = git("rev-parse", "--verify", "HEAD").decode().strip()
        own = git("ls-files", "--", str(PIPELINE))  # a repository around an unpacked copy is not
        return head if own else "none: not in a git repository of its own"
    except GitRefused as refused:
        return f"none: {refused}"


def changes() -> str:
    """Return `dirty_digest`; ``none`` where nothing changed, ``unknown`` where git cannot say."""
    try:
        return dirty_digest() or "none"
    except GitRefused:
        return "unknown"


def git(*arguments: str) -> bytes:
    """Call git and return what it answers.

    Raises
    ------
    GitRefused
        It is not there, or does not do it.
    """
    fixed = [word for name, value in _FIXED.items() for word in ("-c", f"{name}={value}")]
    plain = os.environ | {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(
            ["git", *fixed, *arguments], capture_output=True, env=plain, check=False
        )
    except FileNotFoundError:
        raise GitRefused("git is not installed") from None
    if done.returncode:
        raise GitRefused(_reason(done.stderr.decode(errors="replace")))
    return done.stdout


def _reason(words: str) -> str:
    for sign, reason in _REFUSALS.items():
        if sign in words:
            return reason
    first = next(iter(words.strip().splitlines()), "git fails without a word")
    return first.removeprefix("fatal: ")


def dirty_digest() -> str:
    """Hash path and content of every file that differs from the last commit by SHA-256.

    Untracked files count too, but for those that the project's own ``.gitignore`` names: neither
    the digest nor what counts depends on a user's git configuration. Two files are left out:
    dvc.lock, which the run itself writes, and params.yaml, which has a digest of its own, so that
    a profile alone changes nothing here. So are permissions.

    Returns
    -------
    str
        Empty where nothing differs.

    Raises
    ------
    GitRefused
        Git cannot say.
    """
    differing = git(
        *("diff", "--name-only", "-z", "--relative", "--no-color", "--no-ext-diff"),
        *("--no-textconv", "--no-renames", "--ignore-submodules=dirty", "HEAD", "--", "."),
    )
    others = git("ls-files", "--others", "-z", "--exclude-per-directory=.gitignore", "--", ".")
    names = {os.fsdecode(name) for name in (differing + others).split(b"\0") if name}
    changed = [
        (name, _content(Path(name))) for name in sorted(names - {str(LOCK), str(PARAMS_FILE)})
    ]
    digest = hashlib.sha256(json.dumps(changed).encode()).hexdigest()
    return f"sha256 {digest}" if changed else ""


def _content(path: Path) -> str:
    """A file's SHA-256; of what is no file, what it is."""
    if path.is_symlink():
        return f"link to {os.readlink(path)}"
    if path.is_dir():
        return "folder"
    try:
        return sha256_of(path)
    except FileNotFoundError:
        return "deleted"
    except OSError:
        return "not readable"


def _locked_stages(lock: Path = LOCK) -> dict[str, Any]:
    """dvc.lock's entries without the page's own, which is not known while it is written."""
    if not lock.exists():
        return {}
    stages: dict[str, Any] = yaml.load(lock.read_text(), _SafeLoader).get("stages", {})
    return {name: entry for name, entry in sorted(stages.items()) if name != "report"}


def lock_digest(lock: Path = LOCK) -> str:
    """Hash what dvc.lock records of every other stage by SHA-256."""
    text = json.dumps(_locked_stages(lock), sort_keys=True)
    return f"sha256 {hashlib.sha256(text.encode()).hexdigest()}"


def run_id(lock: Path = LOCK) -> str:
    """Return what names the results of a run: the first letters of `lock_digest`."""
    return lock_digest(lock).removeprefix("sha256 ")[:12]


def artifacts() -> list[dict[str, str]]:
    """List every artifact with the stage that wrote it and its MD5, as DVC keeps it."""
    return [
        {"stage": name, "path": out["path"], "md5": out.get("md5", "")}
        for name, entry in _locked_stages().items()
        for out in entry.get("outs", [])
    ]
