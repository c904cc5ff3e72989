"""The documentation: what it names is there; its site leaves nothing out and fetches nothing."""

import ast
import re
import shlex
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
from flows import params
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
    assert sorted(named) == sorted([*written, *docs_hook.generated()])


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
    pages = docs_hook.generated()
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


# ---- what the documentation names is there ----

GUIDES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "deploy/README.md")),
    *sorted(DOCS.glob("*.md")),
    *(
        path
        for path in sorted((DOCS / "decisions").glob("*.md"))
        if "\nReplaced" not in path.read_text()  # what it names is gone with it
    ),
]
CODE = ("ganatomy/", "tasks/", "flows/", "tests/", "benchmarks/", "deploy/", "docs/", "profiles/")
NOT_MODULES = re.compile(r"ganatomy\.(entry|details_in|page_in|yaml)$")  # tags of MLflow
EXPLAINED = "brightness"  # the stage that CONTRIBUTING.md adds


def _quoted(path: Path) -> list[str]:
    """What stands in single backticks, outside of blocks of code."""
    text = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)
    return re.findall(r"(?<!`)`([^`]+)`(?!`)", text)


def _shell(path: Path) -> list[str]:
    """Every line of the blocks of commands, and every command in backticks."""
    blocks = re.findall(r"```sh\n(.*?)```", path.read_text(), re.DOTALL)
    return [line for block in blocks for line in block.splitlines()] + _quoted(path)


def _is_there(name: str) -> bool:
    """A file or folder of the project; ``<stage>`` is any, braces are alternatives."""
    pattern = re.sub(r"<[^>]+>", "*", name.rstrip("/"))
    return any(ROOT.glob(pattern))


def _defined(module: Path) -> set[str]:
    """Names that a module has at its top, imported ones included."""
    found: set[str] = set()
    for node in ast.parse(module.read_text()).body:
        match node:
            case ast.FunctionDef() | ast.ClassDef():
                found.add(node.name)
            case ast.Import() | ast.ImportFrom():
                found |= {(alias.asname or alias.name) for alias in node.names}
            case ast.Assign() | ast.AnnAssign():
                found |= {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
    return found


def _is_importable(dotted: str) -> bool:
    """Whether ``ganatomy.a.b`` is a module, a name of one, or a public name."""
    parts = dotted.split(".")
    if len(parts) == 2 and parts[1] in ganatomy.__all__:
        return True
    for count in range(len(parts), 0, -1):
        base = ROOT.joinpath(*parts[:count])
        module = base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
        if module.is_file():
            rest = parts[count:]
            return not rest or rest[0] in _defined(module)
    return False


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_files_modules_and_keys_that_are_named_are_there(path: Path) -> None:
    keys = yaml.safe_load((ROOT / "params.yaml").read_text())
    for words in _quoted(path):
        for name in re.split(r"[\s,;]+", words):
            if name.startswith(CODE) and EXPLAINED not in name:
                assert _is_there(name), name
            dotted = re.match(r"ganatomy(?:\.\w+)+", name)
            if dotted and not NOT_MODULES.match(dotted[0]):
                assert _is_importable(dotted[0]), dotted[0]
            key = re.match(r"([a-z]+)\.([a-z_0-9]+)(?=$|[=:\[])", name)
            if key and key[1] in keys and key[2] not in ("json", "csv", "py", "html", "png"):
                assert key[2] in keys[key[1]], name


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_commands_that_are_named_are_there(path: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    entry = (ROOT / "flows" / "__main__.py").read_text()
    of_flows = set(re.findall(r'add_parser\(\s*"(\w+)"', entry))
    modules = (ROOT / "ganatomy" / "command").glob("[a-z]*.py")
    library = {module.stem.replace("_", "-") for module in modules}
    for line in _shell(path):
        if found := re.match(r"make ([a-z-]+)", line):
            assert found[1] in targets, line
        if found := re.search(r"python -m (?!pip|tasks\.<)([\w.]+)(?: ([a-z]+))?", line):
            base = ROOT.joinpath(*found[1].split("."))
            assert base.with_suffix(".py").is_file() or (base / "__main__.py").is_file(), line
            if found[1] == "flows" and found[2]:
                assert found[2] in of_flows, line
        if found := re.match(r"ganatomy ([a-z-]+)", line):
            assert found[1] in library | of_flows, line


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_settings_that_are_shown_are_accepted(path: Path) -> None:
    """Values and all; a file of the user's own is not looked for."""
    for line in _shell(path):
        if line.startswith("make run") and "=" in line:
            words = [word.split("=", 1) for word in shlex.split(line, comments=True)[2:]]
            given = dict(words)
            params.would_be(ROOT, given.get("PROFILE"), [given.get("SET", "")])


def test_imports_that_are_shown_work() -> None:
    for path in GUIDES:
        for block in re.findall(r"```python\n(.*?)```", path.read_text(), re.DOTALL):
            for module, names in re.findall(r"^from (ganatomy\S*) import (.+)$", block, re.M):
                for name in names.split(", "):
                    assert _is_importable(f"{module}.{name}"), f"{path.name}: {module}.{name}"


def test_decisions_have_their_number_in_the_title() -> None:
    paths = sorted((DOCS / "decisions").glob("*.md"))
    for path in paths:
        assert path.read_text().startswith(f"# {path.name[:4]} "), path.name
    assert [path.name[:4] for path in paths] == [f"{k:04d}" for k in range(1, len(paths) + 1)]


def test_links_of_the_projects_own_pages_lead_somewhere() -> None:
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "deploy/README.md"):
        path = ROOT / name
        for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text()):
            assert "://" in link or (path.parent / link).exists(), f"{name}: {link}"


# ---- messages ----


def _literals() -> str:
    """Every text in the code, and the pieces of those that are put together."""
    found = [(ROOT / "deploy" / "setup.sh").read_text()]
    for folder in ("ganatomy", "tasks", "flows", "deploy"):
        for path in (ROOT / folder).rglob("*.py"):
            nodes = ast.walk(ast.parse(path.read_text()))
            found += [
                node.value
                for node in nodes
                if isinstance(node, ast.Constant) and isinstance(node.value, str)
            ]
        found += [path.read_text() for path in (ROOT / folder).rglob("*.html")]
    return "\n".join(found)


def test_messages_in_troubleshooting_are_those_of_the_code() -> None:
    rows = [line for line in (DOCS / "troubleshooting.md").read_text().splitlines() if "|" in line]
    quoted = [text for row in rows for text in re.findall(r"`([^`]+)`", row.split("|")[1])]
    pieces = [piece.strip() for text in quoted for piece in text.split("…") if piece.strip(" :()")]
    literals = _literals()
    assert len(pieces) > 30
    assert not [piece for piece in pieces if piece not in literals]
