"""The examples in the docstrings of the library do what they say."""

import doctest
import importlib
import pkgutil

import pytest
import torch

import ganatomy.explain

MODULES = [
    module.name
    for module in pkgutil.walk_packages(ganatomy.explain.__path__, "ganatomy.explain.")
    if not module.ispkg
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    torch.manual_seed(0)
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0
