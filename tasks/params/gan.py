"""Section `gan`: where the GAN comes from, how it and the retrained ones are built and compete."""

from dataclasses import fields
from typing import Any, ClassVar

from pydantic import Field, field_validator

from ganatomy.gan.settings import Augmentation, LossName, Method, Precision, Schedule, Source
from tasks.params.section import Section

_METHOD = Method()


class GanSection(Section):
    """Trained here, or adopted; then the fields of `ganatomy.gan.settings.Method`, which says what
    each is.
    """

    name: ClassVar[str] = "gan"

    source: Source = "train"
    # a my-gan.yaml, by its path, or what one says, right here; "" with source train
    adopt: str | dict[str, Any] = ""
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
        own = self.model_dump(include={each.name for each in fields(Method)})
        return Method(**{**own, "augment": tuple(self.augment)})
