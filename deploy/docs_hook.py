"""What `mkdocs.yml` does not list: the API, what `convert-help` says, and every decision.

All are found, in the public face (`ganatomy/__init__.pyi`) and in the folders, so nobody keeps a
list.
"""

import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from ganatomy import public  # noqa: E402  it reads no torch
from ganatomy.command import convert_help  # noqa: E402  neither does it

_TITLES = {
    "data": "Images",
    "errors": "Errors",
    "explain": "Explanations, singly",
    "facade": "Explanations, in one call",
    "gan": "Training",
    "importance": "Importance",
    "metrics": "Metrics",
    "report": "The page",
}


def api_pages() -> dict[str, str]:
    """Return the Markdown of each page of the API by its place in the site."""
    by_package: dict[str, list[str]] = {}
    for name, module in public.names().items():
        by_package.setdefault(module.split(".")[1], []).append(f"::: {module}.{name}")
    return {
        f"api/{package}.md": f"# {title_of(package)}\n\n" + "\n\n".join(blocks) + "\n"
        for package, blocks in sorted(by_package.items())
    }


def title_of(package: str) -> str:
    """Return what a page of the API is called."""
    return _TITLES.get(package, package.capitalize())


def guides() -> dict[str, str]:
    """Return the Markdown of what `ganatomy convert-help` says by its place in the site."""
    return {f"adopt/{name}.md": convert_help.guide(name) for name in convert_help.names()}


def generated() -> dict[str, str]:
    """Return the Markdown of every page that no file in `docs/` is by its place in the site."""
    return {**guides(), **api_pages()}


def decisions() -> list[str]:
    """Return the decisions' places in the site, in their order."""
    return [f"decisions/{path.name}" for path in sorted((ROOT / "docs" / "decisions").glob("*.md"))]


def navigation(listed: list[Any]) -> list[Any]:
    """Return the whole navigation: what mkdocs.yml lists, the API, the decisions."""
    api = [{title_of(Path(place).stem): place} for place in api_pages()]
    elsewhere = {"GANs of known repositories": [*guides()]}
    return [*listed, elsewhere, {"API": api}, {"Decisions": list(decisions())}]


# ---- called by MkDocs ----


def on_config(config: Any) -> Any:
    """Complete the navigation."""
    config.nav = navigation(config.nav)
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that `docs/` does not hold."""
    from mkdocs.structure.files import File  # type: ignore[import-not-found]

    for place, text in generated().items():
        files.append(File.generated(config, place, content=text))
    return files
