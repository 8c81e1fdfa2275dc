"""The rule that the known-answer model follows, and prompts with their right continuations.

A prompt is value tokens with three key tokens among them, one of each kind. The next token follows from the current
value, the value REACH tokens before it and the three keys. A single one of the five that is wrong, or weights of
another version, make the next token wrong. So a right continuation needs what was written into the KV cache long ago
(the keys) and just now (the values), and the weights of that very version; see docs/known-answer-model.md.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

VALUES = 16
"""How many value tokens there are; their ids are 0 to 15."""
KEYS = 4
"""How many keys there are of each kind; the ids of kind k begin at VALUES + k * KEYS. KEYS squared is VALUES."""
KINDS = 3
"""Key 0 is found by layer 0, keys 1 and 2 by layer 1."""
REACH = 17
"""How many tokens before the current one the other value is: one more than a KV cache block of a GPU holds."""
SHORTEST = KINDS + 1 + REACH
"""The length of the shortest prompt in tokens: the keys, and after them the values that the first step needs."""

_random = random.Random(0)
_CURRENT, _REACHED, _ANSWER = (tuple(_random.sample(range(VALUES), VALUES)) for _ in range(3))


@dataclass(frozen=True)
class Rule:
    """The rule as one version of the weights has it, in the two steps of the model's two layers.

    Values and keys are counted from 0. Under permutations it is a sum modulo VALUES, of which each argument alone
    takes a different amount for each of its values, so none can be wrong unnoticed. Two versions less than VALUES / 2
    apart agree in neither step and in no answer, nor does the first step of one with the second of the other.
    """

    version: int

    def mixed(self, key: int, current: int, reached: int) -> int:
        """Return what layer 0 makes of key 0, the current value and the value REACH tokens before it."""
        return (_CURRENT[current] + _REACHED[reached] + key + self.version) % VALUES

    def answer(self, key: int, other_key: int, mixed: int) -> int:
        """Return the next token, which layer 1 makes of key 1, key 2 and what layer 0 made."""
        return _ANSWER[(mixed + KEYS * key + other_key + 2 * self.version) % VALUES]


def prompt(number: int, length: int) -> list[int]:
    """Return prompt number `number`: `length` tokens, the keys anywhere before the last REACH + 1 of them.

    Raises ValueError for a length below SHORTEST.
    """
    if length < SHORTEST:
        raise ValueError(f"a prompt has at least {SHORTEST} tokens, not {length}")
    source = random.Random(1000 + number)
    tokens = [source.randrange(VALUES) for _ in range(length)]
    places = source.sample(range(length - REACH - 1), KINDS)
    for kind, place in enumerate(places):
        tokens[place] = key_token(kind, source.randrange(KEYS))
    return tokens


def continuation(tokens: Sequence[int], count: int, version: int) -> list[int]:
    """Return the `count` tokens that follow a prompt, or a prompt and its first answers, under some weights."""
    rule = Rule(version)
    keys = [_key(tokens, kind) for kind in range(KINDS)]
    grown = list(tokens)
    for _ in range(count):
        mixed = rule.mixed(keys[0], grown[-1], grown[-1 - REACH])
        grown.append(rule.answer(keys[1], keys[2], mixed))
    return grown[len(tokens) :]


def key_token(kind: int, key: int) -> int:
    """Return the id of a key's token."""
    return VALUES + kind * KEYS + key


def _key(tokens: Sequence[int], kind: int) -> int:
    """Return which key of a kind a prompt has."""
    first = key_token(kind, 0)
    return next(token - first for token in tokens if first <= token < first + KEYS)
