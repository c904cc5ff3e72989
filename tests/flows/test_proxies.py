"""A user's proxies: extended exceptions, and no run that ends because of one."""

import os
import socket
import threading
import urllib.request
from pathlib import Path

import httpx
import pytest
import requests

from flows import proxies
from ganatomy.errors import InputError

_ALL = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*_ALL, *(name.upper() for name in _ALL)):
        monkeypatch.setenv(name, "")  # so that what a test sets is undone
        monkeypatch.delenv(name)
    for name in ("PREFECT_API_URL", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("lower", "upper", "expected_lower", "expected_upper"),
    [
        (None, None, "{}", "{}"),
        ("a.example", None, "a.example,{}", "a.example,{}"),
        (None, "b.example", "b.example,{}", "b.example,{}"),
        ("a.example, c.example", "b.example", "a.example, c.example,{}", "b.example,{}"),
        ("*", "b.example", "*", "b.example,{}"),
        ("localhost,127.0.0.1", "", "localhost,127.0.0.1,::1", "{}"),
    ],
)
def test_exceptions_are_extended_and_each_keeps_its_own(
    lower: str | None,
    upper: str | None,
    expected_lower: str,
    expected_upper: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in (("no_proxy", lower), ("NO_PROXY", upper)):
        if value is not None:
            monkeypatch.setenv(name, value)
    for _ in range(2):  # twice, as in a run of a worker
        proxies.keep_off_this_machine()
        assert os.environ["no_proxy"] == expected_lower.format("127.0.0.1,localhost,::1")
        assert os.environ["NO_PROXY"] == expected_upper.format("127.0.0.1,localhost,::1")


@pytest.mark.parametrize("name", ["ALL_PROXY", "all_proxy", "HTTP_PROXY", "https_proxy"])
@pytest.mark.parametrize(
    "value", ["socks5://127.0.0.1:1080", "socks://127.0.0.1:1080", "http://host:port"]
)
def test_a_client_can_be_made_whatever_the_proxy(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises((ImportError, ValueError, httpx.InvalidURL)):
        httpx.Client()
    proxies.keep_off_this_machine()
    httpx.Client().close()


def test_a_proxy_that_can_be_used_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:password@proxy.example:3128")
    proxies.keep_off_this_machine()
    assert os.environ["HTTPS_PROXY"] == "http://user:password@proxy.example:3128"


@pytest.mark.parametrize("server", ["PREFECT_API_URL", "MLFLOW_TRACKING_URI"])
def test_a_server_that_would_need_it_is_one_message(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(server, "https://mlops.example/api")
    monkeypatch.setenv("ALL_PROXY", "socks5://me:topsecret@127.0.0.1:1080")
    with pytest.raises(InputError) as caught:
        proxies.keep_off_this_machine()
    for word in ("ALL_PROXY", "mlops.example", server, "NO_PROXY"):
        assert word in str(caught.value)
    assert "topsecret" not in str(caught.value)
    monkeypatch.setenv("NO_PROXY", "mlops.example")
    monkeypatch.delenv("no_proxy", raising=False)
    proxies.keep_off_this_machine()
    assert "ALL_PROXY" not in os.environ


def _answer_once(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK")


@pytest.mark.parametrize("client", ["urllib", "requests", "httpx"])
@pytest.mark.parametrize(("host", "family"), [("127.0.0.1", 2), ("[::1]", 10)])
def test_this_machine_is_asked_of_no_proxy(
    client: str, host: str, family: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody is there
    monkeypatch.setenv("no_proxy", "else.example")
    proxies.keep_off_this_machine()
    with socket.socket(socket.AddressFamily(family)) as server:
        try:
            server.bind((host.strip("[]"), 0))
        except OSError:
            pytest.skip("no such address here")
        server.listen()
        url = f"http://{host}:{server.getsockname()[1]}/"
        thread = threading.Thread(target=_answer_once, args=(server,), daemon=True)
        thread.start()
        if client == "urllib":
            with proxies.open_url(url, 10) as answer:
                assert answer.status == 200
        elif client == "requests":
            assert requests.get(url, timeout=10).status_code == 200
        else:
            assert httpx.get(url, timeout=10).status_code == 200
        thread.join(10)


def test_no_other_way_to_open_an_address() -> None:
    """urllib's own `urlopen` asks a proxy for ``[::1]``."""
    sources = [*Path(proxies.__file__).parent.glob("*.py")]
    assert sources
    assert not [path.name for path in sources if "urllib.request.urlopen" in path.read_text()]
    assert urllib.request.proxy_bypass("[::1]") == 0


@pytest.mark.parametrize("name", ["MLFLOW_TRACKING_URI", "PREFECT_API_URL"])
def test_what_is_no_address_is_one_message(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "http://[bad")
    with pytest.raises(InputError, match="is no address") as caught:
        proxies.keep_off_this_machine()
    assert caught.value.where == name
