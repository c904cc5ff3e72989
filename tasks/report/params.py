"""Section `report`: the page's title."""

from typing import ClassVar

from pydantic import Field

from tasks.params.section import Section


class Report(Section):
    """What stands at the top of the page."""

    name: ClassVar[str] = "report"

    title: str = Field("What this GAN learned", min_length=1, max_length=120)
