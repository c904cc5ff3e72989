"""A GAN that was trained elsewhere takes the place of one that is trained here."""

from pathlib import Path
from typing import Any

from ganatomy.data.dataset import Dataset
from ganatomy.files import read_json, whole_folder, write_json
from ganatomy.gan.adopt.adopted import adopt
from ganatomy.gan.adopt.folder import save_adopted
from ganatomy.report.left_out import leave_out
from tasks.params.gan import GanSection
from tasks.shared import adopted
from tasks.shared.adopted import told_port
from tasks.shared.artifact_paths import CODE, GAN, HISTORY, PREPARED, REPORTS
from tasks.shared.provenance import ADOPTED
from tasks.shared.results import write_metrics

_OF_CODE = ("package", "weights", "weights_sha256")


def adopt_if_told() -> bool:
    """Adopt the GAN, where params.yaml names one that was trained elsewhere; say whether.

    Writes models/gan, an empty models/history, and why reports/train has no course to tell. Stage
    `contract` has examined it before.

    Raises
    ------
    InputError
        It cannot be built.
    """
    told = told_port(Path(), GanSection.load())
    if told is None:
        return False
    code = told.code(Path())  # as it is now: it may be edited later
    shape = tuple(Dataset.load(PREPARED, "test", mapped=True).images.shape[1:])
    adopted.import_from(told.folder)
    with adopted.naming(told):
        found = adopt(told.port)
    discriminator = told.port.discriminator
    loss = discriminator.loss if discriminator else ""
    with (
        whole_folder(GAN) as folder,
        whole_folder(HISTORY),
        whole_folder(REPORTS / "train") as report,
    ):
        save_adopted(found, told.values, folder, image_shape=shape, origin=_origin())
        code.save(folder / CODE)
        leave_out(report, f"trained elsewhere ({Path(told.name).name}): nobody saw how it went")
        write_json(report / "settings.json", {"method": {"loss": loss}})
        write_metrics(report, {})
    return True


def _origin() -> dict[str, Any]:
    """Packages that have its code, by their versions, and the files that weights came from."""
    told = read_json(ADOPTED) if ADOPTED.exists() else {}
    return {
        name: {key: told[name][key] for key in _OF_CODE if key in told[name]}
        for name in ("generator", "discriminator")
        if name in told
    }
