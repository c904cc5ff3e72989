"""Every kind of batches gives the same images, whatever it was told beforehand."""

import threading
from collections.abc import Callable

import pytest
import torch

from ganatomy.data.minibatches import Batches, OnDevice, Streamed, open_batches

CPU = torch.device("cpu")
META = torch.device("meta")  # a device that is not the CPU, on every machine
IMAGES = torch.arange(20 * 3 * 4 * 4, dtype=torch.int64).remainder(251).to(torch.uint8)
IMAGES = IMAGES.reshape(20, 3, 4, 4)

Kind = Callable[[torch.Tensor, torch.device], Batches]


@pytest.fixture(params=[OnDevice, Streamed])
def kind(request: pytest.FixtureRequest) -> Kind:
    """One of the two kinds."""
    found: Kind = request.param
    return found


def _threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("batches")]


def _index(seed: int, count: int = 5) -> torch.Tensor:
    draw = torch.Generator().manual_seed(seed)
    return torch.randint(0, len(IMAGES), (count,), generator=draw)


def _in_time(batches: Batches, steps: int) -> list[torch.Tensor]:
    found = []
    for step in range(steps):
        found.append(batches.take(_index(step)))
        batches.prefetch(_index(step + 1))
    return found


def _ahead(batches: Batches, steps: int) -> list[torch.Tensor]:
    found = []
    batches.prefetch(_index(0))
    for step in range(steps):
        batches.prefetch(_index(step + 1))
        found.append(batches.take(_index(step)))
    return found


def _never(batches: Batches, steps: int) -> list[torch.Tensor]:
    return [batches.take(_index(step)) for step in range(steps)]


def _wrong(batches: Batches, steps: int) -> list[torch.Tensor]:
    found = []
    for step in range(steps):
        for wrong in range(step % 4):
            batches.prefetch(_index(1000 + step + wrong, count=5 - wrong))
        found.append(batches.take(_index(step)))
    return found


def _twice(batches: Batches, steps: int) -> list[torch.Tensor]:
    found = []
    for step in range(steps):
        batches.prefetch(_index(step))
        batches.prefetch(_index(step))
        found.append(batches.take(_index(step)))
    return found


@pytest.mark.parametrize("order", [_in_time, _ahead, _never, _wrong, _twice])
def test_batches_are_the_images_at_their_indices(
    kind: Kind, order: Callable[[Batches, int], list[torch.Tensor]]
) -> None:
    with kind(IMAGES, CPU) as batches:
        found = order(batches, 12)
    for step, batch in enumerate(found):
        expected = torch.stack([IMAGES[i] for i in _index(step).tolist()])
        assert torch.equal(batch, expected)
        assert batch.dtype == torch.uint8


def test_images_in_any_memory_layout(kind: Kind) -> None:
    images = IMAGES.contiguous(memory_format=torch.channels_last)
    with kind(images, CPU) as batches:
        batches.prefetch(_index(0))
        assert torch.equal(batches.take(_index(0)), IMAGES[_index(0)])


def test_a_batch_is_not_changed_by_later_ones(kind: Kind) -> None:
    with kind(IMAGES, CPU) as batches:
        found = _in_time(batches, 6)
        copies = [batch.clone() for batch in found]
        _ahead(batches, 6)
    assert all(torch.equal(batch, copy) for batch, copy in zip(found, copies))


def test_an_index_that_is_overwritten_after_the_hint() -> None:
    index = _index(0)
    with Streamed(IMAGES, CPU) as batches:
        batches.prefetch(index)
        batches._hints[0][1].result()  # the thread is done
        index.copy_(_index(1))
        assert torch.equal(batches.take(index), IMAGES[_index(1)])


def test_hints_are_followed_in_the_background(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also with the hint for the next batch given before this one is taken."""
    by: list[str] = []
    gather = Streamed._gather

    def noted(self: Streamed, index: torch.Tensor) -> torch.Tensor:
        by.append(threading.current_thread().name)
        return gather(self, index)

    monkeypatch.setattr(Streamed, "_gather", noted)
    with Streamed(IMAGES, CPU) as batches:
        _in_time(batches, 4)
        _ahead(batches, 4)
    main = threading.current_thread().name
    assert by.count(main) == 1  # the very first, for which there was no hint
    assert len(set(by)) == 2
    assert {name for name in by if name != main} == {"batches_0"}


@pytest.mark.parametrize("bad", [[20], [0, -1]])
def test_an_error_in_the_thread_reaches_the_one_who_takes(kind: Kind, bad: list[int]) -> None:
    with kind(IMAGES, CPU) as batches:
        batches.prefetch(torch.tensor(bad))
        assert torch.equal(batches.take(_index(0)), IMAGES[_index(0)])  # another batch: no matter
        with pytest.raises((IndexError, RuntimeError), match="out of range"):
            batches.take(torch.tensor(bad))
        assert torch.equal(batches.take(_index(1)), IMAGES[_index(1)])


def test_the_thread_ends_with_the_block() -> None:
    with Streamed(IMAGES, CPU) as batches:
        _in_time(batches, 3)
        assert len(_threads()) == 1
        batches.prefetch(_index(7))
    assert _threads() == []
    batches.close()  # again is fine


def test_the_thread_ends_after_an_error_too() -> None:
    batches = Streamed(IMAGES, CPU)
    batches.prefetch(_index(0))
    with pytest.raises(KeyError), batches:
        raise KeyError
    assert _threads() == []


def test_on_the_cpu_images_are_indexed_where_they_are() -> None:
    with open_batches(IMAGES, CPU, max_device_bytes=0) as batches:
        assert isinstance(batches, OnDevice)
        assert batches._images.data_ptr() == IMAGES.data_ptr()
        _in_time(batches, 3)
        assert _threads() == []


@pytest.mark.parametrize(("spare", "expected"), [(0, OnDevice), (1, OnDevice), (-1, Streamed)])
def test_on_another_device_the_size_decides(spare: int, expected: type[Batches]) -> None:
    with open_batches(IMAGES, META, IMAGES.nbytes + spare) as batches:
        assert type(batches) is expected
        found = batches.take(_index(0))
    assert found.device == META
    assert found.shape == (5, 3, 4, 4)


@pytest.mark.parametrize(("spare", "expected"), [(0, OnDevice), (-2, Streamed)])
def test_half_of_the_free_memory_may_be_used(
    spare: int, expected: type[Batches], monkeypatch: pytest.MonkeyPatch
) -> None:
    free = 2 * IMAGES.nbytes + spare
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free, 10**12))
    with open_batches(IMAGES, META) as batches:
        assert type(batches) is expected


@pytest.mark.gpu
def test_on_a_gpu_all_kinds_give_the_same(kind: Kind) -> None:
    device = torch.device("cuda")
    with kind(IMAGES, device) as batches:
        for order in (_in_time, _ahead, _never, _wrong, _twice):
            for step, batch in enumerate(order(batches, 50)):
                assert batch.device.type == "cuda"
                assert torch.equal(batch.cpu(), IMAGES[_index(step)])
