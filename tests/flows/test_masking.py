"""Passwords are in nothing that is shown or kept."""

import os
import socket
from pathlib import Path

import pytest

from flows.masking import masked
from flows.record import Record
from flows.server import prefect_server
from tests.flows.recorded import project, results
from tests.harness import flows

SECRET = "p4ssw0rd-of-mine"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"http://me:{SECRET}@host:5000/a", "http://me:***@host:5000/a"),
        (f"postgresql+psycopg2://me:{SECRET}@host/db", "postgresql+psycopg2://me:***@host/db"),
        (
            f"at http://:{SECRET}@host and https://u:x@other",
            "at http://:***@host and https://u:***@other",
        ),
        (f"http://me:a@{SECRET}@host/", "http://me:***@host/"),
        (f"https://{SECRET}@host/", "https://***@host/"),
        (f"socks5://me:{SECRET}@host:1080", "socks5://me:***@host:1080"),
        (
            f"mysql://host/db?user=me&password={SECRET}&x=1",
            "mysql://host/db?user=me&password=***&x=1",
        ),
        ("http://127.0.0.1:5000/api", "http://127.0.0.1:5000/api"),
        ("sqlite:///mlflow.db", "sqlite:///mlflow.db"),
        ("postgresql://me@host/db", "postgresql://me@host/db"),
        ("12:30 me@host.example", "12:30 me@host.example"),
        ("", ""),
    ],
)
def test_an_address_keeps_all_but_its_password(text: str, shown: str) -> None:
    assert masked(text) == shown


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MLFLOW_TRACKING_URI", f"postgresql://me:{SECRET}@host/db"),
        ("MLFLOW_TRACKING_URI", "http://me:p4%73sw0rd-of-mine@host"),
        ("PREFECT_API_URL", f"https://me:{SECRET}@host/api"),
        ("https_proxy", f"http://me:{SECRET}@host:3128"),
        ("ALL_PROXY", f"socks5://me:{SECRET}@host:1080"),
        ("MLFLOW_TRACKING_PASSWORD", SECRET),
        ("PREFECT_API_KEY", SECRET),
    ],
)
def test_a_password_alone_is_hidden_too(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in an error's text that quotes it without its address."""
    monkeypatch.setenv(name, value)
    assert masked(f"login of 'me' failed ({SECRET!r})") == "login of 'me' failed ('***')"


@pytest.mark.parametrize(
    "uri",
    [
        f"http://me:{SECRET}@127.0.0.1:9",
        f"postgresql://me:{SECRET}@127.0.0.1:9/db",
        f"nonsense://me:{SECRET}@host",
    ],
)
def test_a_record_that_cannot_be_made_tells_and_keeps_no_password(
    uri: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    root = results(project(tmp_path / "project"))
    monkeypatch.chdir(root)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with Record(root, "20260101T000000", ["prepare"]) as record:
        record.finish()
    assert "not recorded" in record.where()
    assert SECRET not in record.where() + caplog.text
    kept = [path for path in (root / ".ganatomy").rglob("*") if path.is_file()]
    assert any(path.name == "run.json" for path in kept)
    assert not [path for path in kept if SECRET.encode() in path.read_bytes()]


def test_a_server_of_prefect_s_that_is_away_tells_no_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", f"http://me:{SECRET}@127.0.0.1:9/api")
    with pytest.raises(ConnectionError) as caught, prefect_server():
        pass
    assert SECRET not in str(caught.value)
    assert "http://me:***@127.0.0.1:9/api" in str(caught.value)


def test_ui_of_a_server_elsewhere_tells_no_password(project: Path) -> None:
    done = flows(project, "ui", MLFLOW_TRACKING_URI=f"https://me:{SECRET}@mlops.example")
    assert done.returncode == 0
    assert done.stdout == "the record is kept by https://me:***@mlops.example\n"


def test_ui_gives_a_password_to_no_command_line(project: Path, tmp_path: Path) -> None:
    """Whoever is on the machine may read those."""
    told = tmp_path / "told"
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\necho "$@" > {told}\n')
    python.chmod(0o755)
    code = "import sys; from pathlib import Path; from flows.ui import _serve;"
    code += f" sys.executable = {str(python)!r};"
    code += f" _serve(Path.cwd(), 1, 'postgresql://me:{SECRET}@host/db')"
    from tests.harness import python as run

    done = run(project, "-c", code)
    assert done.returncode == 0, done.stderr
    assert "mlflow server" in told.read_text()
    assert SECRET not in told.read_text()


def test_a_port_in_use_is_one_line(project: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        done = flows(project, "ui", "--port", port)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert f"port {port} is taken by" in line
    assert f"process {os.getpid()}" in line
    assert "--port" in line
    assert done.stdout == ""
