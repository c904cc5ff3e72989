"""Passwords kept out of all that is printed, logged or recorded."""

import os
import re
from urllib.parse import unquote

HIDDEN = "***"
_WITH_PASSWORD = re.compile(r"(?P<start>[a-zA-Z][\w+.-]*://[^\s/@:]*):[^\s/]*@")
_TOKEN_ALONE = re.compile(r"(?P<start>\bhttps?://)[^\s/@:]+@")
_IN_A_QUERY = re.compile(r"(?i)(?P<start>[?&](?:\w*password|\w*token|\w*secret)=)[^&\s]+")
_PASSWORD_OF = re.compile(r"^[\w+.-]*://[^/@:]*:(?P<password>.*)@")
_SECRETS = (
    "MLFLOW_TRACKING_PASSWORD",
    "MLFLOW_TRACKING_TOKEN",
    "PREFECT_API_KEY",
    "PREFECT_API_AUTH_STRING",
)
_ADDRESSES = re.compile(r"(?i)MLFLOW_TRACKING_URI|PREFECT_API_URL|\w+_proxy")
_SHORTEST = 4  # a shorter one is hidden in addresses only: every "a" of a text is no secret


def masked(text: object) -> str:
    """Return a text with every password, in an address or alone, as ``***``.

    Passwords are those of any address in the text, and those that the environment holds: an
    error may quote them by themselves.
    """
    shown = str(text)
    for pattern, rest in ((_WITH_PASSWORD, f":{HIDDEN}@"), (_TOKEN_ALONE, f"{HIDDEN}@")):
        shown = pattern.sub(rf"\g<start>{rest}", shown)
    shown = _IN_A_QUERY.sub(rf"\g<start>{HIDDEN}", shown)
    for secret in sorted(_known(), key=len, reverse=True):
        shown = shown.replace(secret, HIDDEN)
    return shown


def _known() -> set[str]:
    found = {os.environ.get(name, "") for name in _SECRETS}
    for name, value in os.environ.items():
        inside = _PASSWORD_OF.match(value) if _ADDRESSES.fullmatch(name) else None
        if inside:
            found |= {inside["password"], unquote(inside["password"])}
    return {secret for secret in found if len(secret) >= _SHORTEST}
