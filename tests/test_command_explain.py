"""`ganatomy explain`: from a trained GAN and some images, or none, to a page."""

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from ganatomy import __main__ as command_line
from ganatomy.data.dataset import Dataset
from ganatomy.data.images import write_png
from tasks.shared.artifact_paths import PREPARED
from tests.pages import unexplained
from tests.tasks.explained import make_project

QUICK = ("--count", "4", "--device", "cpu")


@pytest.fixture(autouse=True)
def _undisturbed() -> Iterator[None]:
    before, threads = signal.getsignal(signal.SIGTERM), torch.get_num_threads()
    yield
    signal.signal(signal.SIGTERM, before)
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(tmp_path_factory.mktemp("explain"))


def _main(*words: str | Path) -> int:
    return command_line.main(["explain", *map(str, words)])


STUDIES = ["looks", "lime", "trust", "trust-figures", "gradcam", "lime-figures", "left-out"]


def _sections(page: Path) -> list[str]:
    return re.findall(r'<section id="([^"]+)">', unexplained(page.read_text()))


def test_a_project_is_explained_by_its_held_out_images(
    project: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(project)
    page = tmp_path / "page.html"
    assert _main(*QUICK, "--out", page) == 0
    said = capsys.readouterr()
    assert said.out == f"{page}\n"
    assert [line for line in said.err.splitlines() if line.endswith(": done")] == [
        "maps: done",
        "LIME: done",
        "trust: done",
    ]
    assert _sections(page) == STUDIES
    html = unexplained(page.read_text())
    assert "over the training" in html.lower()
    assert "only a run of the pipeline has it" in html
    assert "dvc repro" not in html


def test_a_folder_of_images_of_any_size_will_do(
    project: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Also where there is no data of the project's; what is no image is left out, and said."""
    images = Dataset.load(project / PREPARED, "test").images[:6, 0].numpy()
    folder = tmp_path / "images"
    for index, image in enumerate(images):
        write_png(folder / f"{index}.png", image.repeat(2, axis=0).repeat(2, axis=1))
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    monkeypatch.chdir(tmp_path)
    command = (project / "models" / "gan", "--images", folder, "--count", "7", "--out", "page.html")
    assert _main(*command, "--device", "cpu") == 0
    assert "broken.png is left out" in capsys.readouterr().err
    assert _sections(tmp_path / "page.html") == STUDIES


def test_without_any_real_image_the_gans_own_are_explained(
    project: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert _main(project / "models" / "gan", *QUICK) == 0
    assert "no real images were given" in capsys.readouterr().err
    assert _sections(tmp_path / "explanation.html") == ["explanation", "trust", "failing"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("absent",), ["there is no GAN here", "absent"]),
        (("--count", "1"), ["1 images [--count]", "4 to 10,000"]),
        (("--images", "absent"), ["no such folder or file [--images absent]"]),
        (("--images", "empty"), ["[--images empty]"]),
        (("--out", "."), ["is a folder [--out]"]),
        (("--out", "/proc/none/page.html"), ["cannot be written", "[--out]"]),
    ],
)
def test_bad_input_is_one_sentence_and_no_page(
    words: tuple[str, ...],
    expected: list[str],
    project: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "models").symlink_to(project / "models")
    monkeypatch.chdir(tmp_path)
    assert _main(*words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert said.err.count("\n") == 1
    assert all(part in said.err for part in expected), said.err
    assert not list(tmp_path.glob("*.html"))


def test_images_of_another_gan_are_refused(
    project: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    other = Dataset(torch.zeros(5, 3, 8, 8, dtype=torch.uint8), torch.zeros(5).long())
    other.save(tmp_path / PREPARED, "test")
    monkeypatch.chdir(tmp_path)
    assert _main(project / "models" / "gan", *QUICK) == 2
    assert "its images are (3, 8, 8), the GAN's (1, 28, 28)" in capsys.readouterr().err
