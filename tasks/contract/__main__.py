"""Stage contract: whose GAN is adopted, and whether it does what was said of it."""

from pathlib import Path

from ganatomy.files import whole_folder
from tasks.params.gan import GanSection
from tasks.shared import stage
from tasks.shared.adopted import told_port
from tasks.shared.artifact_paths import REPORTS
from tasks.shared.events import Events


def main(events: Events) -> None:
    """the user's GAN, data/prepared -> reports/contract"""
    told = told_port(Path(), GanSection.load())
    if told is None:  # one that is trained here has nobody's word to keep
        with whole_folder(REPORTS / "contract"):
            return
    from tasks.contract.examined import examine  # torch, which nobody needs above

    examine(told, events)


if __name__ == "__main__":
    stage.run(main, "contract")
