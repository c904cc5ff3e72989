"""Where a figure was measured."""

import os
import platform
from importlib import metadata
from pathlib import Path

PACKAGES = (
    *("torch", "prefect", "dvc", "mlflow"),
    *("lime", "captum", "torchcam", "grad-cam"),
)


def describe() -> dict[str, object]:
    """Processor, cores, memory, and the versions of what was measured."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "versions": {name: metadata.version(name) for name in PACKAGES},
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()
