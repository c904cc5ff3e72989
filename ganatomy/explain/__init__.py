"""Explanations of one trained network, any `torch.nn.Module`: attributions, surrogates, units.

The package can be called: ``ganatomy.explain(...)`` is `ganatomy.facade.explain.explain`.
"""

from importlib import import_module

# put together, so that no stage depends on what is public
import_module(f"{__name__.partition('.')[0]}.public").callable_package(__name__)
