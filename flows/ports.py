"""Ports of this machine: who has one."""

import contextlib
import socket

import psutil

HOST = "127.0.0.1"


def check_free(port: int) -> None:
    """Try to listen; raises what the system raises, an OSError, where that cannot be."""
    with socket.socket() as probe:
        # as servers do: what a server of a moment ago left in TIME_WAIT is no obstacle
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((HOST, port))


def holder(port: int) -> psutil.Process | None:
    """The process that listens there, as far as we may know."""
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            if connection.status != psutil.CONN_LISTEN or connection.pid is None:
                continue
            if getattr(connection.laddr, "port", 0) == port:
                return psutil.Process(connection.pid)
    return None


def holder_in_words(port: int) -> str:
    """Who listens there, for people."""
    with contextlib.suppress(psutil.Error):
        process = holder(port)
        if process is not None:
            return f"{process.name()} (process {process.pid})"
    return "another program"


def why_not(port: int, error: OSError | OverflowError) -> str:
    """What keeps a port from being used, from what `check_free` raised."""
    if isinstance(error, OverflowError):
        return "is none: a number from 1 to 65535"
    if isinstance(error, PermissionError):
        return "needs more rights"
    return f"is taken by {holder_in_words(port)}"
