"""`ganatomy compare`: GANs, snapshots and folders of images, to a verdict and a page."""

import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from ganatomy import __main__ as command_line
from ganatomy.data.dataset import Dataset
from ganatomy.data.images import write_png
from ganatomy.importance.noise import COLUMNS, NoiseDesign, NoiseStudy
from ganatomy.importance.tables import write_parquet
from tasks.shared.artifact_paths import EVALUATOR, GAN, HISTORY, PREPARED
from tests.pages import unexplained
from tests.tasks.explained import make_project
from tests.unit.importance.retrained import repeats

QUICK = ("--count", "40", "--device", "cpu")


@pytest.fixture(autouse=True)
def _undisturbed() -> Iterator[None]:
    before, threads = signal.getsignal(signal.SIGTERM), torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    signal.signal(signal.SIGTERM, before)
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With nulls of a study of importance, which differ a little."""
    root = make_project(tmp_path_factory.mktemp("compare"))
    draw = np.random.default_rng(0)
    nulls = {f"null_{k}": 1e-3 * draw.normal(size=(3, 4)) for k in range(4)}
    table = repeats(nulls, ["g_fcd", "g_recall", "g_frd"])
    write_parquet(root / "reports" / "importance" / "repeats.parquet", table)
    return root


@pytest.fixture
def folders(project: Path, tmp_path: Path) -> Path:
    """Images of digits, and the same without what is bright."""
    images = Dataset.load(project / PREPARED, "test").images[:, 0].numpy()
    half = len(images) // 2
    for name, chosen in (("one", images[:half]), ("two", images[half:]), ("dim", images // 3)):
        for index, image in enumerate(chosen):
            write_png(tmp_path / name / f"{index:02d}.png", image)
    return tmp_path


def _main(*words: str | Path) -> int:
    return command_line.main(["compare", *map(str, words)])


def _rows(page: str) -> list[str]:
    return re.findall(r'<td class="name"><code>(\w+)</code>', page)


def test_a_gan_and_its_snapshot_are_judged_by_what_lies_beside_them(
    project: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Held-out images, evaluator and noise of the project, wherever the command is given."""
    monkeypatch.chdir(tmp_path)
    first = sorted((project / HISTORY).iterdir())[0]  # before any step
    assert _main(first, project / GAN, *QUICK) == 0
    said = capsys.readouterr()
    verdict, path = said.out.splitlines()
    assert path == "comparison.html"
    assert said.err == ""
    assert verdict.startswith("gan is closer to the data than 000000000: fcd ")
    assert (
        "between two trainings is noise. Distances in the evaluator's features say litt" in verdict
    )
    assert "held-out images (3 % to 24 %), a guess about 18 %" in verdict  # 4 of 40: it guesses
    assert "The noise of retraining is that of the retr" in verdict
    page = unexplained((tmp_path / "comparison.html").read_text())
    assert {"g_fcd", "g_recall", "g_frd", "d_separation"} <= set(_rows(page))
    assert "of equal latents in equal places" in page
    assert page.count("<img ") == 3


def test_same_command_same_page(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    first = sorted((project / HISTORY).iterdir())[0]
    pages = [tmp_path / "1.html", tmp_path / "2.html"]
    for page in pages:
        assert _main(first, GAN, *QUICK, "--count", "20", "--out", page) == 0
    assert pages[0].read_bytes() == pages[1].read_bytes()


def test_two_folders_of_one_population_cannot_be_told_apart(
    folders: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folders)
    assert _main("one", "two", *QUICK) == 0
    said = capsys.readouterr()
    assert said.out.startswith("The images of one and two cannot be told apart")
    assert "no real images were given" in said.err
    assert "no evaluator was found" in said.err
    assert "no noise of retraining was found" in said.err
    assert _rows((folders / "comparison.html").read_text()) == []


def test_a_worse_folder_is_found(
    folders: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folders)
    shutil.copytree("two", "reals")
    assert _main("one", "dim", "--images", "reals", *QUICK) == 0
    said = capsys.readouterr().out
    assert said.startswith("one is closer to the data than dim: g_frd ")
    assert "Only sampling noise is known" in said


def test_a_saved_study_of_noise_is_taken(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draw = np.random.default_rng(0)
    rows = [
        (i, j, k, "g_frd", 1e9 * float(draw.normal()))
        for i in range(3)
        for j in range(3)
        for k in range(2)
    ]
    design = NoiseDesign(is_crossed=True, count=250, num_steps=400, width=16)
    NoiseStudy(pd.DataFrame(rows, columns=COLUMNS), design).save(tmp_path / "noise")
    first = sorted((project / HISTORY).iterdir())[0]
    command = (first, project / GAN, *QUICK, "--noise", tmp_path / "noise")
    assert _main(*command, "--out", tmp_path / "page.html") == 0
    said = capsys.readouterr().out
    assert said.startswith("Which of 000000000 and gan is closer to the data cannot be told")
    assert "trainings of 400 steps, width 16, measured on 250 images" in said


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("absent", "one"), ["there is no such folder: absent [A]"]),
        (("one", "absent"), ["there is no such folder: absent [B]"]),
        (("one", "one/../one"), ["are the same [B]"]),
        (("one", "copy"), ["one and copy are the same: all 20 images are equal [B]"]),
        (("models/gan", "again"), ["models/gan and again are the same [B]"]),
        (("models/gan", "large"), ["28 x 28 of 1 channel, of large 56 x 56", "[B]"]),
        (("one", "mixed"), ["images of 28 x 28", "56 x 56", "[B]", "of one size"]),
        (("one", "few"), ["3 images that can be used [B]", "at least 20"]),
        (("one", "empty"), ["[B]"]),
        (("one", "two", "--images", "few"), ["3 images that can be used [--images]"]),
        (("one", "two", "--images", "absent"), ["[--images]"]),
        (("one", "two", "--noise", "few"), ["there is no noise of retraining in few", "[--noise]"]),
        (("one", "two", "--evaluator", "few"), ["no evaluator in few", "[--evaluator]"]),
        (("one", "two", "--count", "5"), ["5 images [--count]", "20 to 10,000"]),
        (("one", "two", "--out", "."), ["is a folder [--out]"]),
    ],
)
def test_bad_input_is_one_sentence_and_no_page(
    words: tuple[str, ...],
    expected: list[str],
    project: Path,
    folders: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folders)
    (folders / "models").mkdir()
    (folders / "models" / "gan").symlink_to(project / GAN)
    (folders / EVALUATOR).symlink_to(project / EVALUATOR)
    shutil.copytree(project / GAN, "again")
    shutil.copytree("one", "copy")
    (folders / "empty").mkdir()
    Path("few").mkdir()
    for path in sorted(Path("one").iterdir())[:3]:
        shutil.copy(path, "few")
    large = np.arange(56 * 56, dtype=np.uint8).reshape(56, 56)
    for index in range(20):
        write_png(Path("large") / f"{index}.png", large + np.uint8(index))
    shutil.copytree("one", "mixed")
    write_png(Path("mixed") / "large.png", large)
    assert _main(*words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines()[-1].startswith("error: ")
    assert all(part in said.err.splitlines()[-1] for part in expected), said.err
    assert not list(folders.glob("*.html"))
