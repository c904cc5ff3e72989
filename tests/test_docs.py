"""The documentation's site: nothing is left out, and nothing is fetched to read it."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from packaging.requirements import Requirement

import ganatomy
from deploy import docs_hook
from tests.harness import ROOT, copy_project, environment

DOCS = ROOT / "docs"
TRIPS = ("image", "feature", "map")


def _settings() -> dict[str, Any]:
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text())
    assert isinstance(settings, dict)
    return settings


def _places(navigation: list[Any]) -> list[str]:
    found: list[str] = []
    for entry in navigation:
        value = next(iter(entry.values())) if isinstance(entry, dict) else entry
        found += _places(value) if isinstance(value, list) else [value]
    return found


def test_the_navigation_names_every_page_once() -> None:
    named = _places(docs_hook.navigation(_settings()["nav"]))
    written = [path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")]
    assert sorted(named) == sorted([*written, *docs_hook.api_pages()])


def test_every_public_name_has_its_place_in_the_api() -> None:
    pages = docs_hook.api_pages()
    shown = re.findall(r"^::: (\S+)$", "\n".join(pages.values()), re.MULTILINE)
    assert sorted(name.rpartition(".")[2] for name in shown) == sorted(ganatomy.__all__)
    for place, text in pages.items():
        package = Path(place).stem
        for name in re.findall(r"^::: (\S+)$", text, re.MULTILINE):
            assert name.startswith(f"ganatomy.{package}")


def test_a_page_asks_no_other_host() -> None:
    settings = _settings()
    assert settings["theme"]["font"] is False
    assert "://" not in (ROOT / "mkdocs.yml").read_text()


@pytest.mark.parametrize("trip", TRIPS)
def test_a_drawing_of_each_trip(trip: str) -> None:
    path = DOCS / "images" / f"trip-of-{'an' if trip == 'image' else 'a'}-{trip}.svg"
    assert f"(images/{path.name})" in (DOCS / "index.md").read_text()
    drawing = ElementTree.parse(path).getroot()
    tags = {element.tag.rpartition("}")[2] for element in drawing.iter()}
    assert {"title", "desc", "text"} <= tags
    assert not {"script", "image", "foreignObject"} & tags
    assert path.read_text().count("://") == 1  # the namespace


def test_links_between_pages_lead_somewhere() -> None:
    pages = docs_hook.api_pages()
    for path in DOCS.rglob("*.md"):
        for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text()):
            if "://" in link:
                continue
            place = (path.parent / link).resolve()
            is_page = place.is_relative_to(DOCS) and place.relative_to(DOCS).as_posix() in pages
            assert place.exists() or is_page, f"{path.name}: {link}"


def test_its_packages_are_locked_apart() -> None:
    group = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]["docs"]
    lock = (ROOT / "deploy" / "docs.lock").read_text()
    locked = re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE)
    assert {Requirement(entry).name for entry in group} <= set(locked)
    assert len(re.findall(r"^[a-z0-9-]+==[^\n]*\\\n    --hash=sha256:", lock, re.M)) == len(locked)
    assert "://" not in lock
    of_set_up = (ROOT / "requirements.lock").read_text()
    assert not re.search(r"^mkdocs", of_set_up, re.MULTILINE)


@pytest.mark.slow
def test_the_site_is_built(tmp_path: Path) -> None:
    """By the command itself, in a copy; its packages come from the registry once."""
    project = copy_project(tmp_path / "project")
    uv = ROOT / ".venv" / "bin" / "uv"
    command = ["sh", "deploy/docs.sh"]
    for expected in ("docs: making", "docs: site/index.html"):
        done = subprocess.run(
            command,
            cwd=project,
            env=environment() | {"UV": str(uv)},
            capture_output=True,
            text=True,
            timeout=500,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.startswith(expected)
    site = project / "site"
    for place, text in docs_hook.api_pages().items():
        page = (site / place).with_suffix(".html").read_text()
        for name in re.findall(r"^::: (\S+)$", text, re.MULTILINE):
            assert f'id="{name}"' in page, name
    loads = re.compile(r'<(?:script|link|img|iframe)[^>]*(?:src|href)="(?:https?:)?//[^"]*"')
    for path in site.rglob("*.html"):
        assert not loads.findall(path.read_text()), path.name
