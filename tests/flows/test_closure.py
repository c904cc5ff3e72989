"""The code that a stage depends on, on a small project of its own and on this one."""

from pathlib import Path

import pytest
import yaml

from flows.closure import closure, differences, write

ROOT = Path(__file__).resolve().parents[2]

FILES = {
    "ganatomy/__init__.py": "",
    "ganatomy/errors.py": "import torch\n",
    "ganatomy/net/__init__.py": "from ganatomy.errors import InputError\n",
    "ganatomy/net/layers.py": "",
    "ganatomy/net/losses.py": "import ganatomy.net.layers as layers\n",
    "ganatomy/page/__init__.py": "",
    "ganatomy/page/page.py": "TEMPLATE = 'page.html'\nOTHER = 'elsewhere.html'\n",
    "ganatomy/page/page.html": "<p>",
    "ganatomy/page/unused.html": "<p>",
    "ganatomy/unused.py": "",
    "tasks/__init__.py": "",
    "tasks/stage.py": "from ganatomy import missing, errors\n",
    "tasks/train.py": (
        "from tasks import stage\n\n\ndef main():\n    from ganatomy.net import losses\n"
    ),
    "tasks/report.py": "if True:\n    import tasks.stage, ganatomy.page.page\n",
    "flows/__init__.py": "import tasks.report\n",
}
OF_STAGE = ["ganatomy/__init__.py", "ganatomy/errors.py", "tasks/__init__.py", "tasks/stage.py"]
OF_TRAIN = [
    *OF_STAGE,
    "tasks/train.py",
    "ganatomy/net/__init__.py",
    "ganatomy/net/layers.py",
    "ganatomy/net/losses.py",
]
OF_REPORT = [
    *OF_STAGE,
    "tasks/report.py",
    "ganatomy/page/__init__.py",
    "ganatomy/page/page.py",
    "ganatomy/page/page.html",
]
DVC = """\
# about the pipeline
stages:
  train:
    cmd: python -m tasks.train 0
    deps:
      - data/raw  # not code
      - tasks/train.py
      - ganatomy/unused.py
    outs:
      - models/gan
    meta: {threads: 2}

  report:
    cmd: exec python -m tasks.report
    deps:
      - environment.json
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A library, two stages and a dvc.yaml whose deps are wrong."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "dvc.yaml").write_text(DVC)
    return tmp_path


def test_imports_in_functions_and_of_modules_are_followed(project: Path) -> None:
    assert closure(project, "tasks.train") == set(OF_TRAIN)


def test_template_beside_its_module_counts(project: Path) -> None:
    assert closure(project, "tasks.report") == set(OF_REPORT)


def test_circles_end(project: Path) -> None:
    (project / "ganatomy/errors.py").write_text("import tasks.train\n")
    assert closure(project, "tasks.train") == set(OF_TRAIN)


def test_own_package_counts_however_deep(project: Path) -> None:
    (project / "ganatomy/net/deep").mkdir()
    (project / "ganatomy/net/deep/__init__.py").touch()
    (project / "ganatomy/net/deep/one.py").touch()
    assert closure(project, "ganatomy.net.deep.one") == {
        "ganatomy/__init__.py",
        "ganatomy/errors.py",
        "ganatomy/net/__init__.py",
        "ganatomy/net/deep/__init__.py",
        "ganatomy/net/deep/one.py",
    }


def test_others_packages_are_not_followed(project: Path) -> None:
    (project / "torch.py").touch()
    assert closure(project, "torch") == set()
    assert closure(project, "flows") == set()


def test_differences_name_stage_and_file(project: Path) -> None:
    missing = sorted(set(OF_TRAIN) - {"tasks/train.py"})
    assert differences(project) == [
        *(f"train: missing {name}" for name in missing),
        "train: not imported ganatomy/unused.py",
        *(f"report: missing {name}" for name in sorted(OF_REPORT)),
    ]


def test_write_mends_the_deps_and_nothing_else(project: Path) -> None:
    write(project)
    assert differences(project) == []
    text = (project / "dvc.yaml").read_text()
    before, after = yaml.safe_load(DVC), yaml.safe_load(text)
    assert after["stages"]["train"]["deps"] == ["data/raw", *sorted(OF_TRAIN)]
    assert after["stages"]["report"]["deps"] == ["environment.json", *sorted(OF_REPORT)]
    for stage in (*before["stages"].values(), *after["stages"].values()):
        del stage["deps"]
    assert after == before
    assert "# about the pipeline" in text
    assert "# not code" in text
    assert "meta: {threads: 2}" in text


def test_write_twice_is_write_once(project: Path) -> None:
    write(project)
    first = (project / "dvc.yaml").read_bytes()
    write(project)
    assert (project / "dvc.yaml").read_bytes() == first


def test_an_edited_import_is_seen(project: Path) -> None:
    write(project)
    (project / "ganatomy/net/layers.py").write_text("from ganatomy import unused\n")
    assert differences(project) == ["train: missing ganatomy/unused.py"]


def test_this_projects_dvc_yaml_is_right() -> None:
    assert differences(ROOT) == []
