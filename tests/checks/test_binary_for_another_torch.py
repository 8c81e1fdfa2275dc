"""Extensions whose symbols fit and whose release does not."""

from __future__ import annotations

import pytest

from tests.binaries_of import linked, missing, with_binaries
from tests.checks.asked import findings
from verl_doctor.facts.binaries import Extension, Linked

NAME = "binary-for-another-torch"
FITS = Extension(needs=9)


def test_found() -> None:
    binaries = {"torchvision": linked("torch (==2.8.0)", _C=FITS)}
    (finding,) = findings(NAME, with_binaries({"torchvision": "0.23.0"}, "2.9.1", binaries))
    assert finding.message.startswith(
        "torchvision 0.23.0 was built for torch==2.8.0, but torch 2.9.1+cu128 is installed"
    )
    assert finding.remedy.commands == ("uv pip install --python /opt/venv/bin/python 'torch==2.8.0'",)


def test_torch_stays_where_others_fit() -> None:
    binaries = {"torchvision": linked("torch==2.8.0", _C=FITS), "torchaudio": linked("torch==2.9.1", _C=FITS)}
    (finding,) = findings(NAME, with_binaries({"torchvision": "0.23.0", "torchaudio": "2.9.1"}, "2.9.1", binaries))
    assert finding.remedy.commands[0].endswith("--upgrade 'torchvision' 'torch==2.9.1'")


@pytest.mark.parametrize(
    ("key", "extensions"),
    [
        pytest.param("torchvision", linked("torch (==2.9.1)", _C=FITS), id="same"),
        pytest.param("torchvision", linked("torch==2.9.1+cpu", _C=FITS), id="another-build-of-it"),
        pytest.param("tensordict", linked("torch>=2.5", _C=FITS), id="range"),
        pytest.param("vllm", linked("torch==2.8.0", _C=FITS), id="has-a-check-of-its-own"),
        pytest.param("xformers", linked("torch==2.8.0", _C=missing()), id="does-not-load"),
        pytest.param("flash-attn", linked("torch", _C=FITS), id="names-none"),
    ],
)
def test_silent(key: str, extensions: Linked) -> None:
    assert findings(NAME, with_binaries({key: "1.0"}, "2.9.1", {key: extensions})) == ()
