"""What lies outside the code: package versions, device, a user's folder."""

import json
import os
import shutil
from importlib import metadata
from pathlib import Path

import pytest

from flows import params
from ganatomy.errors import InputError
from tasks.inputs import files
from tests.harness import ROOT


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with nothing but parameters."""
    shutil.copy(ROOT / "params.yaml", tmp_path)
    (tmp_path / "params.yaml").write_text(params.dump(params.defaults()))
    shutil.copytree(ROOT / "profiles", tmp_path / "profiles")
    return tmp_path


def _read(project: Path, name: str) -> dict[str, object]:
    found: dict[str, object] = json.loads((project / "inputs" / name).read_text())
    return found


def test_versions_are_the_installed_ones(project: Path) -> None:
    files.write(project)
    found = _read(project, "environment.json")
    assert found["packages"]["torch"] == metadata.version("torch")  # type: ignore[index]
    assert set(found) == {"packages", "python", "device"}


def test_what_is_the_same_is_not_written_again(project: Path) -> None:
    files.write(project)
    before = (project / "inputs" / "environment.json").stat().st_mtime_ns
    files.write(project)
    assert (project / "inputs" / "environment.json").stat().st_mtime_ns == before
    (project / "inputs" / "environment.json").write_text("{damaged")
    files.write(project)
    assert "packages" in _read(project, "environment.json")


def test_a_cpu_run_says_cpu_whatever_the_machine_has(project: Path) -> None:
    params.apply(project, None, ["base.device=cpu"])
    files.write(project)
    assert _read(project, "environment.json")["device"] == "cpu"


def test_new_and_changed_images_in_the_users_folder_show(project: Path) -> None:
    folder = project / "images"
    (folder / "a").mkdir(parents=True)
    (folder / "a" / "1.png").write_bytes(b"one")
    params.apply(project, None, ["fetch.source=image-folder", f"fetch.root={folder}"])

    def listing() -> object:
        files.write(project)
        return _read(project, "source.json")["listing"]

    first = listing()
    assert listing() == first
    (folder / "2.png").write_bytes(b"two")
    second = listing()
    assert second != first
    os.utime(folder / "2.png", ns=(1, 1))
    assert listing() != second
    (folder / "2.png").unlink()
    assert listing() == first


def test_other_sources_do_not_look_into_the_folder(project: Path) -> None:
    files.write(project)
    before = _read(project, "source.json")
    (project / "given").mkdir()
    (project / "given" / "downloaded").touch()
    files.write(project)
    assert _read(project, "source.json") == before


@pytest.mark.parametrize("absolute", [False, True])
def test_an_edited_table_of_attributes_shows(project: Path, absolute: bool) -> None:
    table = project / "table.csv"
    given = table if absolute else "table.csv"

    def source(table: object) -> dict[str, object]:
        values = ["fetch.source=image-folder", "fetch.root=none", f"fetch.attributes={table}"]
        params.apply(project, None, values)
        files.write(project)
        return _read(project, "source.json")

    without = source("''")
    assert source(given) == without  # it is not there; the stage says so
    table.write_text("file,x\na.png,1\n")
    first = source(given)
    assert first != without
    time = table.stat().st_mtime_ns
    table.write_text("file,x\na.png,2\n")  # of the same size, and at the same time
    os.utime(table, ns=(time, time))
    assert source(given) != first
    table.write_text("file,x\na.png,1\n")
    assert source(given) == first
    assert source("''") == without


def test_files_that_nobody_needs_any_more_are_removed(project: Path) -> None:
    files.write(project)
    assert files.differing(project) == []
    left = project / "inputs" / "code" / "gone.json"
    left.parent.mkdir(exist_ok=True)
    left.write_text("{}")
    (project / "inputs" / "old").mkdir()
    (project / "inputs" / "old" / "x").touch()
    (project / "inputs" / "source.json").write_text("{}")
    names = {path.as_posix() for path in files.differing(project)}
    assert {"inputs/code/gone.json", "inputs/old", "inputs/source.json"} <= names
    files.write(project)
    assert files.differing(project) == []
    assert not left.exists()


def test_the_champion_is_known_by_what_is_read_of_it(project: Path, tmp_path: Path) -> None:
    files.write(project)
    assert _read(project, "champion.json") == {}
    gan = tmp_path / "finished" / "models" / "gan"
    gan.mkdir(parents=True)
    params.apply(project, None, [f"gate.champion={tmp_path / 'finished'}"])
    with pytest.raises(InputError, match=r"there is no GAN in .*finished") as caught:
        files.write(project)
    assert caught.value.where == "gate.champion"
    for name in ("networks.json", "generator_ema.safetensors", "discriminator.safetensors"):
        (gan / name).write_text(name)
    files.write(project)
    before = _read(project, "champion.json")
    assert before["models/gan/networks.json"]
    assert before["reports/importance/repeats.parquet"] == ""
    (gan / "networks.json").write_text("another")
    files.write(project)
    after = _read(project, "champion.json")
    assert [name for name in after if after[name] != before[name]] == ["models/gan/networks.json"]


def test_a_run_is_no_champion_of_its_own(project: Path) -> None:
    shutil.copy(ROOT / "dvc.yaml", project)
    params.apply(project, None, ["gate.champion=."])
    with pytest.raises(InputError, match="which runs make") as caught:
        files.write(project)
    assert caught.value.where == "gate.champion"


def test_a_changed_archive_or_array_shows(project: Path) -> None:
    (project / "faces.npy").write_bytes(b"one")
    params.apply(project, None, ["fetch.source=image-folder", "fetch.root=faces.npy"])
    found = []
    for content in (b"one", b"one", b"three"):
        (project / "faces.npy").write_bytes(content)
        os.utime(project / "faces.npy", ns=(1, 1))
        files.write(project)
        found.append(_read(project, "source.json"))
    assert found[0] == found[1] != found[2]
    assert found[0]["listing"] != "no such folder"
    assert set(found[0]) == {"listing", "attributes"}


def test_a_data_set_of_ones_own_depends_on_its_code_and_on_what_it_is_told(project: Path) -> None:
    (project / "mine.py").write_text("from helper import x\nclass Faces: pass\n")
    (project / "helper.py").write_text("x = 1\n")
    (project / "pictures").mkdir()
    told = "fetch.arguments={folder: pictures, count: 3, kind: small}"
    params.apply(project, None, ["fetch.source=mine:Faces", told])

    def source() -> dict[str, object]:
        files.write(project)
        return _read(project, "source.json")

    first = source()
    assert set(first["code"]) == {"mine.py", "helper.py"}  # type: ignore[call-overload]
    assert set(first["given"]) == {"folder"}  # type: ignore[call-overload]
    (project / "pictures" / "1.png").write_bytes(b"one")
    second = source()
    assert (second["code"], second["given"] != first["given"]) == (first["code"], True)
    (project / "helper.py").write_text("x = 2\n")
    third = source()
    assert (third["given"], third["code"] != second["code"]) == (second["given"], True)


def test_a_data_set_of_a_package_may_write_into_its_folder(project: Path) -> None:
    (project / "given").mkdir()
    source = "fetch.source=torchvision.datasets:CIFAR100"
    params.apply(project, None, [source, "fetch.arguments={root: given, download: true}"])
    files.write(project)
    found = _read(project, "source.json")
    assert (found["code"], found["given"]) == ("not a file of this project", {})
