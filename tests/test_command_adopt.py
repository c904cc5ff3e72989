"""`ganatomy explain my-gan.yaml`: a GAN that was trained elsewhere, from its files to a page."""

import pickle
import re
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import nn

from ganatomy import __main__ as command_line
from ganatomy.facade import adopted_page
from ganatomy.facade.adopted_given import Given
from ganatomy.facade.adopted_parts import Done, PagePart
from ganatomy.results import Result
from tests.pages import unexplained

NETS = '''
"""As one finds it in a repository."""
import torch
from torch import nn


class G(nn.Module):
    def __init__(self, nz=6, nc=3):
        super().__init__()
        self.main = nn.Sequential(
            nn.ConvTranspose2d(nz, 8, 4), nn.BatchNorm2d(8), nn.ReLU(True),
            nn.ConvTranspose2d(8, nc, 4, 4), nn.Tanh())

    def forward(self, z):
        return self.main(z)


class D(nn.Module):
    def __init__(self, nc=3):
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(nc, 4, 4, 4), nn.LeakyReLU(0.2, True), nn.Conv2d(4, 1, 4), nn.Sigmoid())

    def forward(self, images):
        return self.main(images)
'''
GOOD = """
generator:
  build: nets:G
  weights: g.pt
  key: netG
discriminator: {build: nets:D, weights: d.pt, probability: true}
latent: {dim: 6, shape: map}
"""
OF_G = "generator: {build: nets:G, weights: g.pt, key: netG}\nlatent: {dim: 6, shape: map}\n"
OF_D = "discriminator: {build: nets:D, weights: d.pt, probability: true}\n"
QUICK = ("--count", "4", "--device", "cpu", "--quick")


class Smuggled:
    """What only unpickling makes."""

    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        return (exec, ("raise SystemExit('unpickled')",))


@pytest.fixture(autouse=True)
def _undisturbed() -> Iterator[None]:
    before, threads, path = (
        signal.getsignal(signal.SIGTERM),
        torch.get_num_threads(),
        list(sys.path),
    )
    torch.set_num_threads(1)
    yield
    signal.signal(signal.SIGTERM, before)
    torch.set_num_threads(threads)
    assert sys.path == path
    assert "nets" not in sys.modules


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as somebody has it, and another one to stand in."""
    folder = tmp_path / "given"
    (folder / "images").mkdir(parents=True)
    (folder / "nets.py").write_text(NETS)
    torch.manual_seed(0)
    scope: dict[str, type[nn.Module]] = {"__name__": "elsewhere"}  # type: ignore[dict-item]
    exec(NETS, scope)
    generator, discriminator = scope["G"](), scope["D"]()
    for parameter in generator.parameters():
        parameter.data *= 3
    generator(torch.randn(64, 6, 1, 1))
    torch.save({"epoch": 7, "netG": generator.state_dict()}, folder / "g.pt")
    torch.save(discriminator.state_dict(), folder / "d.pt")
    for index in range(12):
        pixels = torch.randint(256, (16, 16, 3), dtype=torch.uint8)
        Image.fromarray(pixels.numpy()).save(folder / "images" / f"{index}.png")
    (folder / "my-gan.yaml").write_text(GOOD)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    return folder


def _main(*words: str | Path) -> int:
    return command_line.main(["explain", *map(str, words)])


def _sections(page: str) -> list[str]:
    return re.findall(r'<section id="([^"]+)"', unexplained(page))


def test_one_file_and_one_command_give_a_page(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(path.name for path in place.rglob("*"))
    images = place / "images"
    assert _main(place / "my-gan.yaml", *QUICK, "--images", images, "--out", "page.html") == 0
    said = capsys.readouterr()
    assert said.out == "page.html\n"
    assert re.search(r"\[1 of \d\] whose GAN it is", said.err)
    page = Path("page.html").read_text()
    assert {"contract", "gradcam", "lime-figures", "left-out"} <= set(_sections(page))
    head = page[page.index("<header>") : page.index("</header>")]
    assert "What my-gan has learned" in head
    assert re.search(r"G: nets:G \(g\.pt, SHA-256 [0-9a-f]{16}…\)", head)
    assert re.search(r"D: nets:D \(d\.pt, SHA-256 [0-9a-f]{16}…\)", head)
    assert "leaves it out" in page
    assert "`--quick`" not in page
    assert "still to come" not in page
    assert sorted(path.name for path in place.rglob("*")) == before


@pytest.mark.parametrize(
    ("text", "words", "there", "reasons"),
    [
        (
            OF_G,
            (),
            {"findings", "samples", "directions"},
            ["no discriminator was given"],
        ),
        (OF_G, ("--images", "images"), {"samples", "directions"}, ["Give 60 or more"]),
        (OF_D, ("--images", "images"), {"verdict", "health"}, ["no generator was given"]),
        (
            OF_D,
            ("--images", "images", "--fakes", "images"),
            {"verdict", "health"},
            ["no generator was given"],
        ),
        (GOOD, (), {"samples", "health"}, ["no real images were given (--images)"]),
    ],
    ids=["G alone", "G and images", "D and images", "D, images and fakes", "G and D"],
)
def test_what_is_missing_is_left_out_with_its_reason(
    text: str, words: tuple[str, ...], there: set[str], reasons: list[str], place: Path
) -> None:
    (place / "my-gan.yaml").write_text(text)
    given = [place / each if each == "images" else each for each in words]
    assert _main(place / "my-gan.yaml", *QUICK, *given, "--out", "page.html") == 0
    page = Path("page.html").read_text()
    assert {"contract", "left-out", *there} <= set(_sections(page))
    for reason in reasons:
        assert reason in page


def _keeping(content: str, **changes: str) -> Callable[[Path], None]:
    """Write another YAML file, and other files of text beside it."""

    def change(folder: Path) -> None:
        (folder / "my-gan.yaml").write_text(content)
        for name, text in changes.items():
            (folder / f"{name}.py").write_text(text)

    return change


def _with_a_pickle(folder: Path) -> None:
    with (folder / "g.pt").open("wb") as file:
        pickle.dump(Smuggled(), file)


def _with_a_pickled_module(folder: Path) -> None:
    torch.save(nn.Sequential(nn.Linear(2, 2)), folder / "g.pt")


def _with_nan(folder: Path) -> None:
    state = torch.load(folder / "d.pt", weights_only=True)
    torch.save({name: each * float("nan") for name, each in state.items()}, folder / "d.pt")


def _without(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def _many_lines(folder: Path) -> None:
    text = NETS.replace("super().__init__()", "raise ValueError('one\\ntwo')", 1)
    (folder / "nets.py").write_text(text)


FAULTS: dict[str, tuple[Callable[[Path], None], str]] = {
    "another class": (
        _keeping(GOOD.replace("nets:G", "nets:Generator")),
        r"module nets has no 'Generator' \[my-gan.yaml: generator\].*D, G",
    ),
    "another module": (
        _keeping(GOOD.replace("nets:G", "net:G")),
        r"no module 'net' \[my-gan.yaml: generator\].*beside the YAML file",
    ),
    "another key of the weights": (
        _keeping(GOOD.replace("key: netG", "key: netD")),
        r"g.pt has no 'netD' \[my-gan.yaml: generator\]. It has: epoch, netG",
    ),
    "no key": (_keeping(GOOD.replace("  key: netG\n", "")), "g.pt is no state dict itself.*netG"),
    "a misspelt key": (
        _keeping(GOOD.replace("weights: g.pt", "weight: g.pt")),
        "generator: unknown key 'weight'.*Did you mean `weights`",
    ),
    "another range": (
        _keeping(GOOD.replace("  key: netG\n", "  key: netG\n  range: [0, 2]\n")),
        r"generator.range: \[0, 2\] \[my-gan.yaml\]",
    ),
    "no weights": (
        _without("g.pt"),
        r"there is no file g.pt \[my-gan.yaml\].*the folder of the YAML file\.",
    ),
    "no YAML file": (_without("my-gan.yaml"), "there is no such file .*my-gan.yaml"),
    "a pickle": (_with_a_pickle, "can only be unpickled.*Nothing is unpickled here"),
    "a pickled module": (_with_a_pickled_module, "can only be unpickled.*convert-help"),
    "another length of latents": (
        _keeping(GOOD.replace("dim: 6", "dim: 7")),
        r"cannot take latents of shape \(n, 7, 1, 1\).*Mend `latent`",
    ),
    "another shape of latents": (
        _keeping(GOOD.replace(", shape: map", "")),
        r"cannot take latents of shape \(n, 6\).*It takes them with `shape: map` below `latent`",
    ),
    "other arguments": (
        _keeping(GOOD.replace("  build: nets:G", "  build: nets:G\n  arguments: {nz: 6, ngf: 3}")),
        "raised TypeError.*ngf",
    ),
    "other widths": (
        _keeping(GOOD.replace("  build: nets:G", "  build: nets:G\n  arguments: {nc: 1}")),
        r"main.3.weight has shape \(8, 3, 4, 4\) in the file and \(8, 1, 4, 4\) in the network",
    ),
    "NaN": (_with_nan, r"answers hold NaN or infinity \[my-gan.yaml: discriminator\]"),
    "an error of several lines": (_many_lines, "raised ValueError: one two"),
    "a key twice": (
        _keeping(GOOD + "latent: {dim: 5}\n"),
        r"line 8: 'latent' stands in line 7 already \[my-gan.yaml\]",
    ),
    "a tab": (_keeping("generator:\n\tbuild: nets:G\n"), r"line 2: a tab.*\[my-gan.yaml\]"),
    "no syntax": (_keeping("generator: {build: [\n"), r"line \d: .*\[my-gan.yaml\]"),
    "an object of Python's": (
        _keeping("generator: !!python/object/apply:os.getcwd []\n"),
        r"line 1: could not determine a constructor.*\[my-gan.yaml\]",
    ),
    "nothing": (_keeping(""), r"nothing is in it \[my-gan.yaml\]. Give keys: generator"),
    "a list": (_keeping("- generator\n"), r"a list, not keys \[my-gan.yaml\]"),
    "D alone": (_keeping(OF_D), "a discriminator alone, and no images .*--images"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_sentence_and_nothing_is_written(
    fault: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make, expected = FAULTS[fault]
    make(place)
    assert _main(place / "my-gan.yaml", *QUICK, "--out", "page.html") == 2
    said = capsys.readouterr()
    assert said.out == ""
    errors = [line for line in said.err.splitlines() if line.startswith("error: ")]
    assert said.err.splitlines()[-1:] == errors
    assert re.search(expected, errors[0]), errors[0]
    assert not list(Path().iterdir())


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--images", "absent"), r"no such folder.*\[--images absent\]"),
        (("--fakes", "images"), r"beside a generator.*\[--fakes\]"),
        (("--count", "1"), r"1 images \[--count\]"),
        (("--out", "."), r"is a folder \[--out\]"),
    ],
)
def test_options_that_cannot_be_are_one_sentence(
    words: tuple[str, ...], expected: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [place / each if each == "images" else each for each in words]
    assert _main(place / "my-gan.yaml", *given) == 2
    assert re.search(expected, capsys.readouterr().err.splitlines()[-1])
    assert not list(Path().iterdir())


def test_images_of_several_sizes_are_refused_for_a_d_that_takes_them_all(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "nets.py").write_text(NETS.replace("nn.Conv2d(4, 1, 4)", "nn.Conv2d(4, 1, 1)"))
    state = torch.load(place / "d.pt", weights_only=True)
    state["main.2.weight"] = state["main.2.weight"][:, :, :1, :1].clone()
    torch.save(state, place / "d.pt")
    (place / "my-gan.yaml").write_text(OF_D)
    Image.new("RGB", (20, 30)).save(place / "images" / "other.png")
    assert _main(place / "my-gan.yaml", "--images", place / "images", "--out", "page.html") == 2
    assert re.search("images of several sizes, and D takes several", capsys.readouterr().err)
    assert not list(Path().iterdir())


def _stopping(given: Given, done: Done) -> Result:
    raise KeyboardInterrupt


def _failing(given: Given, done: Done) -> Result:
    raise RuntimeError("the author's\ncode")


def _parts(**runs: Callable[[Given, Done], Result]) -> tuple[PagePart, ...]:
    contract = next(part for part in adopted_page.PARTS if part.name == "contract")
    return (
        contract,
        *(PagePart(name, name, (), 1, run) for name, run in runs.items()),
    )


def test_who_stops_it_has_what_was_done(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(adopted_page, "PARTS", _parts(gradcam=_stopping))
    assert _main(place / "my-gan.yaml", *QUICK, "--out", "page.html") == 130
    assert "the page has what was done by then" in capsys.readouterr().err
    assert [path.name for path in Path().iterdir()] == ["page.html"]
    page = Path("page.html").read_text()
    assert "contract" in _sections(page)
    assert "it was stopped before this was done" in page
    assert "stopped before it was done" in page[: page.index("</header>")]
    assert "still going on" not in page


def test_the_first_version_names_what_is_to_come_and_begins_with_what_is_there(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first: list[str] = []

    def looking(given: Given, done: Done) -> Result:
        first.append(Path("page.html").read_text())
        raise RuntimeError("enough")

    monkeypatch.setattr(adopted_page, "PARTS", _parts(gradcam=looking, lime=looking))
    assert _main(place / "my-gan.yaml", *QUICK, "--out", "page.html") == 0
    page = first[0]
    head = page[: page.index("<section")]
    assert "Still to come: gradcam and lime. Load this page again" in head
    assert "Not on this page" not in head
    left_out = page[page.index('<section id="left-out"') :]
    assert not re.search("<code>(gradcam|lime)</code>", left_out)
    assert "only a run of the pipeline has it" in left_out


def test_what_fails_is_left_out_and_the_rest_is_told(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adopted_page, "PARTS", _parts(gradcam=_failing))
    assert _main(place / "my-gan.yaml", *QUICK, "--out", "page.html") == 0
    assert "RuntimeError: the author" in Path("page.html").read_text()
