"""Parts of docs/benchmarks.md that its sections share."""

from typing import Any

Result = dict[str, Any]


def machine_line(result: Result) -> str:
    """What a result was measured on."""
    at = result["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in at["versions"].items())
    where = f"{at['processor']}, {at['cores']} cores, {at['memory_gib']} GiB, {at['system']}"
    if "gpu" in at:
        where = f"{at['gpu']} ({at['gpu_memory_gib']} GiB, CUDA {at['cuda']}); {where}"
    return f"{where}; {versions}."


def table(heads: list[str], rows: list[list[str]]) -> str:
    """As Markdown."""
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])
