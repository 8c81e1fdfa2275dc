"""The rule that the known-answer model follows, and prompts with their right continuations.

A prompt is value tokens with three key tokens among them, one of each kind. The next token follows from the current
value, the value REACH tokens ago and the three keys: first `mixed = MIX[key 0][current][reached]`, then
`next = TURN[key 1][key 2][mixed]`. The tables are in the weights and differ from one version of the weights to the
next. So a right continuation needs what was written into the KV cache long ago (the keys) and just now (the values),
and the weights of that very version; see docs/known-answer-model.md.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

VALUES = 16
"""How many value tokens there are; their ids are 0 to 15."""
KEYS = 4
"""How many keys there are of each kind; the ids of kind k begin at VALUES + k * KEYS."""
KINDS = 3
"""Key 0 is found by layer 0, keys 1 and 2 by layer 1."""
REACH = 17
"""How far back the value is that the next token depends on: always in another block of the KV cache (16 tokens)."""

Table = tuple[tuple[tuple[int, ...], ...], ...]


@dataclass(frozen=True)
class Tables:
    """The two tables of one version of the weights. `mix` is KEYS x VALUES x VALUES, `turn` KEYS x KEYS x VALUES."""

    mix: Table
    turn: Table


def tables(version: int) -> Tables:
    """Return the tables of a version: for fixed keys and one fixed value, each is a permutation of the other."""
    source = random.Random(version)
    return Tables(
        mix=tuple(_latin_square(source) for _ in range(KEYS)),
        turn=tuple(tuple(_permutation(source) for _ in range(KEYS)) for _ in range(KEYS)),
    )


def _permutation(source: random.Random) -> tuple[int, ...]:
    values = list(range(VALUES))
    source.shuffle(values)
    return tuple(values)


def _latin_square(source: random.Random) -> tuple[tuple[int, ...], ...]:
    rows, columns, names = _permutation(source), _permutation(source), _permutation(source)
    return tuple(tuple(names[(rows[i] + columns[j]) % VALUES] for j in range(VALUES)) for i in range(VALUES))


def prompt(number: int, length: int) -> list[int]:
    """Return prompt number `number`: `length` tokens, the keys at chosen depths, none of them among the last REACH.

    Raises ValueError for a length below REACH + 2 * KINDS.
    """
    if length < REACH + 2 * KINDS:
        raise ValueError(f"a prompt has at least {REACH + 2 * KINDS} tokens, not {length}")
    source = random.Random(1000 + number)
    tokens = [source.randrange(VALUES) for _ in range(length)]
    places = source.sample(range(length - REACH), KINDS)
    for kind, place in enumerate(places):
        tokens[place] = VALUES + kind * KEYS + source.randrange(KEYS)
    return tokens


def continuation(tokens: list[int], count: int, version: int) -> list[int]:
    """Return the `count` tokens that follow a prompt under a version of the weights."""
    keys = [next(t - first for t in tokens if first <= t < first + KEYS) for first in _firsts()]
    rule = tables(version)
    grown = list(tokens)
    for _ in range(count):
        mixed = rule.mix[keys[0]][grown[-1]][grown[-1 - REACH]]
        grown.append(rule.turn[keys[1]][keys[2]][mixed])
    return grown[len(tokens) :]


def _firsts() -> range:
    return range(VALUES, VALUES + KINDS * KEYS, KEYS)
