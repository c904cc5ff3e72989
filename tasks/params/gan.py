"""Section `gan`: how a GAN is built and made to compete, the base one and the retrained ones."""

from typing import ClassVar

from pydantic import Field, field_validator

from ganatomy.gan.settings import Augmentation, LossName, Method, Precision, Schedule
from tasks.params.section import Section

_METHOD = Method()


class GanSection(Section):
    """The fields of `ganatomy.gan.settings.Method`, which says what each is."""

    name: ClassVar[str] = "gan"

    generator: str = Field(_METHOD.generator, min_length=1)
    discriminator: str = Field(_METHOD.discriminator, min_length=1)
    conditional: bool = _METHOD.conditional
    spectral_norm: bool = _METHOD.spectral_norm
    loss: LossName = _METHOD.loss
    r1: float = Field(_METHOD.r1, ge=0, le=1e6)
    r2: float = Field(_METHOD.r2, ge=0, le=1e6)
    gradient_penalty: float = Field(_METHOD.gradient_penalty, ge=0, le=1e6)
    penalty_every: int = Field(_METHOD.penalty_every, ge=1, le=1_000_000)
    augment: list[Augmentation] = Field(default=list(_METHOD.augment))
    n_dis: int = Field(_METHOD.n_dis, ge=1, le=20)
    beta1: float = Field(_METHOD.beta1, ge=0, lt=1)
    beta2: float = Field(_METHOD.beta2, ge=0, lt=1)
    schedule: Schedule = _METHOD.schedule
    warmup: float = Field(_METHOD.warmup, ge=0, lt=1)
    precision: Precision = _METHOD.precision

    @field_validator("augment")
    @classmethod
    def _once_each(cls, augment: list[str]) -> list[str]:
        if len(set(augment)) != len(augment):
            raise ValueError("name each augmentation once")
        return augment

    def method(self) -> Method:
        """Build the library's record."""
        return Method(**{**self.model_dump(), "augment": tuple(self.augment)})
