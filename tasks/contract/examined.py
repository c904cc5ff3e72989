"""The contract of an adopted GAN, examined with held-out images."""

from ganatomy.data.choices import ALL
from ganatomy.data.dataset import Dataset
from ganatomy.data.images import to_float
from ganatomy.device import make_deterministic
from ganatomy.errors import InputError
from ganatomy.files import whole_folder
from ganatomy.gan.adopt.adopted import Adopted, adopt
from ganatomy.gan.adopt.contract import examine_contract
from ganatomy.gan.adopt.probe import probe
from tasks.contract.params import Contract
from tasks.params.base import Base
from tasks.shared import adopted
from tasks.shared.adopted import Told
from tasks.shared.artifact_paths import PREPARED, REPORTS
from tasks.shared.events import Events
from tasks.shared.results import write_metrics


def examine(told: Told, events: Events) -> None:
    """Write reports/contract.

    Raises
    ------
    InputError
        It cannot be built, fails on what it is said to take, or makes images of another size.
    """
    base, params = Base.load(), Contract.load()
    make_deterministic(base.num_threads)
    held_out = Dataset.load(PREPARED, "test", mapped=True).images[: params.num_images]
    adopted.import_from(told.folder)
    with adopted.naming(told):
        found = adopt(told.port)
        check_size(found, tuple(held_out.shape[1:]))
        contract = examine_contract(found, to_float(held_out), seed=base.seed)
    for text in contract.findings:
        events.warning(text)
    with whole_folder(REPORTS / "contract") as report:
        contract.save(report)
        write_metrics(report, contract.metrics())


def check_size(found: Adopted, shape: tuple[int, ...]) -> None:
    """Refuse a generator whose images are of another shape (c, h, w) than the prepared ones.

    Raises
    ------
    InputError
        With the parameters that would make them equal; or whatever `probe` refuses.
    """
    if found.generator is None:
        return
    made = probe(found).image_shape
    if made != shape:
        channels, height, width = made
        side = width if height == width else f"[{height}, {width}]"
        kept = channels if channels in (1, 3) else ALL
        raise InputError(
            f"G makes images of {_size(made)}, the prepared ones have {_size(shape)}",
            "prepare.image_size",
            f"Set prepare.image_size={side} and prepare.channels={kept}.",
        )


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
