"""Which call of a traceback is in code of the user's own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from verl_doctor.diagnose.record import Frame

_OF_OTHERS: Final = re.compile(
    r"site-packages/|dist-packages/|/lib/python3|/bin/[^/]+$|^<|^[^/]|\.(?:pyx|pxi|pxd)$"
    r"|/verl/(?:trainer|workers|utils|single_controller|protocol|models|third_party|experimental|tools|interactions)\b"
    r"|/vllm/(?:v1|engine|worker|executor|model_executor|entrypoints|core)\b"
)
"""Installed packages, Python itself, compiled code, checkouts of verl and vLLM."""


def own_code(frames: Sequence[Frame]) -> str | None:
    """Return the last call in code that is in no installed package nor in a checkout of verl or vLLM."""
    own = [frame for frame in frames if not _OF_OTHERS.search(frame.file)]
    return f"{own[-1].file}, line {own[-1].line}, in {own[-1].function}" if own else None
