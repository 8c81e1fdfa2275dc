"""Loading a .bin or .pt checkpoint empties the CUDA cache while sleep mode fills its own memory pool, and dies.

verl trains and generates on the same GPUs, so vLLM runs in sleep mode: the weights are loaded into a memory pool that
can be given back. torch refuses to empty the cache while such a pool is in use:
"captures_underway.empty() INTERNAL ASSERT FAILED at CUDACachingAllocator.cpp". vLLM 0.7.0 to 0.7.2 empty it after each
shard of a checkpoint in torch's own format; safetensors checkpoints take another way. The call only returned
memory early, so it goes. vLLM did the same in 0.7.3.
"""

from __future__ import annotations

import re

from verl_doctor.patching.empty_cache import without_empty_cache
from verl_doctor.patching.patch import Example, Patch, Site, Untouched

_EXAMPLE = """\
import torch


def other_weights_iterator(files):
    for file in files:
        yield from torch.load(file).items()
        torch.cuda.empty_cache()


def pt_weights_iterator(files):
    for file in files:
        state = torch.load(file)
        yield from state.items()
CALL

def names(files):
    torch.cuda.empty_cache()
"""


def _with(call: str) -> str:
    return _EXAMPLE.replace("CALL\n", call)


PATCH = Patch(
    id="VDP003",
    name="vllm07-empty-cache",
    documentation=__doc__ or "",
    distribution="vllm",
    sites=(Site(since="0.7.0", file="vllm/model_executor/model_loader/weight_utils.py", scope="pt_weights_iterator"),),
    fixed_in="0.7.3",
    upstream=("https://github.com/verl-project/verl/issues/705",),
    trace=re.compile(rb"empty_cache"),
    edit=without_empty_cache,
    examples=(
        Example(
            name="as published",
            before=_with("        del state\n        torch.cuda.empty_cache()\n\n"),
            after=_with("        del state\n\n"),
        ),
        Example(
            name="comments above and below stay",
            before=_with("""\
        del state

        # make room
        torch.cuda.empty_cache()  # now
        # next

    # done

"""),
            after=_with("""\
        del state

        # make room
        # next

    # done

"""),
        ),
        Example(
            name="blank line above",
            before=_with("        del state\n\n        torch.cuda.empty_cache()\n\n"),
            after=_with("        del state\n\n"),
        ),
        Example(
            name="last of several statements on the line",
            before=_with("        del state; torch.cuda.empty_cache()\n"),
            after=_with("        del state\n"),
        ),
        Example(
            name="first of several statements on the line",
            before=_with("        torch.cuda.empty_cache(); del state;\n"),
            after=_with("        del state\n"),
        ),
        Example(
            name="after the loop",
            before=_with("    torch.cuda.empty_cache()\n"),
            after=_with(""),
        ),
        Example(
            name="alone in a loop",
            before=_with("    while state:\n        torch.cuda.empty_cache()\n"),
            after=_with("    while state:\n        pass\n"),
        ),
    ),
    untouched=(
        Untouched(
            name="the call is a comment", source=_with("        # torch.cuda.empty_cache()\n"), structure="after"
        ),
        Untouched(name="no call", source=_with(""), structure="after"),
        Untouched(
            name="under a condition",
            source=_with("        if not sleeping:\n            torch.cuda.empty_cache()\n"),
            structure="unfamiliar",
        ),
        Untouched(
            name="errors suppressed",
            source=_with(
                "        try:\n            torch.cuda.empty_cache()\n        except RuntimeError:\n            pass\n"
            ),
            structure="unfamiliar",
        ),
        Untouched(
            name="under another name",
            source=_with("        cuda.empty_cache()\n"),
            structure="unfamiliar",
        ),
        Untouched(
            name="by a function of one's own",
            source=_with("        empty_cuda_cache()\n"),
            structure="unfamiliar",
        ),
        Untouched(
            name="by its name",
            source=_with('        getattr(torch.cuda, "empty_cache")()\n'),
            structure="unfamiliar",
        ),
        Untouched(
            name="another function of that name",
            source="def pt_weights_iterator(files):\n    return empty_cache\n",
            structure="unfamiliar",
        ),
        Untouched(
            name="defined twice",
            source=_with("        torch.cuda.empty_cache()\n") * 2,
            structure="unfamiliar",
        ),
    ),
)
