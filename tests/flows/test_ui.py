"""`make ui`: which server is ours, and what is opened."""

import subprocess
import sys
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mlflow
import pytest

from flows import publish, ui
from tests.flows import recorded

# what `make ui` asks of MLflow's server, answered from the store in the folder that it is in
_SERVER = """
import http.server, json, sqlite3, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        query = "SELECT experiment_id, artifact_location FROM experiments WHERE name = 'ganatomy'"
        with sqlite3.connect(sys.argv[2]) as store:
            number, location = store.execute(query).fetchone()
        experiment = {"experiment_id": str(number), "artifact_location": location}
        self.wfile.write(json.dumps({"experiment": experiment}).encode())

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert asked["filter"] == "tags.`ganatomy.entry` LIKE '%'", asked
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"runs": [{"info": {"run_id": "abc"}}]}).encode())

    def log_message(self, *_): pass

server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""


@contextmanager
def _server(folder: Path, name: str = "mlflow", record: str = "mlflow.db") -> Iterator[int]:
    """A server of a project; yields its port."""
    command = [sys.executable, "-c", _SERVER, name, record]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.kill()


def _project(root: Path, made_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with an experiment in its store; the process is in it."""
    root.mkdir()
    recorded.empty_store(made_store, root)
    monkeypatch.chdir(root)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{root / 'mlflow.db'}")
    mlflow.set_tracking_uri(None)
    publish.connect()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")
    return root


@pytest.fixture
def root(tmp_path: Path, made_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project whose page is asked for."""
    return _project(tmp_path / "one", made_store, monkeypatch)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The pages that a browser was sent to."""
    pages: list[str] = []
    monkeypatch.setattr(webbrowser, "open", pages.append)
    return pages


def test_the_last_run_is_opened_as_a_training(
    root: Path, opened: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with _server(root) as port:
        assert ui.show(root, port) == 0
    at = f"http://127.0.0.1:{port}/#/experiments/1/runs"
    assert opened == [f"{at}/abc?workflowType=machine_learning"]
    first, second, third = capsys.readouterr().out.splitlines()
    assert first == f"MLflow of {root}: http://127.0.0.1:{port}   (is up already)"
    assert second == f"last run: {opened[0]}"
    assert third == f"all runs: {at}?workflowType=machine_learning&viewStateShareKey=ganatomy"


def test_a_server_goes_with_its_folder(
    root: Path, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with _server(root) as port:
        moved = root.rename(root.with_name("moved"))
        monkeypatch.chdir(moved)
        assert ui.show(moved, port) == 0
    assert len(opened) == 1
    ((location,),) = recorded.rows(
        moved, "select artifact_location from experiments where name = 'ganatomy'"
    )
    assert location == f"{moved}/mlruns/1"


@pytest.mark.parametrize(
    ("name", "words"), [("mlflow", "MLflow of {folder} (process "), ("other", "(process ")]
)
def test_a_server_of_another_folder_is_named_and_not_taken(
    root: Path,
    opened: list[str],
    tmp_path: Path,
    made_store: Path,
    name: str,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    clone = _project(tmp_path / "clone", made_store, monkeypatch)
    monkeypatch.chdir(root)
    served: list[int] = []
    monkeypatch.setattr(ui, "_serve", lambda _root, port, _record: served.append(port) or 0)
    with _server(clone, name) as port:
        assert ui.show(root, port) == 1
        told = capsys.readouterr()
        assert told.out == ""
        assert f"error: port {port} is taken by" in told.err
        assert words.format(folder=clone) in told.err
        monkeypatch.setattr(ui, "USUAL_PORT", port)
        assert ui.show(root, None) == 0
    assert served[0] > port
    assert f"taking {served[0]}" in capsys.readouterr().out
    assert opened == []


def test_a_server_in_our_folder_with_another_record_is_not_ours(
    root: Path, opened: list[str], tmp_path: Path, made_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = _project(tmp_path / "other", made_store, monkeypatch) / "mlflow.db"
    monkeypatch.chdir(root)
    with _server(root, record=str(other)) as port:
        assert ui.show(root, port) == 1
    assert opened == []


def test_a_port_that_is_none_is_told(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ui.show(root, 70_000) == 1
    assert "port 70000 is none" in capsys.readouterr().err
