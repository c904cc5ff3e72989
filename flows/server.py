"""A Prefect server for one run: in this process, so that it can outlive nothing."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from flows import proxies
from flows.masking import masked

_START_LIMIT_S = 180.0


def has_pages() -> bool:
    """Whether the server that is used is another process: ours of one run serves no pages."""
    return os.environ.get("PREFECT_SERVER_UI_ENABLED") != "false"


def reachable(api_url: str, timeout_s: float = 2.0) -> bool:
    """Whether a Prefect server answers there."""
    try:
        with proxies.open_url(f"{api_url}/health", timeout_s) as answer:
            return bool(answer.status == 200)
    except (OSError, ValueError):
        return False


@contextmanager
def prefect_server() -> Iterator[str]:
    """Use the server that `PREFECT_API_URL` names, or serve from a thread while the block lasts.

    Call it before prefect is imported. Prefect's own temporary server is a process of its own,
    which survives a kill -9 of this one and needs 17 to 36 s; a thread needs about 4 s.

    Yields
    ------
    str
        The API's address.

    Raises
    ------
    ConnectionError
        The server that was named does not answer, or ours did not start.
    """
    given = os.environ.get("PREFECT_API_URL")
    if given:
        if not reachable(given, timeout_s=10.0):
            raise ConnectionError(
                f"no Prefect server answers at PREFECT_API_URL={masked(given)}: "
                "start it, or unset the variable"
            )
        yield given
        return
    port = _free_port()
    address = f"http://127.0.0.1:{port}/api"
    os.environ["PREFECT_API_URL"] = address
    os.environ["PREFECT_SERVER_UI_ENABLED"] = "false"

    import uvicorn
    from prefect.server.api.server import create_app

    config = uvicorn.Config(
        create_app(ephemeral=True), host="127.0.0.1", port=port, log_level="critical"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="prefect-server", daemon=True)
    thread.start()
    try:
        _wait_for(address, thread)
        yield address
    finally:
        _send_what_waits()
        server.should_exit = True
        thread.join(10)
        del os.environ["PREFECT_API_URL"]


def _wait_for(address: str, thread: threading.Thread) -> None:
    deadline = time.monotonic() + _START_LIMIT_S
    while not reachable(address):
        if not thread.is_alive() or time.monotonic() > deadline:
            raise ConnectionError("the Prefect server of this run did not start")
        time.sleep(0.1)


def _send_what_waits() -> None:
    """Let Prefect's log reach the server before it goes."""
    from prefect.logging.handlers import APILogWorker

    APILogWorker.drain_all(timeout=5)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
