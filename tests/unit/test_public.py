"""What `import ganatomy` offers."""

import doctest
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import ganatomy
from ganatomy import public
from tasks.shared.closure import closure
from tests.harness import ROOT

# Imperatives that docstrings of public functions open with; add yours.
VERBS = {
    *("Assemble", "Bring", "Build", "Check", "Compare", "Compute", "Convert", "Draw", "Estimate"),
    *("Evaluate", "Examine", "Explain", "Find", "Fit", "Generate", "Judge", "List", "Load"),
    *("Make", "Measure", "Name", "Open", "Rank", "Read", "Render", "Return", "Run", "Sample"),
    *("Save", "Say", "Score", "Screen", "Show", "Test", "Train", "Turn", "Write"),
}
NAMES = list(public.names())


def _meant(name: str) -> object:
    """The function or class that is listed, also where a package of its name can be called."""
    return getattr(importlib.import_module(public.names()[name]), name)


def test_importing_it_reads_nothing_heavy() -> None:
    code = (
        "import sys, ganatomy; dir(ganatomy); ganatomy.InputError; "
        "print(sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    read = set(re.findall(r"\w+", done.stdout)) - {"__main__"}
    ours = {"ganatomy"}
    started = {name for name in read if name.startswith(("_", "sitecustomize", "usercustomize"))}
    assert read - started - ours <= sys.stdlib_module_names


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_is_there_and_says_what_it_does(name: str) -> None:
    meant = _meant(name)
    assert getattr(ganatomy, name) is meant or callable(getattr(ganatomy, name))
    first = (inspect.getdoc(meant) or "").partition("\n")[0]
    assert first.endswith("."), f"{name}: a first line that is one sentence is missing"
    assert public.summary(name) == first
    if not inspect.isclass(meant):
        assert first.split()[0].rstrip(",") in VERBS, f"{name} opens with no verb: {first}"


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_has_an_example_that_does_what_it_says(name: str) -> None:
    torch.manual_seed(0)
    meant = _meant(name)
    found = doctest.DocTestFinder(recurse=False).find(meant, name)
    examples = [example for test in found for example in test.examples]
    assert any(example.want for example in examples), f"{name} shows nothing"
    runner = doctest.DocTestRunner()
    for test in found:
        runner.run(test)
    assert runner.failures == 0


def test_the_list_is_what_dir_and_all_say() -> None:
    assert ganatomy.__all__ == NAMES
    assert len(set(NAMES)) == len(NAMES)
    assert set(NAMES) < set(dir(ganatomy))
    starred: dict[str, object] = {}
    exec("from ganatomy import *", starred)
    assert set(NAMES) <= set(starred)


def test_each_name_comes_from_the_file_that_defines_it() -> None:
    for name, module in public.names().items():
        meant = _meant(name)
        if hasattr(meant, "__module__"):
            assert meant.__module__ == module, name


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(AttributeError, match="Did you mean 'load_gan'"):
        getattr(ganatomy, "load_gam")  # noqa: B009
    assert not hasattr(ganatomy, "nothing_of_the_kind")
    assert not hasattr(ganatomy, "_private")


def test_no_code_that_imports_the_library_depends_on_what_is_public() -> None:
    """A new public name would else make every stage stale."""
    read = closure(ROOT, ["ganatomy.rng"], {"ganatomy"}.__contains__)
    assert read == {"ganatomy/__init__.py", "ganatomy/rng.py"}
    explained = closure(ROOT, ["ganatomy.explain.maps.gradcam"], {"ganatomy"}.__contains__)
    assert "ganatomy/explain/__init__.py" in explained
    assert not {name for name in explained if "public" in name or "facade" in name}


def test_modules_are_reached_as_ever() -> None:
    from ganatomy import rng

    assert rng is sys.modules["ganatomy.rng"]


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package `house.explain` with a module below, and a function `explain` beside."""
    (tmp_path / "house" / "explain").mkdir(parents=True)
    (tmp_path / "house" / "__init__.py").write_text("")
    (tmp_path / "house" / "explain" / "__init__.py").write_text(
        "from ganatomy.public import callable_package\ncallable_package(__name__)\n"
    )
    (tmp_path / "house" / "explain" / "maps.py").write_text("FOUND = 3\n")
    (tmp_path / "house" / "facade.py").write_text(
        "def explain(network, *, size=1):\n    'Explain.'\n    return network, size\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(public, "names", lambda: {"explain": "house.facade"})


def test_a_package_can_be_called_as_the_function_of_its_name(house: None) -> None:
    package = importlib.import_module("house.explain")
    maps = importlib.import_module("house.explain.maps")
    assert package("D", size=2) == ("D", 2)
    assert package.maps is maps
    assert str(inspect.signature(package)) == "(network, *, size=1)"
    for name in [name for name in sys.modules if name.partition(".")[0] == "house"]:
        del sys.modules[name]


@pytest.mark.parametrize(
    "before",
    ["", "import ganatomy.explain.maps.gradcam", "from ganatomy.explain.lime import engine"],
)
def test_explain_is_called_and_is_a_package_whatever_was_imported_before(before: str) -> None:
    code = f"""
{before}
import inspect, ganatomy
from ganatomy import explain
assert explain is ganatomy.explain
assert list(inspect.signature(ganatomy.explain).parameters)[:2] == ["discriminator", "images"]
try:
    ganatomy.explain(None, 3)
except ganatomy.InputError as error:
    assert error.where == "discriminator", error.where
import ganatomy.explain.maps.gradcam as module
from ganatomy.explain.maps.gradcam import gradcam
assert module.gradcam is gradcam is ganatomy.explain.maps.gradcam.gradcam
assert callable(ganatomy.explain)
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


FUNCTIONS = [name for name in NAMES if not inspect.isclass(_meant(name))]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_not_of_the_first_three_is_given_by_name(name: str) -> None:
    positional = [
        each.name
        for each in inspect.signature(_meant(name)).parameters.values()  # type: ignore[arg-type]
        if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)
    ]
    assert len(positional) <= 3, positional


@pytest.mark.parametrize("name", ["Method", "StudySize", "TrainingSettings"])
def test_settings_are_given_by_name(name: str) -> None:
    kinds = {each.kind for each in inspect.signature(getattr(ganatomy, name)).parameters.values()}
    assert kinds == {inspect.Parameter.KEYWORD_ONLY}


def test_help_on_a_package_that_is_called_is_about_the_call() -> None:
    function = _meant("explain")
    words = inspect.getdoc(ganatomy.explain) or ""
    assert words.startswith(inspect.getdoc(function) or "nothing")
    assert "ganatomy.explain(discriminator, images, *, reals=None" in words
    assert " at 0x" not in words  # the same in every process
    assert ganatomy.explain.__doc__ == words


def test_folders_may_be_texts_and_the_cpu_is_the_default(tmp_path: Path) -> None:
    images = torch.randint(0, 256, (32, 1, 28, 28), dtype=torch.uint8)
    settings = ganatomy.TrainingSettings(epochs=1, batch_size=16, latent_dim=8, width=4)
    gan = ganatomy.train_gan(images, settings, seed=0)
    ganatomy.save_gan(gan, str(tmp_path))
    assert ganatomy.load_gan(str(tmp_path)).architecture == gan.architecture
    data = ganatomy.Dataset(images, torch.zeros(32, dtype=torch.int64))
    data.save(str(tmp_path), "some")
    assert torch.equal(ganatomy.Dataset.load(str(tmp_path), "some").images, images)
