"""Section `gan`: how a GAN is built and made to compete, the base one and the retrained ones."""

from typing import ClassVar, Literal

from pydantic import Field, field_validator

from ganatomy.gan.settings import Method
from tasks.params.section import Section


class GanSection(Section):
    """The fields of `ganatomy.gan.settings.Method`, which says what each is."""

    name: ClassVar[str] = "gan"

    generator: str = Field("dcgan", min_length=1)
    discriminator: str = Field("dcgan", min_length=1)
    conditional: bool = False
    spectral_norm: bool = False
    loss: Literal["bce", "hinge", "wgan", "relativistic"] = "bce"
    r1: float = Field(0.3, ge=0, le=1e6)
    r2: float = Field(0.0, ge=0, le=1e6)
    gradient_penalty: float = Field(0.0, ge=0, le=1e6)
    penalty_every: int = Field(16, ge=1, le=1_000_000)
    augment: list[Literal["translation", "cutout", "colour"]] = Field(default=[])
    n_dis: int = Field(1, ge=1, le=20)
    beta1: float = Field(0.0, ge=0, lt=1)
    beta2: float = Field(0.999, ge=0, lt=1)
    schedule: Literal["constant", "linear", "cosine"] = "linear"
    warmup: float = Field(0.0, ge=0, lt=1)
    precision: Literal["float32", "bfloat16"] = "float32"

    @field_validator("augment")
    @classmethod
    def _once_each(cls, augment: list[str]) -> list[str]:
        if len(set(augment)) != len(augment):
            raise ValueError("name each augmentation once")
        return augment

    def method(self) -> Method:
        """As the library takes it."""
        return Method(**{**self.model_dump(), "augment": tuple(self.augment)})
