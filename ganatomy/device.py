"""Where the arithmetic happens, and how it is made repeatable there."""

import ctypes
import os
import sys
from contextlib import suppress

import torch

from ganatomy.errors import InputError


def resolve_device(name: str) -> torch.device:
    """Turn ``auto``, ``cpu`` or ``cuda`` into a device.

    Raises
    ------
    InputError
        ``cuda`` was asked for and there is no usable GPU.
    """
    available = torch.cuda.is_available()
    if name == "auto":
        name = "cuda" if available else "cpu"
    if name == "cuda" and not available:
        raise InputError(
            "no CUDA device can be used on this machine",
            "device",
            "Set `device` to auto or cpu, or run where nvidia-smi lists a GPU.",
        )
    return torch.device(name)


def check_precision(precision: str, device: torch.device) -> None:
    """Refuse a precision that the device would emulate.

    bfloat16 on a CPU without instructions for it was measured 15 to 30 times slower than float32.

    Raises
    ------
    InputError
        ``bfloat16`` where neither the GPU (compute capability 8.0) nor the CPU computes in it.
    """
    if precision == "float32":
        return
    if device.type == "cuda":
        computes = torch.cuda.get_device_capability(device) >= (8, 0)
    else:
        computes = torch.cpu._is_avx512_bf16_supported()
    if not computes:
        raise InputError(
            f"{precision} is no arithmetic of this {device.type} device: it would be far slower",
            "precision",
            "Set it to float32.",
        )


def make_deterministic(num_threads: int) -> None:
    """Fix everything outside the seeds that moves bits: thread count and kernel choice.

    Parameters
    ----------
    num_threads : int
        Intra-op CPU threads. Sums are split by thread, so the count is part of the result.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.set_num_threads(num_threads)
    # as use_deterministic_algorithms(True, warn_only=True), which would import torch's compiler
    torch.set_deterministic_debug_mode("warn")
    torch.backends.cudnn.benchmark = False


def keep_freed_memory() -> None:
    """Have the C library keep memory that is freed instead of handing it back to the system.

    A training frees and takes the same megabytes at every step. Handed back, they cost a page fault
    for each 4 KiB when they are taken again: about a tenth of a step. Only glibc knows this; no
    result depends on it.
    """
    if not sys.platform.startswith("linux"):
        return
    trim_threshold, top_pad, mmap_threshold = -1, -2, -3
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(mmap_threshold, 32 * 2**20)  # the largest that glibc takes
        libc.mallopt(trim_threshold, 2**31 - 1)
        libc.mallopt(top_pad, 64 * 2**20)
