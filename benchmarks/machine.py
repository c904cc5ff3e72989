"""Where a figure was measured."""

import os
import platform
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib import metadata
from pathlib import Path

PACKAGES = (
    *("torch", "prefect", "dvc", "mlflow"),
    *("lime", "captum", "torchcam", "grad-cam"),
    *("scikit-learn", "imodels", "torch-explain"),
)


def describe() -> dict[str, object]:
    """Processor, cores, memory, card, and the versions of what was measured and is installed."""
    found: dict[str, object] = {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "versions": dict(_versions()),
    }
    return found | _gpu()


def _versions() -> Iterator[tuple[str, str]]:
    """Of those that are installed: a machine with a GPU need not have the pipeline's."""
    for name in PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            yield name, metadata.version(name)


def _gpu() -> dict[str, object]:
    """The first card, if torch has been imported and can use one: importing it takes seconds."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return {}
    card = torch.cuda.get_device_properties(0)
    return {
        "gpu": card.name,
        "gpu_memory_gib": round(card.total_memory / 2**30),
        "gpu_count": torch.cuda.device_count(),
        "cuda": torch.version.cuda,
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()
