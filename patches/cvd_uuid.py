"""CUDA_VISIBLE_DEVICES names a GPU by its UUID, or a MIG instance, and vLLM takes the name for a number.

Some schedulers hand out GPUs by UUID ("GPU-8932f937-..."), and a MIG instance has no other name ("MIG-..."). verl's
workers inherit the variable, and the rollout stops with
"ValueError: invalid literal for int() with base 10: 'GPU-...'" when vLLM asks NVML about its GPU, sometimes behind
"Model architectures [...] failed to be inspected".

The patch finds the GPU by its UUID. A MIG instance counts as the GPU that it is a part of, since vLLM asks NVML for
GPUs. Numbers are left as they are, and so is every platform but CUDA.

CUDA takes any beginning of a UUID that only one GPU has, and so does the patch. vLLM resolves whole UUIDs from 0.24.0
on; given a beginning, those releases stop with NVMLError_NotFound (0.33.0 still does), so write the UUID out there.

An engine over several GPUs casts the variable again, for vLLM's own all-reduce, unless that is turned off
(`disable_custom_all_reduce`, as verl's SPMD rollout has it).
"""

from __future__ import annotations

import re
from textwrap import indent
from typing import TYPE_CHECKING

from verl_doctor.patching.patch import After, Example, Patch, Site, Unaffected, Unfamiliar, Untouched

if TYPE_CHECKING:
    import libcst as cst

_NAME = "device_id_to_physical_device_id"

_LOOKUP = """\
if physical_device_id.strip().startswith(("GPU-", "MIG-"))CONDITION:
    # NVML knows the GPU's number; for a MIG instance, that of its GPU.
    IMPORT
    uuid = physical_device_id.strip().replace("MIG-GPU-", "GPU-").split("/")[0]
    pynvml.nvmlInit()
    try:
        if uuid.startswith("MIG-"):
            mig = pynvml.nvmlDeviceGetHandleByUUID(uuid)
            return pynvml.nvmlDeviceGetIndex(pynvml.nvmlDeviceGetDeviceHandleFromMigDeviceHandle(mig))
        gpus = [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]
        [index] = [i for i, gpu in enumerate(gpus) if pynvml.nvmlDeviceGetUUID(gpu).startswith(uuid)]
        return index
    except (ValueError, pynvml.NVMLError) as error:
        raise RuntimeError(f"CUDA_VISIBLE_DEVICES names {physical_device_id}, which is not one GPU here") from error
    finally:
        pynvml.nvmlShutdown()
"""
_OF_FUNCTION = _LOOKUP.replace("CONDITION", "").replace("    IMPORT\n", "")
_OF_METHOD = _LOOKUP.replace("CONDITION", " and cls._enum is PlatformEnum.CUDA").replace(
    "IMPORT", "from vllm.platforms.cuda import pynvml"
)


def edit(function: cst.FunctionDef) -> cst.FunctionDef | After | Unaffected | Unfamiliar:
    """Return the function with a look-up before the cast; the parameters say which module it is in."""
    import libcst as cst
    import libcst.matchers as m

    entry, entries = m.Name("physical_device_id"), m.Name("device_ids")
    variable = m.Subscript(m.Attribute(m.Name("os"), m.Name("environ")))
    comma = m.Arg(m.SimpleString("','") | m.SimpleString('","'))
    splits = m.Assign([m.AssignTarget(entries)], m.Call(m.Attribute(variable, m.Name("split")), [comma]))
    takes = m.SimpleStatementLine(
        [m.Assign([m.AssignTarget(entry)], m.Subscript(entries, [m.SubscriptElement(m.Index(m.Name("device_id")))]))]
    )
    casts = m.SimpleStatementLine([m.Return(m.Call(m.Name("int"), [m.Arg(entry)]))])
    affected = m.IndentedBlock([m.ZeroOrMore(), takes, casts])
    looked_up = m.IndentedBlock([m.ZeroOrMore(), takes, m.If(), casts])
    delegates = m.Return(m.Call(m.Attribute(attr=m.Name("device_control_id_to_physical_device_id"))))

    cast_count = len(m.findall(function, m.Call(m.Name("int"))))
    if not cast_count and m.findall(function, delegates):
        return Unaffected()
    lookup = {("device_id",): _OF_FUNCTION, ("cls", "device_id"): _OF_METHOD}.get(
        tuple(parameter.name.value for parameter in function.params.params)
    )
    if lookup is None:
        return Unfamiliar(f"{_NAME} has unknown parameters")
    blocks = m.findall(function, affected | looked_up)
    if [len(m.findall(function, splits)), len(blocks), cast_count] != [1, 1, 1]:
        return Unfamiliar(f"{_NAME} finds the entry of the variable in an unknown way")
    if m.matches(blocks[0], looked_up):
        [*_, found, _] = cst.ensure_type(blocks[0], cst.IndentedBlock).body
        return After() if _does_the_same(found, lookup) else Unfamiliar(f"{_NAME} looks the entry up in an unknown way")
    if m.findall(function, m.Try()):
        return Unfamiliar(f"{_NAME} handles errors in an unknown way")
    block = cst.ensure_type(blocks[0], cst.IndentedBlock)
    edited = block.with_changes(body=[*block.body[:-1], cst.parse_statement(lookup), block.body[-1]])
    return cst.ensure_type(function.deep_replace(block, edited), cst.FunctionDef)


def _does_the_same(statement: cst.CSTNode, code: str) -> bool:
    """Say whether a statement is this code, whatever its layout and comments."""
    import ast

    import libcst as cst

    written = cst.Module([]).code_for_node(statement)
    return ast.dump(ast.parse(written)) == ast.dump(ast.parse(code))


_CUDA = """\
import os

import pynvml


def names():
    return os.environ["CUDA_VISIBLE_DEVICES"].split(",")


def device_id_to_physical_device_id(device_id: int) -> int:
    # Is anything hidden?
    if "CUDA_VISIBLE_DEVICES" in os.environ:
        device_ids = os.environ["CUDA_VISIBLE_DEVICES"].split(",")
        if device_ids == [""]:
            raise RuntimeError("no GPU is visible")
        physical_device_id = device_ids[device_id]
        return int(physical_device_id)
    else:
        return device_id


def is_first(device_id):
    physical_device_id = names()[device_id]
    return int(physical_device_id) == 0
"""

_INTERFACE = """\
import enum
import os


class PlatformEnum(enum.Enum):
    CUDA = enum.auto()
    ROCM = enum.auto()


class Platform:
    _enum: PlatformEnum
    device_control_env_var: str = "PLACEHOLDER"

    @classmethod
    def device_id_to_physical_device_id(cls, device_id: int):
        if (
            cls.device_control_env_var in os.environ
            and os.environ[cls.device_control_env_var] != ""
        ):
            device_ids = os.environ[cls.device_control_env_var].split(",")

            # one of them
            physical_device_id = device_ids[device_id]
            # its number
            return int(physical_device_id)  # as nvidia-smi counts
        else:
            return device_id

    @classmethod
    def get_device_name(cls, device_id: int = 0) -> str:
        raise NotImplementedError
"""

_CAST = "        return int(physical_device_id)\n"
_METHOD_CAST = """\
            # its number
            return int(physical_device_id)  # as nvidia-smi counts
"""


def _cuda(end: str) -> str:
    return _CUDA.replace(_CAST, end)


def _interface(end: str) -> str:
    return _INTERFACE.replace(_METHOD_CAST, end)


PATCH = Patch(
    id="VDP005",
    name="cvd-uuid",
    documentation=__doc__ or "",
    distribution="vllm",
    sites=(
        Site(since="0.6.3", file="vllm/platforms/cuda.py", scope=_NAME),
        Site(since="0.9.0", file="vllm/platforms/interface.py", scope=f"Platform.{_NAME}"),
    ),
    fixed_in="0.24.0",
    upstream=(
        "https://github.com/vllm-project/vllm/issues/13815",
        "https://github.com/vllm-project/vllm/issues/41848",
        "https://github.com/vllm-project/vllm/pull/45026",
        "https://github.com/vllm-project/vllm/issues/51677",
    ),
    trace=re.compile(rb"\bint (?:[\s()\\]|\#[^\n]*\n)* physical_device_id\b", re.VERBOSE),
    edit=edit,
    examples=(
        Example(
            name="a function of the CUDA platform (0.6.3 to 0.8.5)",
            before=_CUDA,
            after=_cuda(indent(_OF_FUNCTION, " " * 8) + _CAST),
        ),
        Example(
            name="a method of every platform (0.9.0 to 0.23.0), with comments",
            before=_INTERFACE,
            after=_interface(indent(_OF_METHOD, " " * 12) + _METHOD_CAST),
            since="0.9.0",
        ),
        Example(
            name="an early return, brackets around the cast",
            before="""\
import os


def device_id_to_physical_device_id(device_id):
    if "CUDA_VISIBLE_DEVICES" not in os.environ: return device_id
    device_ids = os.environ['CUDA_VISIBLE_DEVICES'].split(',')
    physical_device_id = (device_ids[device_id])
    return (int(  # a number
        (physical_device_id)))
""",
            after=f"""\
import os


def device_id_to_physical_device_id(device_id):
    if "CUDA_VISIBLE_DEVICES" not in os.environ: return device_id
    device_ids = os.environ['CUDA_VISIBLE_DEVICES'].split(',')
    physical_device_id = (device_ids[device_id])
{indent(_OF_FUNCTION, " " * 4)}\
    return (int(  # a number
        (physical_device_id)))
""",
        ),
    ),
    untouched=(
        Untouched(
            name="looked up, with another comment",
            source=_interface(indent(_OF_METHOD, " " * 12) + _METHOD_CAST).replace("# NVML knows", "# as NVML has"),
            structure="after",
            since="0.9.0",
        ),
        Untouched(
            name="whatever it is, asks NVML by UUID",
            source=_cuda(
                "        return pynvml.nvmlDeviceGetIndex(pynvml.nvmlDeviceGetHandleByUUID(device_ids[device_id]))\n"
            ),
            structure="unfamiliar",
        ),
        Untouched(
            name="looks a UUID up elsewhere, and then casts",
            source=_cuda(_CAST)
            .replace(
                "        if device_ids",
                '        if os.environ.get("DEBUG"):\n            print(nvmlDeviceGetUUID(0))\n        if device_ids',
            )
            .replace(_CAST, '        if physical_device_id.startswith("MIG-"):\n            return 0\n' + _CAST),
            structure="unfamiliar",
        ),
        Untouched(
            name="each platform has its own answer, and yet a cast",
            source=_interface(
                "            if cls.is_strange:\n"
                "                return cls.device_control_id_to_physical_device_id(physical_device_id)\n"
                + _METHOD_CAST
            ),
            structure="unfamiliar",
            since="0.9.0",
        ),
        Untouched(
            name="each platform has its own answer (0.24.0)",
            source=_interface("            return cls.device_control_id_to_physical_device_id(physical_device_id)\n"),
            structure="unaffected",
            since="0.9.0",
        ),
        Untouched(
            name="a UUID becomes the number among the visible",
            source=_cuda("""\
        try:
            physical_device_id = device_ids[device_id]
            return int(physical_device_id)
        except ValueError:
            return device_id
"""),
            structure="unfamiliar",
        ),
        Untouched(
            name="the error gets a better text",
            source=_CUDA.replace(
                '        device_ids = os.environ["CUDA_VISIBLE_DEVICES"].split(",")\n        if',
                """\
        device_ids = os.environ["CUDA_VISIBLE_DEVICES"].split(",")
        try:
            int(device_ids[device_id])
        except ValueError as error:
            raise RuntimeError("name GPUs by number") from error
        if""",
            ),
            structure="unfamiliar",
        ),
        Untouched(
            name="UUIDs are handed through",
            source=_cuda("        return physical_device_id\n"),
            structure="unfamiliar",
        ),
        Untouched(
            name="something between the entry and the cast",
            source=_cuda('        physical_device_id = physical_device_id.replace("cuda:", "")\n' + _CAST),
            structure="unfamiliar",
        ),
        Untouched(
            name="the entries come from elsewhere",
            source=_CUDA.replace("        device_ids = os.environ", "        device_ids = launcher.environ"),
            structure="unfamiliar",
        ),
        Untouched(
            name="two casts",
            source=_CUDA.replace(
                "        physical_device_id",
                """\
        if device_id:
            physical_device_id = device_ids[device_id]
            return int(physical_device_id)
        physical_device_id""",
                1,
            ),
            structure="unfamiliar",
        ),
        Untouched(
            name="another parameter",
            source=_CUDA.replace("(device_id: int)", "(device_id: int, kind: str)"),
            structure="unfamiliar",
        ),
        Untouched(
            name="both statements on one line",
            source=_CUDA.replace("[device_id]\n        return", "[device_id]; return", 1),
            structure="unfamiliar",
        ),
        Untouched(name="no such function", source="def other(device_id):\n    return 0\n", structure="unfamiliar"),
    ),
    only_where="CUDA_VISIBLE_DEVICES names GPUs by UUID",
)
