"""What can be chosen about LIME. No torch here."""

from typing import Literal

Engine = Literal["torch", "lime"]
Segmentation = Literal["grid", "slic", "quickshift", "masks"]
Baseline = Literal["black", "mean", "blur", "inpaint", "marginal"]
Design = Literal["iid", "paired", "orthogonal"]
