"""Section `lime`: images, segments, what hides them, and the surrogate's budget."""

from dataclasses import fields
from typing import Any, ClassVar

from pydantic import Field, model_validator

from ganatomy.data.choices import After
from ganatomy.explain.lime.settings import Baseline, Design, Engine, Hiding, LimeSampling, Segments
from tasks.params.after import settled
from tasks.params.section import Section


class Lime(Section):
    """Real and fake images, so many of each; latents of G; how they are perturbed."""

    name: ClassVar[str] = "lime"

    engine: Engine = LimeSampling.engine
    num_images: int = Field(8, ge=1, le=64)
    num_averaged: int = Field(200, ge=2, le=10_000)
    segments: Segments = Hiding.segments
    segment_side: int = Field(Hiding.segment_side, ge=0, le=64)  # of the grid; 0: size / 8
    num_segments: int = Field(Hiding.num_segments, ge=8, le=1000)  # of slic
    masks: list[str] = Field([])
    baseline: Baseline = Hiding.baseline
    design: Design = LimeSampling.design
    num_samples: int = Field(LimeSampling.num_samples, ge=50, le=1_000_000)
    tolerance: float = Field(
        LimeSampling.tolerance, ge=0, le=1e6
    )  # 0: num_samples, else until intervals are so narrow
    max_samples: int = Field(LimeSampling.max_samples, ge=50, le=1_000_000)
    num_seeds: int = Field(3, ge=2, le=20)
    latent_targets: list[str] = Field(["d_logit", "class", "concept(thickness)"])
    num_latents: int = Field(32, ge=1, le=10_000)
    latent_radius: float = Field(0.5, gt=0, le=3)
    after: After = "prepare"  # the stage that dvc.yaml has it wait for

    @model_validator(mode="before")
    @classmethod
    def _after_what_it_needs(cls, values: Any) -> Any:
        return settled(values, "latent_targets")

    def sampling(self) -> LimeSampling:
        """Say how LIME samples, to whoever explains by it."""
        return LimeSampling(**self._of(LimeSampling))

    def hiding(self) -> Hiding:
        """Say what LIME hides, and by what."""
        return Hiding(**{**self._of(Hiding), "masks": tuple(self.masks)})

    def _of(self, record: Any) -> dict[str, Any]:
        """Give the fields that a record of the library has under the same names."""
        own = type(self).model_fields
        return {each.name: getattr(self, each.name) for each in fields(record) if each.name in own}
