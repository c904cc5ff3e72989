"""Section `report`: the page's title."""

from typing import ClassVar

from pydantic import Field

from tasks.params.section import Section


class Report(Section):
    """The page's title."""

    name: ClassVar[str] = "report"

    title: str = Field("What this GAN learned", min_length=1, max_length=120)
