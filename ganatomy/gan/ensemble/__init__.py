"""Many GANs trained at once on one device, each as if it were alone."""

from ganatomy.gan.ensemble.choose import Timing, candidates, fastest, measure
from ganatomy.gan.ensemble.feed import View
from ganatomy.gan.ensemble.members import Job, Trained
from ganatomy.gan.ensemble.run import LOOP, EnsembleCallbacks, Packing, train_ensemble
from ganatomy.gan.ensemble.stacked import BACKENDS

__all__ = [
    "BACKENDS",
    "LOOP",
    "EnsembleCallbacks",
    "Job",
    "Packing",
    "Timing",
    "Trained",
    "View",
    "candidates",
    "fastest",
    "measure",
    "train_ensemble",
]
