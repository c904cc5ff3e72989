"""Ports and answers: what is free, who listens, who is up."""

import json
import os
import urllib.error
import urllib.request
from typing import Any

from deploy.servers.state import MARK, BadInput, Failed
from flows import ports

# a proxy of the user's is not to be asked for what is on this machine
_open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


def port(variable: str, default: int) -> int:
    """The port that a variable names, or the usual one."""
    text = os.environ.get(variable, "").strip() or str(default)
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise BadInput(f"{variable}={text} is not a port: a number from 1 to 65535")
    return int(text)


def check_free(port: int, variable: str) -> None:
    """Refuse a port that cannot be listened on, naming who does."""
    try:
        ports.check_free(port)
    except PermissionError:
        raise BadInput(f"port {port} needs more rights: set {variable} to one above 1023") from None
    except OSError:
        who = ports.holder_in_words(port)
        raise Failed(
            f"port {port} is taken by {who}: end it, or set {variable} to a free port"
        ) from None


def answers(url: str, timeout_s: float = 5.0) -> bool:
    """Whether a server answers there."""
    try:
        with _open(url, timeout=timeout_s) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def ask(url: str, body: Any = None) -> Any:
    """JSON from Prefect's API; None where there is no such thing."""
    try:
        if body is None:
            request = urllib.request.Request(url)
        else:
            token = f"{url.partition('/api/')[0]}/api/csrf-token?client={MARK}"
            with _open(token, timeout=10) as answer:
                known = {
                    "Prefect-Csrf-Client": MARK,
                    "Prefect-Csrf-Token": json.load(answer)["token"],
                }
            known["Content-Type"] = "application/json"
            request = urllib.request.Request(url, json.dumps(body).encode(), known)
        with _open(request, timeout=10) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise Failed(f"{url} answers {error.code}: {error.read(300)!r}") from None
    except OSError as error:
        raise Failed(f"{url} does not answer: {error}") from None
