"""Where a page comes from: commit, parameters, packages, device, and the hash of every artifact."""

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import yaml

from ganatomy.files import read_json, sha256_of
from tasks.params.section import told_file

ENVIRONMENT = Path("environment.json")
INCEPTION = Path("inception.json")  # hash of the user's own Inception weights
FEATURES = Path("features.json")  # hashes of the user's own mask images and feature files
NETWORKS = Path("networks.json")  # hashes of the user's own network files
LOCK = Path("dvc.lock")
REQUIREMENTS = Path("requirements.lock")


def describe() -> dict[str, str]:
    """Name and value, for people."""
    environment = read_json(ENVIRONMENT)
    commit = git("rev-parse", "HEAD")
    found = {
        "git commit": commit or "none: not in a git repository",
        "uncommitted changes": (dirty_digest() or "none") if commit else "unknown",
        "dvc.lock (without this page)": lock_digest(),
        "params.yaml": f"sha256 {sha256_of(told_file())}",
        "environment.json": f"sha256 {sha256_of(ENVIRONMENT)}",
        "device": environment["device"],
        "python": environment["python"],
    }
    if REQUIREMENTS.exists():
        found["requirements.lock"] = f"sha256 {sha256_of(REQUIREMENTS)}"
    return found


def git(*arguments: str) -> str:
    """What git answers, or nothing where it cannot."""
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def dirty_digest() -> str:
    """SHA-256 of the difference from the last commit in tracked files; empty when there is none.

    dvc.lock is left out: it is written by the run itself.
    """
    difference = git("diff", "HEAD", "--", ".", f":(exclude){LOCK}")
    return f"sha256 {hashlib.sha256(difference.encode()).hexdigest()}" if difference else ""


def _locked_stages() -> dict[str, Any]:
    """dvc.lock's entries without the page's own, which is not known while it is written."""
    if not LOCK.exists():
        return {}
    stages: dict[str, Any] = yaml.safe_load(LOCK.read_text()).get("stages", {})
    return {name: entry for name, entry in sorted(stages.items()) if name != "report"}


def lock_digest() -> str:
    """SHA-256 over what dvc.lock records of every other stage."""
    text = json.dumps(_locked_stages(), sort_keys=True)
    return f"sha256 {hashlib.sha256(text.encode()).hexdigest()}"


def artifacts() -> list[dict[str, str]]:
    """Every artifact with the stage that wrote it and its MD5, as DVC keeps it."""
    return [
        {"stage": name, "path": out["path"], "md5": out.get("md5", "")}
        for name, entry in _locked_stages().items()
        for out in entry.get("outs", [])
    ]
