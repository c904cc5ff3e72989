"""Out of memory, out of disk: one sentence that says what and where, and no vain retry."""

import errno
import json
import os
import re
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from flows import __main__ as command_line
from flows.failures import failure
from tests.harness import copy_project, dvc, environment, flows, outcomes, python

ONE_STAGE = """
from pathlib import Path
from flows import adapter, settings
root = Path.cwd()
settings.prepare(root)
run_dir = root / ".ganatomy" / "runs" / "one"
run_dir.mkdir(parents=True)
try:
    fetch = next(stage for stage in adapter.graph(root) if stage.name == "fetch")
    adapter.run_stage(root, fetch, run_dir)
except adapter.StageFailed as error:
    print(error.exit_code, error.lasting, error)
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which nothing has run."""
    return copy_project(tmp_path_factory.mktemp("means") / "project")


def _plant(project: Path, before: str, code: str) -> Callable[[], object]:
    """Put a line into the stage `fetch`; what is given takes it out again."""
    stage = project / "tasks" / "fetch" / "__main__.py"
    text = stage.read_text()
    assert text.count(before) == 1
    stage.write_text(text.replace(before, code + before))
    return lambda: stage.write_text(text)


# ---- before the stage begins ----


def _error_of(run_dir: Path) -> dict[str, object]:
    lines = (run_dir / "fetch.events.jsonl").read_text().splitlines()
    assert len(lines) == 1
    event: dict[str, object] = json.loads(lines[0])
    return event


@pytest.mark.parametrize(
    ("line", "said", "lasting"),
    [
        ("raise MemoryError", r"^out of memory \(MemoryError\)\. ", False),
        (
            "raise ImportError('libtorch_cpu.so: failed to map segment from shared object')",
            r"^out of memory \(ImportError: libtorch_cpu\.so: failed to map segment",
            False,
        ),
        (
            "raise OSError(12, 'Cannot allocate memory')",
            r"^out of memory \(OSError: \[Errno 12\]",
            False,
        ),
        (
            "import no_such_module",
            r"^ModuleNotFoundError: No module named 'no_such_module'$",
            False,
        ),
        (
            "raise OSError(28, 'No space left on device', '/there')",
            r"^no space left on device \[/there\]\. Free some space there",
            True,
        ),
    ],
)
def test_an_import_that_fails_is_told_in_log_and_events(
    copy: Path, tmp_path: Path, line: str, said: str, lasting: bool
) -> None:
    restore = _plant(copy, "import torch\n", f"{line}\n")
    try:
        done = python(copy, "-m", "tasks.fetch", GANATOMY_RUN_DIR=str(tmp_path))
    finally:
        restore()
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
    event = _error_of(tmp_path)
    assert (event["kind"], event["exit_code"], event["lasting"]) == ("error", 1, lasting)
    assert re.search(said, str(event["text"]))
    assert "Traceback" in (tmp_path / "fetch.log").read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="only there the limit is kept")
def test_torch_itself_does_not_fit_into_memory(copy: Path, tmp_path: Path) -> None:
    limit = 300 << 20  # torch's library alone is larger
    done = subprocess.run(
        [sys.executable, "-m", "tasks.fetch"],
        cwd=copy,
        env=environment() | {"GANATOMY_RUN_DIR": str(tmp_path), "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
    assert str(_error_of(tmp_path)["text"]).startswith("out of memory (")
    assert "import torch" in (tmp_path / "fetch.log").read_text()


# ---- while it runs ----


def test_a_stage_that_the_kernel_kills_is_said_to_have_been(two_stages: Path) -> None:
    _plant(
        two_stages, "        save_raw(raw", "        import os\n        os.kill(os.getpid(), 9)\n"
    )
    dvc(two_stages, "repro", "-q", "inputs")
    done = python(two_stages, "-c", ONE_STAGE)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1 False stage fetch: its process was killed (SIGKILL), most")
    assert done.stdout.count("\n") == 1


def test_a_full_disk_ends_a_run_in_one_line_without_a_retry(
    two_stages: Path, with_stores: Callable[[Path], Path]
) -> None:
    with_stores(two_stages)
    full = (
        "        import resource\n        resource.setrlimit(resource.RLIMIT_FSIZE, (9999, 9999))\n"
    )
    restore = _plant(two_stages, "        save_raw(raw", full)
    done = flows(two_stages, "run")
    assert done.returncode == 1
    assert outcomes(done) == {"inputs": "done", "fetch": "failed"}
    assert done.stderr.count("fetch ") == 1 + done.stderr.count("stage fetch ")  # not once more
    last = done.stderr.splitlines()[-1]
    assert last.startswith("error: stage fetch: file too large [")
    assert "data/.raw.partial/raw.safetensors" in last
    assert "ulimit -f" in last
    assert "Traceback" not in done.stderr
    assert not (two_stages / "data" / "raw").exists()
    assert list(two_stages.glob("**/*.partial")) == []
    restore()
    dvc(two_stages, "repro", "-q", "fetch")


def test_a_full_disk_ends_dvcs_own_saving_in_one_line(two_stages: Path) -> None:
    dvc(two_stages, "repro", "-q", "inputs")
    cache = two_stages / ".dvc" / "cache"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(cache)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("a small file system cannot be mounted here")
    try:
        done = python(two_stages, "-c", ONE_STAGE)
    finally:
        subprocess.run(["umount", str(cache)], check=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1 True stage fetch: no space left on device [")
    assert done.stdout.count("\n") == 1
    assert str(two_stages) in done.stdout


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("run", 2, r"error: cannot be written to \(File too large\) \[{0}.*\]\. Make .*\n"),
        ("plan", 1, r"error: file too large \[{0}.*\]\. Raise .*\n"),
    ],
)
def test_flows_that_cannot_write_say_so_in_one_line(
    two_stages: Path, command: str, code: int, said: str
) -> None:
    before = (two_stages / "params.yaml").read_bytes()
    done = subprocess.run(
        [sys.executable, "-m", "flows", command, "--set", "base.seed=3"],
        cwd=two_stages,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)),
    )
    assert done.returncode == code
    assert re.fullmatch(said.format(two_stages), done.stderr)
    assert (two_stages / "params.yaml").read_bytes() == before


def test_a_run_does_not_begin_where_its_record_does_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command_line._no_room(tmp_path) is None
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=7 << 20))
    assert re.match(r"only 7 MiB are free.*\[.*\]\. Free", command_line._no_room(tmp_path) or "")


def test_a_stage_that_could_not_even_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fetch.events.jsonl").write_text('{"kind": "progress"}\n{"kind": "err')
    ended = RuntimeError("failed to run: x, exited with 1")
    first = failure("fetch", ended, tmp_path)
    assert (first.lasting, "exited with 1" in str(first)) == (False, True)
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=0))
    second = failure("fetch", ended, tmp_path)
    assert second.lasting
    assert str(second).startswith(f"stage fetch: {os.strerror(errno.ENOSPC).lower()} [{tmp_path}]")
