"""Where the arithmetic happens, and how it is made repeatable there."""

import os

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
            "base.device",
            "Set base.device to auto or cpu, or run where nvidia-smi lists a GPU.",
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
            "gan.precision",
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
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False
