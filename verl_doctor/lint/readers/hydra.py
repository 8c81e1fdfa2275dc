"""Configurations of verl in YAML, whole ones and parts that Hydra puts together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from verl_doctor.lint.document import Launch, Setting, Span
from verl_doctor.lint.interpolation import resolved
from verl_doctor.lint.readers import Reading
from verl_doctor.lint.settings import CONFIGURATION
from verl_doctor.lint.traced import Traced
from verl_doctor.lint.yaml_nodes import Entry, YamlError, documents, entries, find, plain, scalar

TELLING: Final = frozenset(
    {"actor_rollout_ref", "custom_reward_function", "reward_model", "ray_kwargs", "global_profiler", "transfer_queue"}
)
"""Keys that nobody else has at the top."""
_GROUPS: Final = {
    "actor": "actor_rollout_ref.actor",
    "critic": "critic",
    "data": "data",
    "model": "actor_rollout_ref.model",
    "ref": "actor_rollout_ref.ref",
    "reward_model": "reward_model",
    "rollout": "actor_rollout_ref.rollout",
}
"""Where verl's trainer puts the files of a folder of its configuration (`actor@actor_rollout_ref.actor: ...`)."""
_PACKAGE: Final = "@package"


def is_configuration(text: Traced, roots: Sequence[Node]) -> bool:
    """Say whether YAML is a configuration of verl, or a part of one."""
    keys = {key.value for root in roots if isinstance(root, MappingNode) for key, _ in root.value}
    few = 2
    return (
        bool(keys & TELLING)
        or len(keys & CONFIGURATION) >= few
        or _package(text) is not None
        or any(_is_part(root) for root in roots)
    )


def read(text: Traced, folder: str = "") -> Reading:
    """Return the settings of a configuration. `folder` is the name of the one that it lies in.

    Raises nothing: what is no YAML is told as unread.
    """
    try:
        roots = documents(text)
    except YamlError as error:
        return (), ((error.line, error.reason),)
    launches = tuple(_launch(text, root, folder) for root in roots if isinstance(root, MappingNode))
    return launches, ()


def _launch(text: Traced, root: MappingNode, folder: str) -> Launch:
    prefix = tuple(part for part in (_prefix(text, root, folder)).split(".") if part)
    found = [entry for entry in entries(text, root, prefix) if entry.path[len(prefix)] not in {"defaults", "hydra"}]
    values = {".".join(entry.path): plain(entry.node) for entry in found}
    settings = tuple(_setting(text, entry, values) for entry in found)
    return Launch(
        program=None, line=text.cut(root.start_mark.index, len(text.text)).line(), settings=settings, open=True
    )


def _prefix(text: Traced, root: MappingNode, folder: str) -> str:
    package = _package(text)
    if package == "_group_":
        return folder
    if package is not None:
        return "" if package == "_global_" else package
    return _GROUPS.get(folder, "") if _is_part(root) and find(root, "actor_rollout_ref") is None else ""


def _is_part(root: Node) -> bool:
    target = find(root, "_target_")
    return isinstance(target, ScalarNode) and str(target.value).startswith("verl.")


def _package(text: Traced) -> str | None:
    """Return what the comment `# @package NAME` at a file's head says; None without one."""
    for line in text.text.splitlines():
        words = line.lstrip("# \t").split()
        if not line.strip().startswith("#"):
            if line.strip():
                return None
        elif len(words) > 1 and words[0] == _PACKAGE:
            return words[1]
    return None


def _setting(text: Traced, entry: Entry, values: Mapping[str, str | None]) -> Setting:
    raw = plain(entry.node)
    value = None if raw is None else resolved(raw, entry.path, values)
    return Setting(
        kind="verl",
        name=".".join(entry.path),
        value=value,
        written=_written(text, entry),
        whole=entry.whole,
        literal=None if value is None or value != raw or entry.is_shared else literal(text, entry.node),
        key=None if entry.is_shared else literal(text, entry.key),
    )


def _written(text: Traced, entry: Entry) -> str:
    start, end = entry.key.start_mark.index, entry.node.end_mark.index
    line = text.text.find("\n", start)
    return text.text[start : end if start < end and (line < 0 or end <= line) else max(line, start)].strip()


def literal(text: Traced, node: Node) -> Span | None:
    """Return where a value stands as such."""
    if isinstance(node, SequenceNode | MappingNode):
        return text.literal(node.start_mark.index, node.end_mark.index) if node.flow_style else None
    found = scalar(text, node)
    return found.literal(0, len(found.text)) if found.text else None
