"""The processes of a training on several devices: started, told apart, and ended together.

Rank 0 is the stage's own process, as it is on one device: it alone speaks, writes and hears
signals. It starts the others by its own command; they die with it, and when one of them fails the
stage fails with that one's words.
"""

import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import torch
from torch import distributed
from torch.distributed import TCPStore  # type: ignore[attr-defined]

from ganatomy.data.dataset import Dataset
from ganatomy.errors import InputError
from ganatomy.gan.distributed import FabricRanks, Ranks, SingleRank, fabric_of, share_of
from ganatomy.gan.session import Interrupted
from ganatomy.gan.study import Course, follow_watched
from tasks.shared.events import Events
from tasks.shared.stage import FOLLOWER
from tasks.shared.start import FAILED

Process = subprocess.Popen[bytes]

_HERE = "127.0.0.1"
_DEAF_TO = {signal.SIGTERM, signal.SIGINT}
_WATCH_INTERVAL_S = 0.5
_GRACE_S = 10.0
_LAST_WORDS_S = 1.0


def num_threads(of_all: int, num_devices: int, device: torch.device) -> int:
    """Return the CPU threads of each rank: on the CPU its share of the stage's."""
    return max(1, of_all // num_devices) if device.type == "cpu" else of_all


def follow(train: Dataset, course: Course, ranks: Ranks) -> None:
    """Train along with the first process, to the end or until that one stops."""
    with suppress(Interrupted):
        follow_watched(train, course, ranks)


@contextmanager
def joined(
    num_devices: int, device: torch.device, batch_size: int, events: Events
) -> Iterator[tuple[Ranks, torch.device]]:
    """Make this process one of `num_devices` within the block, each with a device of its own.

    Raises
    ------
    InputError
        The machine has fewer devices, or the batch does not go into equal parts.
    RuntimeError
        Another rank failed; the message is that rank's.
    """
    if num_devices == 1:
        yield SingleRank(), device
        return
    _check(num_devices, device)
    share_of(batch_size, 0, num_devices)
    follows = FOLLOWER in os.environ
    with _following(num_devices) if follows else _leading(num_devices, events) as store:
        fabric = fabric_of(num_devices, device, "popen")
        own = torch.device("cuda", fabric.local_rank) if device.type == "cuda" else None
        distributed.init_process_group(  # Fabric's would have a store open to the network
            "nccl" if own else "gloo",
            store=store,
            rank=fabric.local_rank,
            world_size=num_devices,
            device_id=own,
        )
        fabric.launch()
        yield FabricRanks(fabric), fabric.device
        distributed.destroy_process_group()


def _check(num_devices: int, device: torch.device) -> None:
    if device.type == "cuda":
        number, kind = torch.cuda.device_count(), "GPU"
    else:
        usable = os.sched_getaffinity(0) if sys.platform == "linux" else range(os.cpu_count() or 1)
        number, kind = len(usable), "CPU core"
    if num_devices > number:
        raise InputError(
            f"train.devices = {num_devices} but this machine has "
            f"{number} {kind}{'s' if number > 1 else ''}",
            "train.devices",
            f"Set it to {number}{' or less' if number > 1 else ''}.",
        )


@contextmanager
def _following(num_devices: int) -> Iterator[Any]:
    words, port = map(int, os.environ[FOLLOWER].split())  # where last words go, the store's port
    try:
        yield TCPStore(_HERE, port, num_devices)
    except Exception as error:
        traceback.print_exc()
        text = f"rank {os.environ['LOCAL_RANK']}: {type(error).__name__}: {error}\n"
        os.write(words, text.encode()[: select.PIPE_BUF])
        os._exit(FAILED)  # nothing here is worth waiting for the others


@contextmanager
def _leading(num_devices: int, events: Events) -> Iterator[Any]:
    ears, words = os.pipe()
    door = socket.create_server((_HERE, 0))
    port = door.getsockname()[1]
    others: list[Process] = []
    left = threading.Event()
    watcher = threading.Thread(target=_watch, args=(others, ears, left, events), daemon=True)
    try:
        _start(others, num_devices, f"{words} {port}", [words])
        watcher.start()
        yield TCPStore(_HERE, port, num_devices, is_master=True, master_listen_fd=door.detach())
        for other in others:
            with suppress(subprocess.TimeoutExpired):
                other.wait(_GRACE_S)
    except RuntimeError as error:
        text = _last_words(others, ears, _LAST_WORDS_S)
        if text is None:
            raise
        raise RuntimeError(text) from error
    finally:
        left.set()
        _kill(others)


def _start(others: list[Process], num_devices: int, follower: str, descriptors: list[int]) -> None:
    os.environ["LOCAL_RANK"] = "0"  # Fabric takes it that somebody else starts the processes
    if sys.platform == "linux":
        os.environ["GLOO_SOCKET_IFNAME"] = "lo"  # else ranks listen to the network
    # They are born with these signals blocked: whoever signals the whole group, as a terminal
    # does, is heard by rank 0, which tells the others after which step to end.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _DEAF_TO)
    try:
        for rank in range(1, num_devices):
            own = {"LOCAL_RANK": str(rank), FOLLOWER: follower}
            command = [sys.executable, *sys.orig_argv[1:]]
            others.append(subprocess.Popen(command, env=os.environ | own, pass_fds=descriptors))
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _watch(others: list[Process], ears: int, left: threading.Event, events: Events) -> None:
    """End this process when another one has failed and it waits for that one in vain."""
    while not left.wait(_WATCH_INTERVAL_S):
        if any(other.poll() for other in others) and not left.wait(_GRACE_S):
            events.error(f"RuntimeError: {_last_words(others, ears, 0.0)}", FAILED)
            _kill(others)
            os._exit(FAILED)


def _last_words(others: list[Process], ears: int, timeout_s: float) -> str | None:
    """Return why the first of the others failed, if one has or soon will have failed."""
    deadline = time.monotonic() + timeout_s
    while True:
        if select.select([ears], [], [], 0)[0]:
            return os.read(ears, select.PIPE_BUF).decode(errors="replace").splitlines()[0]
        for rank, other in enumerate(others, 1):
            code = other.poll()
            if code:
                how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
                return f"rank {rank} ended by {how}"
        if time.monotonic() >= deadline:
            return None
        time.sleep(0.05)


def _kill(processes: list[Process]) -> None:
    for process in processes:
        process.kill()
    for process in processes:
        process.wait()
