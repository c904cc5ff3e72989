"""The user's proxies: kept as they are, but never asked for what is on this machine.

A run talks to this machine only, unless the user names a server. Prefect's client looks at every
proxy variable when it is made, and ends the run on one that it cannot use.
"""

import importlib.util
import ipaddress
import json
import os
import urllib.request
from typing import Any
from urllib.parse import SplitResult, urlsplit

from flows.masking import masked
from ganatomy.errors import InputError

_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")
_EXCEPTIONS = ("no_proxy", "NO_PROXY")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_SERVERS = ("PREFECT_API_URL", "MLFLOW_TRACKING_URI")


def keep_off_this_machine() -> None:
    """Extend the exceptions from proxies, and hide a proxy that no client of ours can use.

    Raises
    ------
    InputError
        A server that the user names would have to be asked through such a proxy.
    """
    given = {name: os.environ.get(name) for name in _EXCEPTIONS}
    named = [_parts(name).hostname or "" for name in _SERVERS]
    hosts = [*_THIS_MACHINE, *filter(is_this_machine, named)]
    for name, other in (_EXCEPTIONS, _EXCEPTIONS[::-1]):
        value = given[name] if given[name] is not None else given[other]
        os.environ[name] = _extended(value or "", hosts)
    for name in [name for name in os.environ if name.lower() in _PROXIES]:
        if os.environ[name] and not _usable(os.environ[name]):
            _check_not_needed(name)
            del os.environ[name]


def _parts(server: str) -> SplitResult:
    value = os.environ.get(server, "")
    try:
        return urlsplit(value)
    except ValueError as error:
        raise InputError(
            f"{masked(value)} is no address ({error})", server, "Mend it, or unset it."
        ) from None


def _extended(value: str, hosts: list[str]) -> str:
    there = [host.strip() for host in value.split(",")]
    if there == ["*"]:  # no proxy for anything: with more beside it some clients miss it
        return value
    return ",".join(filter(None, [value, *dict.fromkeys(h for h in hosts if h not in there)]))


def _usable(proxy: str) -> bool:
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        known = bool(parts.hostname) and parts.port != 0  # a port that is none raises
    except ValueError:
        return False
    if parts.scheme in ("socks5", "socks5h"):
        return known and importlib.util.find_spec("socksio") is not None
    return known and parts.scheme in ("http", "https")


def _check_not_needed(name: str) -> None:
    for server in _SERVERS:
        address = _parts(server)
        if address.scheme not in ("http", "https") or not address.hostname:
            continue
        if not urllib.request.proxy_bypass(address.hostname):
            raise InputError(
                f"{masked(os.environ[name])} is a proxy that cannot be used here",
                name,
                f"Name an HTTP proxy, or add {address.hostname} ({server}) to NO_PROXY.",
            )


def is_this_machine(host: str) -> bool:
    """Whether a host's name or address stands for this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def open_url(url: str, timeout_s: float, body: Any = None) -> Any:
    """Open an address; what is on this machine is asked of no proxy.

    Parameters
    ----------
    body : object, optional
        Sent as JSON, by POST.
    """
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    direct = is_this_machine(urlsplit(url).hostname or "")
    handlers = [urllib.request.ProxyHandler({})] if direct else []
    return urllib.request.build_opener(*handlers).open(request, timeout=timeout_s)
