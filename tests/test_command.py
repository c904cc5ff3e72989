"""The command `ganatomy`: the library's subcommands anywhere, the pipeline's where it is."""

import errno
import hashlib
import pkgutil
import re
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from flows.__main__ import _parser as flows_parser
from ganatomy import __main__ as command_line
from ganatomy import command, files
from ganatomy.errors import InputError
from ganatomy.gan.architecture import Architecture
from ganatomy.gan.checkpoint import load_gan, save_gan
from ganatomy.gan.model import build_gan
from ganatomy.gan.sampling import generate, latents
from tests.harness import ROOT, environment
from tests.marks import mark_in

NAMES = [
    found.name.replace("_", "-")
    for found in pkgutil.iter_modules(command.__path__)
    if not found.name.startswith("_")
]


def _architecture(num_classes: int = 0) -> Architecture:
    return Architecture(28, 3, 8, 4, "dcgan", "dcgan", num_classes, False)


@pytest.fixture(autouse=True)
def _own_signals() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def gan(tmp_path: Path) -> Path:
    save_gan(build_gan(_architecture(), 0), tmp_path / "gan")
    return tmp_path / "gan"


def _main(*words: str | Path) -> int:
    return command_line.main([str(word) for word in words])


def _fails(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    assert _main(*words) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("error: ")
    assert shown.err.count("\n") == 1
    return shown.err


def _program(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ganatomy", *words],
        cwd=folder,
        env=environment() | {"PYTHONPATH": str(ROOT)} | variables,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_help_names_every_subcommand_and_reads_nothing_heavy(tmp_path: Path) -> None:
    done = _program(tmp_path, "--help", PYTHONPROFILEIMPORTTIME="1")
    assert done.returncode == 0
    listed = re.findall(r"^    ([a-z-]+)\s", done.stdout, re.MULTILINE)
    assert listed == [*NAMES, *command_line.PIPELINE]
    read = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "argparse" in read  # the profile is what it is taken for
    assert not {"torch", "numpy", "matplotlib", "prefect"} & read


@pytest.mark.parametrize("name", NAMES)
def test_a_subcommand_is_a_module_of_two_functions(name: str) -> None:
    module = import_module(f"ganatomy.command.{name.replace('-', '_')}")
    assert (module.__doc__ or "").partition("\n")[0].endswith(".")
    assert callable(module.add_arguments)
    assert callable(module.run)


def test_the_pipelines_subcommands_are_those_of_flows() -> None:
    (choices,) = (action.choices for action in flows_parser()._actions if action.choices)
    assert set(choices) - set(command_line.PIPELINE) <= {"deps"}  # that one is for developers
    assert set(command_line.PIPELINE) <= set(choices)


def test_the_installed_command_is_this_one() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"ganatomy": "ganatomy.__main__:main"}


# ---- the pipeline's ----


def test_outside_the_project_one_sentence_says_where_to_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    said = _fails(capsys, "plan", "--profile", "smoke")
    assert "dvc.yaml and flows/" in said
    assert str(tmp_path) in said


@pytest.mark.parametrize("is_in_project", [True, False])
def test_without_its_packages_one_sentence_says_what_to_install(
    is_in_project: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(ROOT if is_in_project else tmp_path)
    monkeypatch.setattr(command_line, "_NEEDED", ("prefect", "no_dvc_here"))
    said = _fails(capsys, "run")
    assert "no_dvc_here is not installed" in said
    assert "pip install 'ganatomy[pipeline]'" in said


def test_in_the_project_flows_itself_answers(tmp_path: Path) -> None:
    """With every word, its own exit code, and in the same process."""
    (tmp_path / "flows").mkdir()
    (tmp_path / "dvc.yaml").touch()
    (tmp_path / "flows" / "__init__.py").touch()
    (tmp_path / "flows" / "__main__.py").write_text(
        "import os, sys\nprint(os.getpid(), *sys.argv[1:])\nsys.exit(7)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-m", "ganatomy", "run", "--set", "report.title=My run"],
        cwd=tmp_path,
        env=environment() | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        said, _ = process.communicate(timeout=120)
    assert process.returncode == 7
    assert said == f"{process.pid} run --set report.title=My run\n"


# ---- what README.md shows ----


def test_the_readmes_lines_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save_gan(build_gan(_architecture(), 0), tmp_path / "models" / "gan")
    (lines,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    found: dict[str, Any] = {}
    exec(lines, found)
    assert found["found"].of_d.maps["lime"].shape == (16, 28, 28)
    assert '<section id="trust">' in (tmp_path / "page.html").read_text()
    (words,) = re.findall(r"^ganatomy (sample .*?) +#", (ROOT / "README.md").read_text(), re.M)
    assert _main(*words.split()) == 0
    assert (tmp_path / "samples.png").is_file()


# ---- stopped ----


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_with_its_code(number: signal.Signals, code: int) -> None:
    script = (
        "import os, signal, sys\nfrom ganatomy import __main__\n"
        "from ganatomy.command import sample\n"
        # whoever is started in the background begins with Ctrl-C ignored
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"sample.run = lambda arguments: os.kill(os.getpid(), {int(number)}) or 0\n"
        "sys.exit(__main__.main(['sample']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == code
    assert "Traceback" not in done.stderr


# ---- sample ----


def test_a_sheet_of_images(gan: Path, tmp_path: Path) -> None:
    assert _main("sample", gan, "--count", "9", "--out", tmp_path / "a.png") == 0
    assert _main("sample", gan, "--count", "9", "--out", tmp_path / "b.png") == 0
    assert _main("sample", gan, "--count", "9", "--seed", "1", "--out", tmp_path / "c.png") == 0
    a, b, c = ((tmp_path / f"{name}.png").read_bytes() for name in "abc")
    assert a == b != c
    with Image.open(tmp_path / "a.png") as sheet:
        assert sheet.size == (2 * (3 * (28 + 2) + 2),) * 2


def test_a_folder_of_images_is_what_the_generator_draws(gan: Path, tmp_path: Path) -> None:
    from ganatomy.gan.sampling import latents

    assert _main("sample", gan, "--count", "3", "--out", tmp_path / "own") == 0
    files = sorted(path.name for path in (tmp_path / "own").iterdir())
    assert files == ["00000.png", "00001.png", "00002.png"]
    architecture = _architecture()
    network = build_gan(architecture, 0).generator_ema
    with torch.no_grad():
        drawn = network(latents(3, architecture, 0, "sample"))
    for image, name in zip(drawn, files):
        with Image.open(tmp_path / "own" / name) as file:
            seen = torch.tensor(list(file.convert("RGB").getdata())).reshape(28, 28, 3)
        assert (image.permute(1, 2, 0) - (seen / 127.5 - 1)).abs().max() <= 0.5 / 127.5 + 1e-5


def test_what_is_drawn_says_that_it_is_generated(
    gan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = hashlib.sha256((gan / "generator_ema.safetensors").read_bytes()).hexdigest()
    assert _main("sample", gan, "-n", "4", "--out", tmp_path / "a.png") == 0
    assert _main("sample", gan, "-n", "4", "--out", tmp_path / "a.jpg") == 0
    assert _main("sample", gan, "-n", "2", "--out", tmp_path / "own") == 0
    assert _main("sample", gan, "-n", "2", "--out", tmp_path / "own2", "--format", "jpeg") == 0
    names = ("own/00000.png", "own/00001.png", "own2/00000.jpg", "own2/00001.jpg")
    written = [tmp_path / name for name in ("a.png", "a.jpg", *names)]
    for path in written:
        mark = mark_in(path.read_bytes())
        assert mark["DigitalSourceType"].endswith("/digitalsourcetype/trainedAlgorithmicMedia")
        assert mark["AISystemVersionUsed"] == f"sha256:{digest}"
    capsys.readouterr()
    assert _main("sample", gan, "-n", "4", "--out", tmp_path / "b.png", "--unmarked") == 0
    assert "no file says that a generator made it" in capsys.readouterr().err
    assert mark_in((tmp_path / "b.png").read_bytes()) == {}
    with Image.open(tmp_path / "a.png") as one, Image.open(tmp_path / "b.png") as other:
        assert one.tobytes() == other.tobytes()


def test_a_kind_of_file_that_is_not_marked_is_refused(
    gan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "not marked" in _fails(capsys, "sample", gan, "--out", tmp_path / "a.webp")
    assert not list(tmp_path.glob("a.webp"))


def test_a_class_is_drawn_alone(tmp_path: Path) -> None:
    save_gan(build_gan(_architecture(3), 0), tmp_path / "told")
    words = ("sample", tmp_path / "told", "--count", "4", "--class")
    for index in "01":
        assert _main(*words, index, "--out", tmp_path / f"{index}.png") == 0
    assert (tmp_path / "0.png").read_bytes() != (tmp_path / "1.png").read_bytes()


def test_what_cannot_be_is_said_in_a_line(
    gan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "networks.json" in _fails(capsys, "sample", tmp_path / "nowhere")
    assert "--count" in _fails(capsys, "sample", gan, "--count", "0")
    assert "without classes" in _fails(capsys, "sample", gan, "--class", "1")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "kept").touch()
    assert "there already" in _fails(capsys, "sample", gan, "--out", tmp_path / "mine")
    assert (tmp_path / "mine" / "kept").exists()
    save_gan(build_gan(_architecture(3), 0), tmp_path / "told")
    assert "0 to 2" in _fails(capsys, "sample", tmp_path / "told", "--class", "3")


def test_a_full_disk_is_said_in_a_line(
    gan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(path: Path, _content: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(files, "write_bytes", full)
    assert _main("sample", gan, "--out", tmp_path / "a.png") == 1
    assert capsys.readouterr().err.startswith(f"error: no space left on device [{tmp_path}")


def test_other_errors_keep_their_traceback(gan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ganatomy.command import sample

    def broken(_arguments: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(sample, "run", broken)
    with pytest.raises(ZeroDivisionError):
        _main("sample", gan)


def test_errors_of_the_user_have_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from ganatomy.command import sample

    def refused(_arguments: object) -> int:
        raise InputError("torn", "page", "Glue it.")

    monkeypatch.setattr(sample, "run", refused)
    assert _fails(capsys, "sample") == "error: torn [page]. Glue it.\n"


# ---- export-onnx ----


def test_both_networks_are_written_and_run_elsewhere(
    gan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import onnxruntime

    assert _main("export-onnx", gan, "--out", tmp_path / "onnx") == 0
    shown = capsys.readouterr()
    assert shown.out.split() == [str(tmp_path / "onnx" / name) for name in ("G.onnx", "D.onnx")]
    assert shown.err.count("onnxruntime and torch differ by") == 2
    session = onnxruntime.InferenceSession(tmp_path / "onnx" / "G.onnx")
    z = latents(3, _architecture(), 0, "sample")
    (images,) = session.run(None, {"input": z.numpy()})
    network = load_gan(gan).generator_ema
    torch.testing.assert_close(torch.from_numpy(images), generate(network, z), atol=1e-5, rtol=0)


def test_no_onnx_of_what_is_no_gan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "onnx"
    assert "networks.json" in _fails(capsys, "export-onnx", tmp_path / "nowhere", "--out", out)
    assert not out.exists()
