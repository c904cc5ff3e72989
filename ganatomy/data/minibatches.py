"""Minibatches on the device, from images that may be too many for it.

Which kind of `Batches` gives them changes the time it takes and nothing else.
"""

from abc import ABC, abstractmethod
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

import torch

MAX_HINTS = 2


class Batches(ABC):
    """Source of minibatches by their indices; to be closed, or used in a ``with`` block."""

    @abstractmethod
    def take(self, index: torch.Tensor) -> torch.Tensor:
        """Return the images at `index`, on the device.

        Parameters
        ----------
        index : Tensor of shape (n,), int64, on the CPU

        Returns
        -------
        Tensor of shape (n, c, h, w), uint8
        """

    @abstractmethod
    def prefetch(self, index: torch.Tensor) -> None:
        """Hint that `take` is soon called with `index`; a wrong or missing hint costs time only."""

    @abstractmethod
    def close(self) -> None:
        """End what runs in the background."""

    def __enter__(self) -> "Batches":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class OnDevice(Batches):
    """Images that are moved to the device once; those of the CPU stay where they are, on disk too.

    Parameters
    ----------
    images : Tensor of shape (n, c, h, w), uint8
    device : torch.device
    """

    def __init__(self, images: torch.Tensor, device: torch.device) -> None:
        self._images = images.to(device)

    def take(self, index: torch.Tensor) -> torch.Tensor:
        return self._images.index_select(0, index.to(self._images.device))

    def prefetch(self, index: torch.Tensor) -> None:
        """Do nothing: the images are all there."""

    def close(self) -> None:
        """Do nothing: there is no thread."""


class Streamed(Batches):
    """Images that stay on the host or on disk; one thread gathers those of the next batch.

    What the thread raises is raised by the `take` that asks for that batch.

    Parameters
    ----------
    images : Tensor of shape (n, c, h, w), uint8, on the CPU
    device : torch.device
    """

    def __init__(self, images: torch.Tensor, device: torch.device) -> None:
        self._images = images
        self._device = device
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="batches")
        self._hints: deque[tuple[torch.Tensor, Future[torch.Tensor]]] = deque()

    def take(self, index: torch.Tensor) -> torch.Tensor:
        # Copied by the caller, whose stream orders the copy before its own kernels. A pinned batch
        # may be let go at once: torch keeps its memory until the copy is done.
        return self._gathered(index).to(self._device, non_blocking=True)

    def prefetch(self, index: torch.Tensor) -> None:
        while len(self._hints) >= MAX_HINTS:
            self._hints.popleft()[1].cancel()
        index = index.clone()  # the caller may write into its own
        self._hints.append((index, self._thread.submit(self._gather, index)))

    def close(self) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)
        self._hints.clear()

    def _gathered(self, index: torch.Tensor) -> torch.Tensor:
        for position, (hint, future) in enumerate(self._hints):
            if torch.equal(hint, index):
                del self._hints[position]
                return future.result()
        return self._gather(index)

    def _gather(self, index: torch.Tensor) -> torch.Tensor:
        batch = torch.empty(
            (len(index), *self._images.shape[1:]),
            dtype=self._images.dtype,
            pin_memory=self._device.type == "cuda",
        )
        return torch.index_select(self._images, 0, index, out=batch)


def open_batches(
    images: torch.Tensor, device: torch.device, max_device_bytes: int | None = None
) -> Batches:
    """Choose how minibatches of `images` get to `device`.

    Parameters
    ----------
    images : Tensor of shape (n, c, h, w), uint8, on the CPU
        May be mapped (`read_tensors(path, mapped=True)`): then only what is taken is read.
    device : torch.device
        On the CPU the images are indexed where they are.
    max_device_bytes : int, optional
        Images of up to so many bytes are moved to another device at once, more are streamed. By
        default half of the device's free memory.
    """
    if device.type == "cpu":
        return OnDevice(images, device)
    if max_device_bytes is None:
        max_device_bytes = torch.cuda.mem_get_info(device)[0] // 2
    return (OnDevice if images.nbytes <= max_device_bytes else Streamed)(images, device)
