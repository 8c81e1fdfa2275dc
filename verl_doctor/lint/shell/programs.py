"""What a command starts: a module or script of verl, vLLM's server, an installer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from verl_doctor.lint.configured import FAMILIES, module_of
from verl_doctor.lint.document import INSTALL, Setting
from verl_doctor.lint.hydra_words import TAKES_NEXT, refusal
from verl_doctor.lint.requirement import requirement
from verl_doctor.lint.settings import is_of_verl, is_unknown_word, override, setting
from verl_doctor.lint.shell.scope import Field
from verl_doctor.lint.shell.wrappers import is_python, program

_WITH_VALUE: Final = frozenset({"-X", "-W", "-m", "-c", "--check-hash-based-pycs"})
_HYDRA_WITH_VALUE: Final = frozenset({"--config-name", "--config-path", "--config-dir", "-cn", "-cp", "-cd"})
_LAUNCHERS: Final = frozenset({"torch.distributed.run", "torch.distributed.launch", "accelerate.commands.launch"})
_SERVERS: Final = ("vllm.entrypoints.openai.api_server", "vllm.entrypoints.api_server", "vllm.entrypoints.cli.main")
_VLLM_SHORT: Final = {"tp": "tensor-parallel-size", "pp": "pipeline-parallel-size", "dp": "data-parallel-size"}
_INSTALL_WITH_VALUE: Final = frozenset(
    [
        "-c",
        "-r",
        "-e",
        "-i",
        "-f",
        "-t",
        "-p",
        "--constraint",
        "--requirement",
        "--editable",
        "--index-url",
        "--extra-index-url",
        "--find-links",
        "--target",
        "--python",
        "--index",
        "--default-index",
        "--prefix",
        "--trusted-host",
        "--root",
        "--cache-dir",
        "--timeout",
        "--retries",
        "--no-binary",
        "--only-binary",
        "--torch-backend",
        "--index-strategy",
        "--config-settings",
        "-C",
        "--no-build-isolation-package",
        "--log",
        "--proxy",
        "--override",
        "--overrides",
        "--resume-retries",
        "--exists-action",
        "--report",
        "--src",
        "--platform",
        "--python-version",
        "--abi",
        "--implementation",
        "--upgrade-strategy",
        "--prerelease",
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program that concerns verl, with what its command line sets. `open`: a word of it may be any setting.

    The name is empty where it is not known.
    """

    name: str
    settings: tuple[Setting, ...]
    open: bool = False


def read(words: Sequence[Field], *, is_open: bool) -> Program | None:
    """Return what the words start; None where it has nothing to do with verl."""
    name = program(words[0])
    if name == "vllm":
        return _vllm("vllm " + words[1].text.text if len(words) > 1 else "vllm", words[2:], is_open=is_open)
    if (install := _installer(words)) is not None:
        is_open |= any(map(is_unknown, install))
        return Program(name=INSTALL, settings=tuple(_packages(install)), open=is_open)
    started = _module_or_script(words)
    if started is None:
        return None
    what, rest = started
    if what in _SERVERS:
        return _vllm("vllm serve", rest, is_open=is_open)
    found = tuple(_overrides(rest))
    if not _is_verl(what, found):
        return None
    if module_of(what) not in FAMILIES:
        found = tuple(each for each in found if each.kind == "verl")
    return Program(name=what, settings=found, open=is_open or any(map(is_unknown, rest)))


def unknown(words: Sequence[Field]) -> Program | None:
    """Return what words set for a program that only the running script knows ($COMMAND trainer.nnodes=1)."""
    found = tuple(each for each in _overrides(words[1:]) if each.kind == "verl")
    if words[0].value is not None or not any(is_of_verl(each.name) for each in found):
        return None
    return Program(name="", settings=found, open=True)


def is_unknown(word: Field) -> bool:
    """Say whether a word can set anything."""
    return not word.text.text.startswith("-") and is_unknown_word(word.text)


def _is_verl(what: str, found: Sequence[Setting]) -> bool:
    parts = what.removesuffix(".py").replace("/", ".").split(".")
    return "verl" in parts or "recipe" in parts or any(each.kind == "verl" and is_of_verl(each.name) for each in found)


def _module_or_script(words: Sequence[Field]) -> tuple[str, Sequence[Field]] | None:
    """Return the module after -m, or the script, and the words after it; also of launchers such as torchrun."""
    name = program(words[0])
    if name is not None and name.endswith(".py"):
        return words[0].text.text, words[1:]
    if not (is_python(name) or name in {None, "torchrun", "accelerate", "deepspeed"}):
        return None
    return _started(words[1:], by_python=is_python(name))


def _started(words: Sequence[Field], *, by_python: bool) -> tuple[str, Sequence[Field]] | None:
    index = 0
    while index < len(words):
        text, rest = words[index].text.text, words[index + 1 :]
        if text == "-m" and rest:
            module = rest[0].text.text
            return _started(rest[1:], by_python=False) if module in _LAUNCHERS else (module, rest[1:])
        if text == "-c" and by_python:
            return None
        if text.endswith(".py") or (by_python and not text.startswith("-")):
            return text, rest
        index += 2 if by_python and text in _WITH_VALUE else 1
    return None


def _overrides(words: Sequence[Field]) -> Iterator[Setting]:
    """Yield what Hydra's command line sets; an option of Hydra itself keeps its dashes as part of its name."""
    index = 0
    while index < len(words):
        word, text = words[index], words[index].text.text
        name, equals, _ = text.partition("=")
        index += 1
        if name in _HYDRA_WITH_VALUE and equals:
            yield setting("verl", name, word.text, len(name) + 1, word.whole, word.written)
        elif name in _HYDRA_WITH_VALUE and index < len(words):
            yield _of_two("verl", name, word, words[index])
            index += 1
        elif (found := override(word.text, word.whole, word.written)) is not None:
            yield found
        elif name in TAKES_NEXT and not equals:
            index += 1
        elif refusal(text) is not None:
            yield Setting(kind="word", name=text, value=text, written=word.written, whole=word.whole)


def _of_two(kind: str, name: str, option: Field, value: Field) -> Setting:
    source = option.text.source
    is_next = option.whole.end == value.whole.start
    whole = source.span(option.whole.start, value.whole.end if is_next else option.whole.start)
    written = f"{option.written} {value.written}"
    return setting("vllm" if kind == "vllm" else "verl", name, value.text, 0, whole, written)


def _vllm(name: str, words: Sequence[Field], *, is_open: bool) -> Program:
    """Return vLLM's own server, whose options are written with dashes or underscores; a flag's value is empty."""
    settings: list[Setting] = []
    index = 0
    while index < len(words):
        word, text = words[index], words[index].text.text
        index += 1
        if not text.startswith("-"):
            continue
        option, equals, _ = text.partition("=")
        plain = option.lstrip("-").replace("_", "-")
        plain = _VLLM_SHORT.get(plain, plain)
        if equals:
            settings.append(setting("vllm", plain, word.text, len(option) + 1, word.whole, word.written))
        elif index < len(words) and not _is_option(words[index].text.text):
            settings.append(_of_two("vllm", plain, word, words[index]))
            index += 1
        else:
            settings.append(setting("vllm", plain, word.text, len(text), word.whole, word.written))
    return Program(name=name, settings=tuple(settings), open=is_open or any(map(is_unknown, words)))


def _is_option(text: str) -> bool:
    return text.startswith("-") and not text[1:2].isdigit()


def _installer(words: Sequence[Field]) -> Sequence[Field] | None:
    """Return the words after `pip install`, `uv pip install`, `uv add`, `python -m pip install`."""
    texts = [word.text.text for word in words[:4]]
    name = program(words[0])
    for index, head in enumerate((("install",), ("pip", "install"), ("-m", "pip", "install"), ("add",))):
        fits = (name in {"pip", "pip3"}, name == "uv", is_python(name), name == "uv")[index]
        if fits and tuple(texts[1 : 1 + len(head)]) == head:
            return words[1 + len(head) :]
    return None


def _packages(words: Sequence[Field]) -> Iterator[Setting]:
    index = 0
    while index < len(words):
        text = words[index].text.text
        if text.startswith("-"):
            index += 2 if text in _INSTALL_WITH_VALUE else 1
            continue
        if (found := requirement(words[index].text, words[index].whole, words[index].written)) is not None:
            yield found
        index += 1
