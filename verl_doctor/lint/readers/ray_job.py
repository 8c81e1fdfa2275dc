"""Ray's jobs in YAML: a job file, KubeRay's RayJob, and a runtime environment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from yaml.nodes import MappingNode, Node, ScalarNode

from verl_doctor.lint.document import Launch, Setting
from verl_doctor.lint.readers import Reading
from verl_doctor.lint.readers.hydra import literal
from verl_doctor.lint.traced import Traced
from verl_doctor.lint.yaml_nodes import YamlError, documents, entries, find, plain, scalar

_ENTRYPOINT = "entrypoint"


def is_job(roots: Sequence[Node]) -> bool:
    """Say whether YAML is a job of Ray's, or its runtime environment."""
    return any(_entrypoint(root) is not None or _environment(root) is not None for root in roots)


def read(text: Traced) -> Reading:
    """Return what a job starts, with the variables of its runtime environment. Raises GrammarMissingError."""
    try:
        roots = documents(text)
    except YamlError as error:
        return (), ((error.line, error.reason),)
    launches: list[Launch] = []
    unread: list[tuple[int, str]] = []
    for root in roots:
        settings = tuple(_settings(text, root))
        entry = _entrypoint(root)
        found: Reading = _started(text, entry, settings) if entry is not None else ((), ())
        unread.extend(found[1])
        launches.extend(found[0])
        if not found[0] and settings:
            launches.append(Launch(program=None, line=settings[0].whole.line, settings=settings, open=True))
    return tuple(launches), tuple(unread)


def environment(text: Traced) -> tuple[Setting, ...]:
    """Return the variables of a runtime environment that is handed over as JSON; none where it is none."""
    try:
        roots = documents(text)
    except YamlError:
        return ()
    return tuple(setting for root in roots for setting in _variables(text, root))


def _started(text: Traced, entry: Node, settings: tuple[Setting, ...]) -> Reading:
    from verl_doctor.lint.readers import shell

    return shell.read(scalar(text, entry), settings)


def _settings(text: Traced, root: Node) -> Iterator[Setting]:
    yield from _variables(text, root)
    for keys in (("spec", "runtimeEnvYAML"), ("runtime_env_yaml",)):
        nested = find(root, *keys)
        if isinstance(nested, ScalarNode):
            yield from environment(scalar(text, nested))


def _variables(text: Traced, root: Node) -> Iterator[Setting]:
    place = _environment(root)
    if place is None:
        return
    for entry in entries(text, root):
        if entry.path[:-1] != place:
            continue
        found = scalar(text, entry.node)
        is_direct = len(found.text) > 0 and not entry.is_shared
        yield Setting(
            kind="environment",
            name=entry.path[-1],
            value=plain(entry.node),
            written=text.text[entry.key.start_mark.index : entry.node.end_mark.index].strip(),
            whole=entry.whole,
            literal=found.literal(0, len(found.text)) if is_direct else None,
            key=None if entry.is_shared else literal(text, entry.key),
        )


def _environment(root: Node) -> tuple[str, ...] | None:
    """Return the keys that lead to the variables of a runtime environment; None without any."""
    places = (("env_vars",), ("runtime_env", "env_vars"))
    return next((each for each in places if isinstance(find(root, *each), MappingNode)), None)


def _entrypoint(root: Node) -> Node | None:
    top = find(root, _ENTRYPOINT)
    if isinstance(top, ScalarNode) and (find(root, "runtime_env") is not None or "python" in top.value):
        return top
    kind, nested = find(root, "kind"), find(root, "spec", _ENTRYPOINT)
    is_ray = isinstance(kind, ScalarNode) and kind.value == "RayJob"
    return nested if is_ray and isinstance(nested, ScalarNode) else None
