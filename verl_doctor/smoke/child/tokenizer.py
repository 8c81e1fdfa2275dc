"""A tokenizer of which every token is its own number as a word.

Prompts and answers are token ids, but some engines load a tokenizer although they are told not to: vLLM 0.8.5 with V1.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def write_tokenizer(folder: Path, size: int) -> None:
    """Write a tokenizer for token ids below `size`, of which the last one ends a sequence."""
    tokenizer: dict[str, Any] = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": {str(token): token for token in range(size)}, "unk_token": "0"},
    }
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": str(size - 1)}
    for name, content in (("tokenizer.json", tokenizer), ("tokenizer_config.json", settings)):
        (folder / name).write_text(json.dumps(content))
