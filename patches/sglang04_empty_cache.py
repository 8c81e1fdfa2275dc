"""Loading a .bin or .pt checkpoint empties the CUDA cache while SGLang's memory saver fills its own pool, and dies.

verl trains and generates on the same GPUs, so SGLang runs with its memory saver: the weights are loaded into a memory
pool that can be given back. torch refuses to empty the cache while such a pool is in use:
"captures_underway.empty() INTERNAL ASSERT FAILED at CUDACachingAllocator.cpp". SGLang empties it after each shard of a
checkpoint in torch's own format; safetensors checkpoints take another way. Without the memory saver, which SGLang has
since 0.4.1.post6, the call does no harm. It only returned memory early, so it goes. SGLang did the same in 0.4.5.post1.
"""

from __future__ import annotations

import re

from verl_doctor.patching.empty_cache import without_empty_cache
from verl_doctor.patching.patch import Example, Patch, Site, Untouched

_EXAMPLE = """\
import torch


def safe_weights_iterator(files):
    for file in files:
        yield from load(file).items()
        torch.cuda.empty_cache()


def pt_weights_iterator(
    files: list[str],
) -> Generator[tuple[str, torch.Tensor], None, None]:
    for file in tqdm(
        files,
        disable=False,
    ):
        state = torch.load(file, map_location="cpu")
        yield from state.items()
        del state
CALL

def names(
    file: str,
) -> list[str]:
    torch.cuda.empty_cache()
    return [tensor.name for tensor in read(file)]
"""


def _with(call: str) -> str:
    return _EXAMPLE.replace("CALL\n", call)


PATCH = Patch(
    id="VDP007",
    name="sglang04-empty-cache",
    documentation=__doc__ or "",
    distribution="sglang",
    sites=(Site(since="0.4.0", file="sglang/srt/model_loader/weight_utils.py", scope="pt_weights_iterator"),),
    fixed_in="0.4.5.post1",
    upstream=(
        "https://github.com/sgl-project/sglang/pull/5151",
        "https://github.com/fzyzcjy/torch_memory_saver/issues/5",
    ),
    trace=re.compile(rb"empty_cache"),
    edit=without_empty_cache,
    examples=(
        Example(
            name="as published",
            before=_with("        torch.cuda.empty_cache()\n\n"),
            after=_with("\n"),
        ),
    ),
    untouched=(
        Untouched(name="no call (0.4.5.post1)", source=_with("\n"), structure="after"),
        Untouched(
            name="only without the memory saver",
            source=_with("        if not memory_saver.enabled:\n            torch.cuda.empty_cache()\n\n"),
            structure="unfamiliar",
        ),
        Untouched(
            name="on any device", source=_with("        get_device_module().empty_cache()\n\n"), structure="unfamiliar"
        ),
    ),
)
