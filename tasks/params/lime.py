"""Section `lime`: images, segments, what hides them, and the surrogate's budget."""

from typing import ClassVar, Literal

from pydantic import Field

from tasks.params.section import Section


class Lime(Section):
    """Real and fake images, so many of each; latents of G; how they are perturbed."""

    name: ClassVar[str] = "lime"

    engine: Literal["torch", "lime"] = "torch"
    num_images: int = Field(8, ge=1, le=64)
    num_averaged: int = Field(200, ge=2, le=10_000)
    segments: Literal["grid", "slic", "quickshift", "masks"] = "grid"
    segment_side: int = Field(0, ge=0, le=64)  # of the grid; 0: 4 pixels, more above 32 px
    num_segments: int = Field(50, ge=8, le=1000)  # of slic
    masks: list[str] = Field([])
    baseline: Literal["black", "mean", "blur", "inpaint", "marginal"] = "blur"
    design: Literal["iid", "paired", "orthogonal"] = "orthogonal"
    num_samples: int = Field(512, ge=50, le=1_000_000)
    tolerance: float = Field(
        0.0, ge=0, le=1e6
    )  # 0: num_samples, else until intervals are so narrow
    max_samples: int = Field(8192, ge=50, le=1_000_000)
    num_seeds: int = Field(3, ge=2, le=20)
    latent_targets: list[str] = Field(["d_logit", "class", "concept(thickness)"])
    num_latents: int = Field(32, ge=1, le=10_000)
    latent_radius: float = Field(0.5, gt=0, le=3)
