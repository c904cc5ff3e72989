"""How LIME samples, and what it hides: what everybody who explains the same way must agree on.

No torch here: whoever reads settings from a file uses it too.
"""

from dataclasses import dataclass
from typing import Any, Literal, get_args

from ganatomy.errors import InputError

KERNEL_WIDTH = 0.25  # of lime_image
Engine = Literal["torch", "lime"]
Design = Literal["iid", "paired", "orthogonal"]
Segments = Literal["grid", "slic", "quickshift", "masks"]
Baseline = Literal["black", "mean", "blur", "inpaint", "marginal"]
ENGINES: tuple[str, ...] = get_args(Engine)
DESIGNS: tuple[str, ...] = get_args(Design)
SEGMENTS: tuple[str, ...] = get_args(Segments)
BASELINES: tuple[str, ...] = get_args(Baseline)
NEED_POOL: tuple[Baseline, ...] = ("mean", "marginal")  # are made of other images


def _check(argument: str, value: Any, known: tuple[str, ...]) -> None:
    if value not in known:
        raise InputError(f"no {argument} {value!r}", argument, f"Use one of {', '.join(known)}.")


@dataclass(frozen=True)
class LimeSampling:
    """The way in which the samples of a surrogate are drawn, weighed and evaluated.

    Attributes
    ----------
    engine : {"torch", "lime"}
        ``lime`` is the package, one image at a time: the reference, and far slower. It paints with
        the first baseline of each image, and has neither `design` nor `tolerance`.
    design : {"iid", "paired", "orthogonal"}
        See `designs.blocks`.
    num_samples : int
        Evaluations for each explanation; rounded up to even where samples come in pairs.
    tolerance : float
        In units of the target. Go on, doubling the samples, until the widest 95 % interval is at
        most this to either side, or `max_samples` are spent. 0: `num_samples`, however wide.
    max_samples : int
    kernel_width : float or None
        Of `surrogate.cosine_weights`, by default that of `lime_image`; None weighs all samples
        alike.
    ridge : float or None
        See `surrogate.fit`. None: 0.001, but the package's 1 for the engine ``lime``.
    batch_size : int or None
        Evaluations at once. None: as many as the device is fastest with.

    Raises
    ------
    InputError
        An unknown engine or design.

    Examples
    --------
    >>> LimeSampling(num_samples=256).design
    'orthogonal'
    """

    engine: Engine = "torch"
    design: Design = "orthogonal"
    num_samples: int = 512
    tolerance: float = 0.0
    max_samples: int = 8192
    kernel_width: float | None = KERNEL_WIDTH
    ridge: float | None = None
    batch_size: int | None = None

    def __post_init__(self) -> None:
        _check("engine", self.engine, ENGINES)
        _check("design", self.design, DESIGNS)


@dataclass(frozen=True)
class Hiding:
    """The parts of an image that are hidden together, and what is painted there instead.

    Attributes
    ----------
    segments : {"grid", "slic", "quickshift", "masks"}
        See the functions of `segments`.
    segment_side : int
        Of the squares of ``grid``, pixels. 0: an eighth of the image, rounded up.
    num_segments : int
        Of ``slic``.
    masks : tuple of str
        Of ``masks``: image files, each of which marks a segment; the rest is one more.
    baseline : {"black", "mean", "blur", "inpaint", "marginal"}
        See `baselines.baselines`.

    Raises
    ------
    InputError
        An unknown kind of segments or baseline, or ``masks`` without any.

    Examples
    --------
    >>> Hiding(baseline="mean").segments
    'grid'
    """

    segments: Segments = "grid"
    segment_side: int = 0
    num_segments: int = 50
    masks: tuple[str, ...] = ()
    baseline: Baseline = "blur"

    def __post_init__(self) -> None:
        _check("segments", self.segments, SEGMENTS)
        _check("baseline", self.baseline, BASELINES)
        if self.segments == "masks" and not self.masks:
            raise InputError("no masks are named", "masks", "Name image files, or use a grid.")


DEFAULT_SAMPLING = LimeSampling()
DEFAULT_HIDING = Hiding()
