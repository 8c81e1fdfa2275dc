"""The questions that compat_matrix.yaml answers.

Each section is parsed when it is first asked for, and of the releases only the row asked for; each of them once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Final, cast, get_args

from verl_doctor.errors import DataError
from verl_doctor.matrix.gpu_code import runs_on
from verl_doctor.matrix.machine import Machine, obstacles
from verl_doctor.matrix.rows import (
    Break,
    Claim,
    DriverMinimum,
    Gate,
    Maker,
    Proof,
    Release,
    Settings,
    Stack,
    TorchBuild,
    Window,
)
from verl_doctor.matrix.specifiers import release, satisfies, specifiers_of, version_of
from verl_doctor.matrix.stacks import parsed, ranked
from verl_doctor.matrix.strict_yaml import Part, Row, parts, read, row, rows
from verl_doctor.model import Source, SourceKind

__all__ = ["Matrix", "Stack"]

SECTIONS: Final = (
    *("sources", "gates", "windows", "breaks", "drivers", "torch"),
    *("gpus", "settings", "claims", "stacks", "proofs", "releases", "makers"),
)
_SETTINGS: Final = ("enforce_eager", "free_cache_engine", "why", "vllm_use_v1", "source")


class Matrix:
    """compat_matrix.yaml, read section by section."""

    def __init__(self, text: str, file: str = "compat_matrix.yaml") -> None:
        self._file = file
        self._torch_builds: dict[str, TorchBuild | None] = {}
        self._read_sources: dict[str, Source] = {}
        self._possible_on: dict[Machine, list[Stack]] = {}
        self._sections = parts(Part(text=text, file=file, before=0))
        for name in self._sections:
            if name not in SECTIONS:
                raise DataError(f"{file}: the section {name!r} is not one of {', '.join(SECTIONS)}.")

    def known(self, distribution: str, version: str) -> bool:
        """Say whether the matrix has a row for this release."""
        return self._release_of(distribution, version) is not None

    def releases(self, distribution: str) -> tuple[str, ...]:
        """Return the releases that the matrix knows, the oldest first."""
        return tuple(self._torch if distribution == "torch" else self._releases.get(distribution, ()))

    def named(self, distribution: str) -> tuple[str, ...]:
        """Return every version of a distribution that a release or a stack here names, the newest first."""
        pinned = {stack.pins[distribution] for stack in self.stacks() if distribution in stack.pins}
        known = {version_of(name) for name in (*self.releases(distribution), *pinned)}
        return tuple(map(str, sorted((v for v in known if v and not v.is_prerelease), reverse=True)))

    def release(self, distribution: str, version: str) -> Release | None:
        """Return what the metadata of a release says, or None where the matrix does not know it."""
        part = self._releases.get(distribution, {}).get(self._release_of(distribution, version) or "")
        if part is None:
            return None
        fields = row(part.text, part.file, part.before).only({"python", "requires", "extras", "source"})
        extras = fields.get("extras", Row(fields.place))
        return Release(
            python=fields.get("python"),
            requires=fields.pairs("requires"),
            extras={name: extras.pairs(name) for name in extras},
            sources=self.cite(self._cited(fields)),
        )

    def requires(self, distribution: str, version: str) -> Mapping[str, str] | None:
        """Return the companions that a release requires, with their specifiers."""
        known = self.release(distribution, version)
        return None if known is None else known.requires

    def gate(self, verl: str) -> Gate | None:
        """Return what this verl accepts in its own code, or None where that is not known."""
        return next((gate for gate in self._gates if satisfies(verl, gate.verl)), None)

    def window(self, verl: str) -> Window | None:
        """Return the vLLM versions that fit this verl, or None where that is not known."""
        return next((window for window in self.windows() if satisfies(verl, f"=={window.verl}")), None)

    def windows(self) -> tuple[Window, ...]:
        """Return every verl release's windows, the oldest release first."""
        return self._windows

    def breaks(self) -> tuple[Break, ...]:
        """Return every row of versions that break together."""
        return self._all_breaks

    def breaks_of(self, failure: str) -> tuple[Break, ...]:
        """Return the rows that lead to this failure."""
        return self._breaks.get(failure, ())

    def driver_minimum(self, cuda: str) -> DriverMinimum | None:
        """Return the oldest driver for a CUDA release under minor-version compatibility."""
        return self._driver("minimum", cuda.partition(".")[0], cuda)

    def toolkit_driver(self, cuda: str) -> DriverMinimum | None:
        """Return the driver that came with a CUDA toolkit; PTX and newer features need it."""
        return self._driver("toolkit", cuda, cuda)

    def newest_cuda(self, driver: str) -> str | None:
        """Return the newest CUDA whose toolkit came with this driver or an older one."""
        supported = [
            cuda
            for cuda in self._drivers["toolkit"]
            if (came := self.toolkit_driver(cuda)) and satisfies(driver, f">={came.driver}")
        ]
        return max(supported, key=parsed, default=None)

    def torch_build(self, version: str) -> TorchBuild | None:
        """Return the build that the package index offers for this torch release."""
        if version not in self._torch_builds:
            self._torch_builds[version] = self._read_torch_build(version)
        return self._torch_builds[version]

    def _read_torch_build(self, version: str) -> TorchBuild | None:
        part = self._torch.get(self._release_of("torch", version) or "")
        if part is None:
            return None
        fields = row(part.text, part.file, part.before)
        fields.only({"cuda", "archs", "cxx11_abi", "python", "cudnn", "nccl", "source"})
        return TorchBuild(
            version=release(version),
            cuda=fields.text("cuda"),
            archs=tuple(f"sm_{number}" for number in fields.text("archs").split()),
            cxx11_abi=fields.text("cxx11_abi") == "1",
            python=fields.text("python"),
            cudnn=fields.text("cudnn"),
            nccl=fields.text("nccl"),
            sources=self.cite(self._cited(fields)),
        )

    def archs(self, torch: str, cuda: str | None) -> tuple[str, ...] | None:
        """Return the GPU generations that a torch build holds; None where it is not the index's build."""
        build = self.torch_build(torch)
        return build.archs if build and cuda == build.cuda else None

    def torch_built_for(self, capability: str) -> str | None:
        """Return, in words, which torch releases of the index hold code for a GPU."""
        versions = self.releases("torch")
        builds = ((v, build.archs) for v in versions if (build := self.torch_build(v)))
        fitting = [v for v, archs in builds if any(runs_on(arch, capability) for arch in archs)]
        if not fitting:
            return None
        return f"torch {fitting[0]} or newer" if fitting[-1] == versions[-1] else f"torch {fitting[-1]} or older"

    def stacks(self) -> tuple[Stack, ...]:
        """Return the recommended stacks, the newest verl first."""
        return self._stacks

    def ranked_stacks(self, wanted: Mapping[str, str], machine: Machine | None = None) -> tuple[Stack, ...]:
        """Return the stacks that go with these versions and run on this machine, the best first."""
        return tuple(ranked(self._possible(machine or Machine()), self.windows, wanted))

    def _possible(self, machine: Machine) -> list[Stack]:
        if machine not in self._possible_on:
            runs = [stack for stack in self._stacks if next(obstacles(stack, machine, self), None) is None]
            self._possible_on[machine] = runs
        return self._possible_on[machine]

    def best_stack(  # noqa: PLR0913 # what is installed, and on what
        self,
        *,
        verl: str | None = None,
        vllm: str | None = None,
        torch: str | None = None,
        python: str | None = None,
        driver: str | None = None,
        gpus: tuple[tuple[str, str], ...] = (),
    ) -> Stack | None:
        """Return the recommended stack that keeps the most of what is installed and runs here.

        verl is kept first (another release of the same series stands in for one without a stack), then vLLM
        (through the verl that can use it), then torch. Nothing installed: the newest verl that has more than its
        time to vouch for its vLLM.
        """
        installed = {"verl": verl, "vllm": vllm, "torch": torch}
        wanted = {name: version for name, version in installed.items() if version is not None}
        return next(iter(self.ranked_stacks(wanted, Machine(python=python, driver=driver, gpus=gpus))), None)

    def proofs(self, stack: str) -> tuple[Proof, ...]:
        """Return what a resolver said to a stack, as far as it was asked."""
        part = self._proofs.get(stack)
        if part is None:
            return ()
        return tuple(
            Proof(
                python=fields.text("python"),
                index=fields.text("index"),
                date=fields.text("date"),
                refusal=fields.text("refusal") if "refusal" in fields else None,
            )
            for fields in (
                each.only({"python", "index", "date", "refusal"})
                for each in rows(read(part.text, part.file, part.before), f"{part.file}:{part.before + 1}")
            )
        )

    def settings(self, verl: str, vllm: str) -> Settings | None:
        """Return the rollout settings for CUDA graphs and sleep mode, or None where they are not known."""
        for fields in self._rows("settings", {"verl", "vllm", *_SETTINGS}):
            if satisfies(verl, fields.text("verl")) and satisfies(vllm, fields.text("vllm")):
                return Settings(
                    enforce_eager=fields.text("enforce_eager") == "True",
                    free_cache_engine=fields.text("free_cache_engine") == "True",
                    why=fields.text("why"),
                    vllm_use_v1=fields.text("vllm_use_v1"),
                    sources=self.cite(self._cited(fields)),
                )
        return None

    def claims(self) -> tuple[Claim, ...]:
        """Return what is written about versions and does not hold."""
        return tuple(
            Claim(
                when=fields.pairs("when"),
                claim=fields.text("claim"),
                truth=fields.text("truth"),
                sources=self.cite(self._cited(fields)),
            )
            for fields in self._rows("claims", {"when", "claim", "truth", "source"})
        )

    def makers(self) -> tuple[Maker, ...]:
        """Return the makers of accelerators that no stack is for."""
        return tuple(self._maker(name, part) for name, part in self._parts("makers", 2).items())

    def _maker(self, name: str, part: Part) -> Maker:
        fields = row(part.text, part.file, part.before).only({"names", "says", "source"})
        try:
            words = re.compile(rf"\b({fields.text('names')})\b", re.IGNORECASE)
        except re.error as error:
            raise DataError(f"{fields.place}: the names of {name!r} are no regular expression: {error}.") from error
        return Maker(name=name, words=words, says=fields.text("says"), sources=self.cite(self._cited(fields)))

    def gpu_names(self) -> dict[str, str]:
        """Return the compute capability of each GPU, by name."""
        found: dict[str, str] = {}
        for capability, part in self._parts("gpus", 2).items():
            fields = row(part.text, part.file, part.before).only({"names", "source"})
            self._cited(fields)
            found |= dict.fromkeys(fields.texts("names"), capability)
        return found

    def cite(self, ids: tuple[str, ...]) -> tuple[Source, ...]:
        """Return the sources with these ids."""
        return tuple(self._source(name) for name in ids)

    def has_source(self, name: str) -> bool:
        """Say whether the table of sources has this id."""
        return name in self._sources

    def verify(self) -> None:
        """Parse every row; raises DataError at the first that does not hold what it should."""
        self.cite(tuple(self._sources))
        for distribution in self._releases:
            for version in self._releases[distribution]:
                self.release(distribution, version)
        for version in self._torch:
            self.torch_build(version)
        for kind in self._drivers:
            for cuda in self._drivers[kind]:
                self._driver(kind, cuda, cuda)
        self.windows()
        self.stacks()
        for name in self._proofs:
            self.proofs(name)
        self.gpu_names()
        self.makers()
        self._verify_specifiers()

    def _verify_specifiers(self) -> None:
        pairs = {"gates": {"source"}, "settings": set(_SETTINGS)}
        for section, others in pairs.items():
            for fields in self._rows(section, {"verl", "vllm", *others}):
                self.cite(self._cited(fields))
                _specifier(fields, fields.text("verl"))
                _specifier(fields, fields.text("vllm"))
        conditions = {"breaks": {"failure"}, "claims": {"claim", "truth"}}
        for section, others in conditions.items():
            for fields in self._rows(section, {"when", "source", *others}):
                self.cite(self._cited(fields))
                for specifier in fields.pairs("when").values():
                    if specifier not in {"present", "absent"}:
                        _specifier(fields, specifier)

    @cached_property
    def _sources(self) -> dict[str, Part]:
        return self._parts("sources", 2)

    @cached_property
    def _releases(self) -> dict[str, dict[str, Part]]:
        return {name: parts(part, 4) for name, part in self._parts("releases", 2).items()}

    @cached_property
    def _torch(self) -> dict[str, Part]:
        return self._parts("torch", 2)

    @cached_property
    def _proofs(self) -> dict[str, Part]:
        return self._parts("proofs", 2)

    @cached_property
    def _drivers(self) -> dict[str, dict[str, Part]]:
        return {name: parts(part, 4) for name, part in self._parts("drivers", 2).items()}

    @cached_property
    def _gates(self) -> tuple[Gate, ...]:
        return tuple(
            Gate(verl=fields.text("verl"), vllm=fields.text("vllm"), sources=self.cite(self._cited(fields)))
            for fields in self._rows("gates", {"verl", "vllm", "source"})
        )

    @cached_property
    def _windows(self) -> tuple[Window, ...]:
        return tuple(
            Window(
                verl=fields.text("verl"),
                declared=fields.text("declared"),
                imports=fields.text("imports"),
                usable=fields.text("usable"),
                avoided=fields.get("avoided"),
                sources=self.cite(self._cited(fields)),
            )
            for fields in self._rows("windows", {"verl", "declared", "imports", "usable", "avoided", "source"})
        )

    @cached_property
    def _breaks(self) -> dict[str, tuple[Break, ...]]:
        found: dict[str, tuple[Break, ...]] = {}
        for fields in self._rows("breaks", {"failure", "when", "source"}):
            broken = Break(failure=fields.text("failure"), when=fields.pairs("when"), sources=self._cited(fields))
            found[broken.failure] = (*found.get(broken.failure, ()), broken)
        return found

    @cached_property
    def _all_breaks(self) -> tuple[Break, ...]:
        return tuple(broken for of_failure in self._breaks.values() for broken in of_failure)

    @cached_property
    def _stacks(self) -> tuple[Stack, ...]:
        found = [self._stack(name, part) for name, part in self._parts("stacks", 2).items()]
        return tuple(sorted(found, key=lambda stack: (parsed(stack.pins["verl"]), -stack.rank), reverse=True))

    def _stack(self, name: str, part: Part) -> Stack:
        fields = row(part.text, part.file, part.before)
        texts = ("python", "pythons", "glibc", "cuda", "min_driver", "flash_attn", "confidence", "period")
        fields.only({*texts, "rank", "verified", "image", "note", "pins", "source"})
        pins = fields.pairs("pins")
        if not {"verl", "vllm", "torch", "tensordict"} <= pins.keys():
            raise DataError(f"{fields.place}: the stack {name!r} must pin verl, vllm, torch and tensordict.")
        if not fields.text("rank").isdecimal():
            raise DataError(f"{fields.place}: the rank of the stack {name!r} must be a whole number.")
        return Stack(
            name=name,
            rank=int(fields.text("rank")),
            pins=pins,
            verified=tuple(self._kind(fields, kind) for kind in fields.texts("verified")),
            image=fields.get("image"),
            note=fields.get("note"),
            sources=self.cite(self._cited(fields)),
            **{key: fields.text(key) for key in texts},
        )

    def _driver(self, kind: str, key: str, cuda: str) -> DriverMinimum | None:
        part = self._drivers[kind].get(key)
        if part is None:
            return None
        fields = row(part.text, part.file, part.before).only({"driver", "source"})
        return DriverMinimum(cuda=cuda, driver=fields.text("driver"), sources=self.cite(self._cited(fields)))

    def _release_of(self, distribution: str, version: str) -> str | None:
        """Return how the matrix writes a release (0.1 for 0.1.0), or None where it has none."""
        known = self._torch if distribution == "torch" else self._releases.get(distribution, {})
        wanted = release(version)
        if wanted in known:
            return wanted
        parsed = version_of(wanted)
        return next((name for name in known if parsed and version_of(name) == parsed), None)

    def _parts(self, section: str, indent: int) -> dict[str, Part]:
        return parts(self._section(section), indent)

    def _rows(self, section: str, allowed: set[str]) -> Iterator[Row]:
        part = self._section(section)
        for fields in rows(read(part.text, part.file, part.before), f"{part.file}:{part.before + 1}"):
            yield fields.only(allowed)

    def _section(self, name: str) -> Part:
        if name not in self._sections:
            raise DataError(f"{self._file}: the section {name!r} is missing.")
        return self._sections[name]

    def _cited(self, fields: Row) -> tuple[str, ...]:
        names = fields.texts("source")
        if not names:
            raise DataError(f"{fields.place}: the row names no source.")
        for name in names:
            if name not in self._sources:
                raise DataError(f"{fields.place}: the source {name!r} is not in the table of sources.")
        return names

    def _source(self, name: str) -> Source:
        if name not in self._read_sources:
            self._read_sources[name] = self._read_source(name)
        return self._read_sources[name]

    def _read_source(self, name: str) -> Source:
        part = self._sources[name]
        fields = row(part.text, part.file, part.before).only({"kind", "reference", "date"})
        kind = self._kind(fields, fields.text("kind"), f" of the source {name!r}")
        return Source(kind=kind, reference=fields.text("reference"), date=fields.text("date"))

    def _kind(self, fields: Row, text: str, subject: str = "") -> SourceKind:
        for kind in get_args(SourceKind):
            if text == kind:
                return cast("SourceKind", kind)
        kinds = ", ".join(get_args(SourceKind))
        raise DataError(f"{fields.place}: the kind{subject} is not one of {kinds}.")


def _specifier(fields: Row, text: str) -> None:
    if specifiers_of(text) is None:
        raise DataError(f"{fields.place}: {text!r} is no version specifier.")
