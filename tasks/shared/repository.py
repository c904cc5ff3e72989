"""What git says of the project for an audit: the commit's date, where it is kept, its gate."""

import re
from typing import Any
from urllib.parse import urlsplit

import yaml

from tasks.params.section import PARAMS_FILE
from tasks.shared.provenance import GitRefused, commit, git

_REMOTE = ("https", "http", "ssh", "git")
_NO_FOLDERS = ("~", "home", "Users", "root")  # of a machine, and then somebody's name
_SCP = re.compile(r"(?:[^@/]*@)?([^@:/]{2,}):(?!/)(.+)")  # git's short form of ssh://
_GATE = f"/^gate:/,/^[a-z]/:{PARAMS_FILE}"


def has_commit() -> bool:
    """Say whether the project is a repository of its own with a commit."""
    return not commit().startswith("none")


def commit_date() -> str:
    """Return when the commit was made, as its committer's clock had it, in ISO 8601."""
    return _log("--format=%cI")


def url() -> str:
    """Return where ``origin`` is kept, without credentials; empty where that is a local folder."""
    try:
        return public_url(git("config", "--get", "remote.origin.url").decode().strip())
    except GitRefused:  # none is set
        return ""


def public_url(remote: str) -> str:
    """Drop user, password and query of a remote's URL; empty where it is a path of a machine."""
    short = _SCP.fullmatch(remote)
    parts = urlsplit(f"ssh://{short[1]}/{short[2]}" if short and "://" not in remote else remote)
    host = parts.netloc.rpartition("@")[2]
    first = parts.path.strip("/").partition("/")[0]
    if parts.scheme not in _REMOTE or not host or first.startswith(_NO_FOLDERS):
        return ""
    return f"{parts.scheme}://{host}{parts.path}"


def gate_commit(gate: dict[str, Any]) -> str:
    """Return the commit that last changed the thresholds, with its date.

    Parameters
    ----------
    gate : dict
        The section as this run used it. Where it is not the committed one, that is what is said.

    Returns
    -------
    str
        Empty where git cannot say: also in a clone without its history.
    """
    try:
        committed = yaml.safe_load(git("show", f"HEAD:./{PARAMS_FILE}")).get("gate")
        if committed != gate:
            return "none: set for this run, otherwise than in the commit"
        whole = git("rev-parse", "--is-shallow-repository").strip() == b"false"
        return _log("--format=%H, %cI", "-L", _GATE) if whole else ""
    except (GitRefused, yaml.YAMLError):
        return ""


def _log(*arguments: str) -> str:
    return git("log", "-1", "--no-patch", "--no-show-signature", *arguments).decode().strip()
