"""The YAML file that describes a GAN: read strictly, each fault with its line."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganatomy.errors import InputError

if TYPE_CHECKING:
    from ganatomy.gan.adopt.port import Port

ENDINGS = (".yaml", ".yml")


def is_port_file(path: Path) -> bool:
    """Say whether a path is meant as such a file."""
    return path.suffix.lower() in ENDINGS


def read_port_file(path: Path) -> "Port":
    """Read what describes a GAN; paths in it are relative to its folder.

    Raises
    ------
    InputError
        There is no such file, it is no YAML, a key stands in it twice, or as of `read_port`.
    """
    from ganatomy.gan.adopt.reading import read_port

    return read_port(_values(path), path.name, path.parent)


def _values(path: Path) -> Any:
    import yaml

    remedy = "docs/adopt.md has examples."
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError("there is no such file", str(path), remedy) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"it cannot be read ({error})", str(path), remedy) from None
    try:
        _check_keys(yaml.compose(text, Loader=yaml.SafeLoader), path)
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = 1 + (error.problem_mark.line if error.problem_mark else 0)
        problem = error.problem or error.context or "no YAML"
        if "'\\t'" in problem:
            problem = "a tab, where YAML wants spaces"
        raise InputError(f"line {line}: {problem}", path.name, remedy) from None
    except yaml.YAMLError as error:
        words = " ".join(str(error).split())
        raise InputError(f"it is no YAML ({words[:200]})", path.name, remedy) from None
    except RecursionError:
        raise InputError("it refers to itself", path.name, remedy) from None


def _check_keys(node: Any, path: Path) -> None:
    """Refuse a key that stands twice in a mapping, which YAML's readers take the last of."""
    import yaml

    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.value in seen:
                raise InputError(
                    f"line {line}: {key.value!r} stands in line {seen[key.value]} already",
                    path.name,
                    "Leave one of them.",
                )
            seen[str(key.value)] = line
            _check_keys(value, path)
    elif isinstance(node, yaml.SequenceNode):
        for each in node.value:
            _check_keys(each, path)
