"""A vocabulary that only gpt-oss needs is downloaded while verl's vLLM server is imported; without network that fails.

verl 0.7.0 calls get_encoding() at the top level of the module where vLLM is 0.12.0. The call downloads a tiktoken
vocabulary, whatever the model is. On nodes without network the rollout's actor dies before it has begun:
"openai_harmony.HarmonyError: error downloading or loading vocab file".

The call gets the condition that verl gives it from 0.7.1 on: it is made only with VERL_USE_GPT_OSS=1 in the
environment. Whoever trains gpt-oss has to set that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from verl_doctor.patching.patch import After, Example, Patch, Site, Unaffected, Unfamiliar, Untouched

if TYPE_CHECKING:
    import libcst as cst
    import libcst.matchers as m


def edit(module: cst.Module) -> cst.Module | After | Unaffected | Unfamiliar:
    """Return the module with the condition around the call; where nothing is called, nothing is downloaded."""
    import libcst as cst
    import libcst.matchers as m

    encoding = m.Name("get_encoding")
    call = m.Call(encoding, [])
    name = m.ImportAlias(encoding, asname=None)
    imported = m.ImportFrom(m.Attribute(attr=m.Name("harmony_utils")), [m.ZeroOrMore(), name, m.ZeroOrMore()])
    left_out = m.Assign([m.AssignTarget(encoding)], m.Name("None"))
    is_there = m.Comparison(encoding, [m.ComparisonTarget(m.IsNot(), m.Name("None"))])

    itself = m.findall(module, m.Name("load_harmony_encoding"))  # what get_encoding calls
    mentions = [*m.findall(module, encoding), *itself]
    if not mentions:
        return Unaffected()
    known = m.findall(module, call | imported | left_out | is_there)
    if len(known) != len(mentions) or not m.findall(module, imported):
        return Unfamiliar("it has get_encoding from an unknown place, or uses it in an unknown way")
    asking = [cst.ensure_type(node, cst.If).body for node in m.findall(module, _asks())]
    on_demand = {found for body in asking for found in m.findall(body, call)}
    always = [found for found in m.findall(module, call) if found not in on_demand]
    if not always:
        return After()
    lines = [line for line in _straight(module.body) if m.matches(line, m.SimpleStatementLine([m.Expr(call)]))]
    if len(always) != 1 or len(lines) != 1:
        return Unfamiliar("it calls get_encoding in an unknown place")
    if not _imports_os(module, call):
        return Unfamiliar("it does not import os before it calls get_encoding")
    [line] = lines
    asked = cst.If(
        test=cst.parse_expression('os.getenv("VERL_USE_GPT_OSS", "0") == "1"'),
        body=cst.IndentedBlock([line.with_changes(leading_lines=[])]),
        leading_lines=line.leading_lines,
    )
    return cst.ensure_type(module.deep_replace(line, asked), cst.Module)


def _asks() -> m.If:
    """Match what is done only with VERL_USE_GPT_OSS=1 in the environment."""
    import libcst.matchers as m

    environ = m.Attribute(m.Name("os"), m.Name("environ"))
    get = m.Attribute(m.Name("os"), m.Name("getenv")) | m.Attribute(environ, m.Name("get"))
    variable = m.Arg(m.SimpleString(m.MatchRegex("""["']VERL_USE_GPT_OSS["']""")), keyword=None)
    default = m.Arg(m.SimpleString(m.MatchRegex("""["']0?["']""")))
    one = m.SimpleString(m.MatchRegex("""["']1["']"""))
    asks = m.Comparison(m.Call(get, [variable, m.AtMostN(default, n=1)]), [m.ComparisonTarget(m.Equal(), one)])
    return m.If(test=asks | m.BooleanOperation(asks, m.And()) | m.BooleanOperation(operator=m.And(), right=asks))


def _straight(body: Iterable[cst.CSTNode]) -> Iterator[cst.SimpleStatementLine]:
    """Yield the lines of the top level, and those that only depend on versions."""
    import libcst as cst
    import libcst.matchers as m

    parse = m.Name("Version") | m.Name("parse") | m.Attribute(attr=m.Name("Version") | m.Name("parse"))
    version = m.ComparisonTarget(comparator=m.Call(parse, [m.Arg(m.SimpleString())]))
    depends = m.If(test=m.Comparison(m.Name() | m.Attribute(), [version]))
    for statement in body:
        match statement:
            case cst.SimpleStatementLine():
                yield statement
            case cst.If() if m.matches(statement, depends):
                yield from _straight(statement.body.body)
                yield from _straight([statement.orelse] if statement.orelse else [])
            case cst.Else():
                yield from _straight(statement.body.body)
            case _:
                pass


def _imports_os(module: cst.Module, call: m.Call) -> bool:
    """Say whether the module imports os at its top level, above the call."""
    from itertools import takewhile

    import libcst.matchers as m

    imports = m.Import([m.ZeroOrMore(), m.ImportAlias(m.Name("os"), asname=None), m.ZeroOrMore()])
    line = m.SimpleStatementLine([m.ZeroOrMore(), imports, m.ZeroOrMore()])
    above = takewhile(lambda statement: not m.findall(statement, call), module.body)
    return any(m.matches(statement, line) for statement in above)


_EXAMPLE = """\
# a server
import logging, os

import vllm
from packaging import version

_VLLM_VERSION = version.parse(vllm.__version__)

LOADING
logger = logging.getLogger(__file__)


class Server:
    def launch(self):
        logger.info("%s", vllm)
"""

_LOADING = """\
if _VLLM_VERSION > version.parse("0.11.0"):
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    if _VLLM_VERSION == version.parse("0.12.0"):
        from vllm.entrypoints.harmony_utils import get_encoding

CALL
else:
    from vllm.utils import FlexibleArgumentParser

"""

_IMPORT = "from vllm.entrypoints.openai.parser.harmony_utils import get_encoding\n\n"


def _as_published(call: str) -> str:
    return _EXAMPLE.replace("LOADING\n", _LOADING.replace("CALL\n", call))


def _imported(call: str) -> str:
    return _EXAMPLE.replace("LOADING\n", _IMPORT + call)


PATCH = Patch(
    id="VDP009",
    name="harmony-vocab-offline",
    documentation=__doc__ or "",
    distribution="verl",
    sites=(Site(since="0.7.0", file="verl/workers/rollout/vllm_rollout/vllm_async_server.py", scope=""),),
    fixed_in="0.7.1",
    upstream=("https://github.com/verl-project/verl/pull/5178",),
    trace=re.compile(
        rb"""
        (?: \A | ^ (?! [ \t]* if[ ](?:get_encoding[ ]is[ ]not[ ]None[ ]and[ ])?
                    os\.getenv\("VERL_USE_GPT_OSS",[ ]"0"\)[ ]==[ ]"1":[ \t\r]* $ ) [^\n]* \n )
        (?: [^\n]* \W )? get_encoding [\s\\]* \(
        """,
        re.MULTILINE | re.VERBOSE,
    ),
    edit=edit,
    examples=(
        Example(
            name="as published",
            before=_as_published("        get_encoding()\n"),
            after=_as_published("""\
        if os.getenv("VERL_USE_GPT_OSS", "0") == "1":
            get_encoding()
"""),
        ),
        Example(
            name="comments stay, those above the call above the condition",
            before=_as_published("""\
        # the vocabulary

        # from the network
        get_encoding()  # now

        # done
"""),
            after=_as_published("""\
        # the vocabulary

        # from the network
        if os.getenv("VERL_USE_GPT_OSS", "0") == "1":
            get_encoding()  # now

        # done
"""),
        ),
        Example(
            name="under no condition, odd spaces",
            before=_imported("get_encoding ( ) ;\n\n\nVALUE = 1\n"),
            after=_imported("""\
if os.getenv("VERL_USE_GPT_OSS", "0") == "1":
    get_encoding ( ) ;


VALUE = 1
"""),
        ),
        Example(
            name="in another branch",
            before=_imported("""\
if _VLLM_VERSION < Version("0.12.0"):
    pass
elif vllm.__version__ != version.parse("0.13.0"):
    VALUE = 1
else:
    get_encoding()
    VALUE = 2
"""),
            after=_imported("""\
if _VLLM_VERSION < Version("0.12.0"):
    pass
elif vllm.__version__ != version.parse("0.13.0"):
    VALUE = 1
else:
    if os.getenv("VERL_USE_GPT_OSS", "0") == "1":
        get_encoding()
    VALUE = 2
"""),
        ),
    ),
    untouched=(
        Untouched(
            name="the vocabulary from where vLLM has it",
            source=_EXAMPLE.replace("LOADING\n", 'load_harmony_encoding("HarmonyGptOss")\n'),
            structure="unfamiliar",
        ),
        Untouched(name="no vocabulary (0.6.1)", source=_EXAMPLE.replace("LOADING\n", ""), structure="unaffected"),
        Untouched(name="the call is a comment", source=_as_published("        # get_encoding()\n"), structure="after"),
        Untouched(
            name="asked, if it is there (0.7.1)",
            source=_as_published("""\
    else:
        get_encoding = None
    if get_encoding is not None and os.getenv("VERL_USE_GPT_OSS", "0") == "1":
        get_encoding()
"""),
            structure="after",
        ),
        Untouched(
            name="asked, under no other condition (0.9.0)",
            source=_imported('if os.getenv("VERL_USE_GPT_OSS", "0") == "1":\n    get_encoding()\n'),
            structure="after",
        ),
        Untouched(
            name="asked in other words",
            source=_imported("if os.environ.get('VERL_USE_GPT_OSS') == '1' and vllm: get_encoding()\n"),
            structure="after",
        ),
        Untouched(
            name="a function that is called on demand",
            source=_imported("""\
def load():
    if os.environ.get("VERL_USE_GPT_OSS", "") == "1":
        get_encoding()


load()
"""),
            structure="after",
        ),
        Untouched(
            name="in a function",
            source=_imported("def load():\n    get_encoding()\n\n\nload()\n"),
            structure="unfamiliar",
        ),
        Untouched(
            name="in a class",
            source=_imported("class Vocabulary:\n    get_encoding()\n"),
            structure="unfamiliar",
        ),
        Untouched(
            name="at the top level and in a function",
            source=_imported("get_encoding()\n\n\ndef load():\n    get_encoding()\n"),
            structure="unfamiliar",
        ),
        Untouched(name="twice", source=_imported("get_encoding()\nget_encoding()\n"), structure="unfamiliar"),
        Untouched(
            name="errors suppressed",
            source=_as_published("""\
        try:
            get_encoding()
        except Exception:
            pass
"""),
            structure="unfamiliar",
        ),
        Untouched(
            name="in a context",
            source=_imported("with suppress(Exception):\n    get_encoding()\n"),
            structure="unfamiliar",
        ),
        Untouched(
            name="under a condition that is not about versions",
            source=_imported("if is_online():\n    get_encoding()\n"),
            structure="unfamiliar",
        ),
        Untouched(
            name="asked in a way that is not known",
            source=_imported('if os.getenv("VERL_USE_GPT_OSS"):\n    get_encoding()\n'),
            structure="unfamiliar",
        ),
        Untouched(
            name="asked by default",
            source=_imported('if os.getenv("VERL_USE_GPT_OSS", "1") == "1":\n    get_encoding()\n'),
            structure="unfamiliar",
        ),
        Untouched(
            name="asked, or not",
            source=_imported('if vllm or os.getenv("VERL_USE_GPT_OSS", "0") == "1":\n    get_encoding()\n'),
            structure="unfamiliar",
        ),
        Untouched(
            name="if it is not asked",
            source=_imported("""\
if os.getenv("VERL_USE_GPT_OSS", "0") == "1":
    pass
else:
    get_encoding()
"""),
            structure="unfamiliar",
        ),
        Untouched(
            name="on the line of the condition",
            source=_imported('if _VLLM_VERSION == version.parse("0.12.0"): get_encoding()\n'),
            structure="unfamiliar",
        ),
        Untouched(
            name="several statements on the line",
            source=_imported("get_encoding(); del vllm\n"),
            structure="unfamiliar",
        ),
        Untouched(name="its result is kept", source=_imported("VALUE = get_encoding()\n"), structure="unfamiliar"),
        Untouched(name="with an argument", source=_imported("get_encoding(1)\n"), structure="unfamiliar"),
        Untouched(name="handed on", source=_imported("get_encoding()\ncall(get_encoding)\n"), structure="unfamiliar"),
        Untouched(
            name="under another name",
            source=_imported("get_encoding()\n").replace("import get_encoding", "import get_encoding as load"),
            structure="unfamiliar",
        ),
        Untouched(
            name="another function of that name",
            source=_imported("get_encoding()\n").replace("vllm.entrypoints.openai.parser.harmony_utils", "tiktoken"),
            structure="unfamiliar",
        ),
        Untouched(
            name="os is not imported",
            source=_imported("get_encoding()\n").replace("logging, os", "logging"),
            structure="unfamiliar",
        ),
        Untouched(
            name="os is imported too late",
            source=_imported("get_encoding()\nimport os\n").replace("logging, os", "logging"),
            structure="unfamiliar",
        ),
        Untouched(
            name="os is another module",
            source=_imported("get_encoding()\n").replace("logging, os", "logging, posix as os"),
            structure="unfamiliar",
        ),
        Untouched(name="no Python", source=_imported("get_encoding(\n"), structure="unfamiliar"),
    ),
    only_where="vLLM is 0.12.0 and the node has no network",
)
