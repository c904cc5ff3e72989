# What `import ganatomy` offers: one line for each public name, and the module that it comes from.
# Type checkers and editors read this file, and `ganatomy/public.py` reads it when a name is asked
# for; there is no other list. A name that is also a package (`explain`) stays that package, which
# can then be called: see `callable_package`.

from ganatomy.data.dataset import Dataset as Dataset
from ganatomy.data.images import to_float as to_float
from ganatomy.data.images import to_uint8 as to_uint8
from ganatomy.errors import InputError as InputError
from ganatomy.explain.lime.engine import lime as lime
from ganatomy.explain.maps.gradcam import gradcam as gradcam
from ganatomy.explain.networks.fixed_statistics import fixed_statistics as fixed_statistics
from ganatomy.explain.networks.layers import layers_of as layers_of
from ganatomy.explain.networks.targets import Target as Target
from ganatomy.explain.networks.targets import d_logit as d_logit
from ganatomy.explain.networks.targets import d_logit_of_g as d_logit_of_g
from ganatomy.facade.explain import explain as explain
from ganatomy.gan.checkpoint import load_gan as load_gan
from ganatomy.gan.checkpoint import save_gan as save_gan
from ganatomy.gan.model import Gan as Gan
from ganatomy.gan.sampling import generate as generate
from ganatomy.gan.sampling import latents as latents
from ganatomy.gan.sampling import score as score
from ganatomy.gan.settings import Method as Method
from ganatomy.gan.settings import TrainingSettings as TrainingSettings
from ganatomy.gan.training import train_gan as train_gan
from ganatomy.importance.comparison import Comparison as Comparison
from ganatomy.importance.comparison_study import compare as compare
from ganatomy.importance.experiment import StudySize as StudySize
from ganatomy.importance.noise import NoiseStudy as NoiseStudy
from ganatomy.importance.noise_study import noise_of_retraining as noise_of_retraining
from ganatomy.importance.result import ImportanceStudy as ImportanceStudy
from ganatomy.importance.study import drop_feature_importance as drop_feature_importance
from ganatomy.metrics.frechet import frechet_distance as frechet_distance
from ganatomy.metrics.kid import kernel_distance as kernel_distance

__all__: list[str]
__version__: str
