"""How LIME samples, and what it hides: what everybody who explains the same way must agree on.

No torch here: whoever reads settings from a file uses it too.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from ganatomy.errors import InputError

KERNEL_WIDTH = 0.25  # of lime_image
_HALF = 0.5
Engine = Literal["torch", "lime"]
Design = Literal["iid", "paired", "orthogonal"]
Segments = Literal["grid", "slic", "quickshift", "masks"]
Baseline = Literal["auto", "blur", "mean", "inpaint", "black", "marginal"]
ENGINES: tuple[str, ...] = get_args(Engine)
DESIGNS: tuple[str, ...] = get_args(Design)
SEGMENTS: tuple[str, ...] = get_args(Segments)
BASELINES: tuple[str, ...] = get_args(Baseline)
Images = Literal["real", "generated"]
AUTO: Baseline = "auto"  # the first of the others that means something to the D at hand
ORDER: tuple[Baseline, ...] = tuple(each for each in get_args(Baseline) if each != AUTO)
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
class BaselineCheck:
    """The answer of a discriminator to real images with everything hidden, against the images.

    Attributes
    ----------
    baseline : str
        What hides them.
    num_images : int
    share : float
        Of the images: those whose hidden version gets the higher logit; ties count half.
    low, high : float
        Its exact 95 % interval over images.

    Examples
    --------
    >>> BaselineCheck("blur", 200, 1.0, 0.98, 1.0).means_nothing
    True
    """

    baseline: Baseline
    num_images: int
    share: float
    low: float
    high: float

    @property
    def means_nothing(self) -> bool:
        """Whether hiding everything makes most images look more real."""
        return self.low > _HALF

    @property
    def means_something(self) -> bool:
        """Whether it makes most look less real; neither where the interval spans a half."""
        return self.high < _HALF


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
    baseline : {"auto", "blur", "mean", "inpaint", "black", "marginal"}
        See `baselines.baselines`. ``auto`` is settled by `baseline_check.settled`: the first of the
        others, in this order, that means something to the discriminator.
    checks : tuple of BaselineCheck
        What the discriminator says of each baseline; empty where it was not asked.
    asked_of : {"real", "generated"}
        Which images it was asked about: generated ones only for want of real ones.

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
    baseline: Baseline = AUTO
    checks: tuple[BaselineCheck, ...] = ()
    asked_of: Images = "real"

    def __post_init__(self) -> None:
        _check("segments", self.segments, SEGMENTS)
        _check("baseline", self.baseline, BASELINES)
        if self.segments == "masks" and not self.masks:
            raise InputError("no masks are named", "masks", "Name image files, or use a grid.")

    @property
    def own_check(self) -> BaselineCheck | None:
        """The answer to the baseline that hides; None where the discriminator was not asked."""
        return next((each for each in self.checks if each.baseline == self.baseline), None)

    def to_record(self) -> dict[str, Any]:
        """Give it as plain values, for JSON."""
        record = asdict(self)
        if self.asked_of == "real":
            del record["asked_of"]  # older results have no word for what is usual
        return record

    @staticmethod
    def of(record: Mapping[str, Any]) -> "Hiding":
        """Make it from what `to_record` gave, as JSON keeps it.

        Examples
        --------
        >>> hiding = Hiding(baseline="blur", checks=(BaselineCheck("blur", 9, 0.0, 0.0, 0.34),))
        >>> Hiding.of(hiding.to_record()) == hiding
        True
        """
        checks = tuple(BaselineCheck(**each) for each in record["checks"])
        return Hiding(**{**record, "masks": tuple(record["masks"]), "checks": checks})


DEFAULT_SAMPLING = LimeSampling()
DEFAULT_HIDING = Hiding()
