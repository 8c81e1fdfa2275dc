"""The second user on a host cannot start a rollout: the lock file in /tmp belongs to the first.

verl's asynchronous rollout lets its workers open their sockets one at a time, which a file lock sees to. verl 0.5.0
gives the file one name for everybody. It belongs to whoever came first, and stays; the workers of all others die with
"PermissionError: [Errno 13] Permission denied: '/tmp/verl_vllm_zmq.lock'".

The user's number becomes part of the name, so that the workers of one user still wait for each other. verl puts the
user's name there from 0.6.0 on.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from verl_doctor.patching.patch import After, Example, Patch, Site, Unaffected, Unfamiliar, Untouched

if TYPE_CHECKING:
    import libcst as cst


def edit(function: cst.FunctionDef) -> cst.FunctionDef | After | Unaffected | Unfamiliar:
    """Return the function with the user's number in the name of its lock; the user's name does as well."""
    import libcst as cst
    import libcst.matchers as m

    file_lock = m.Name("FileLock") | m.Attribute(attr=m.Name("FileLock"))
    fixed = m.SimpleString(m.MatchRegex(r"""["']/tmp/verl_vllm_zmq\.lock["']"""))
    is_for_all = m.Call(file_lock, [m.Arg(fixed, keyword=None, star="")])

    def is_for(user: m.Call) -> m.Call:
        name = m.FormattedString([m.ZeroOrMore(), m.FormattedStringExpression(user), m.ZeroOrMore()])
        return m.Call(file_lock, [m.Arg(name, keyword=None), m.ZeroOrMore()])

    number = m.Call(m.Attribute(m.Name("os"), m.Name("getuid")), [])
    login = m.Call(m.Attribute(m.Name("getpass"), m.Name("getuser")), [])

    locks = m.findall(function, m.Call(file_lock))
    if len(locks) != 1:
        return Unfamiliar("_init_zeromq does not take exactly one file lock")
    path = m.MatchRegex(r"(?s).*verl_vllm_zmq\.lock.*")
    named = m.findall(function, m.SimpleString(path) | m.FormattedStringText(path))
    if not named and m.matches(locks[0], is_for(number)):
        return After()
    if not named and m.matches(locks[0], is_for(login)):
        return Unaffected()
    taken = [m.matches(statement, m.With([m.WithItem(is_for_all)])) for statement in function.body.body]
    if True not in taken or len(named) != 1:
        return Unfamiliar("_init_zeromq takes its file lock in an unknown way")
    before = [line for line in function.body.body[: taken.index(True)] if m.matches(line, m.SimpleStatementLine())]
    if not any(m.findall(line, m.Attribute(m.Name("os"))) for line in before):
        return Unfamiliar("_init_zeromq does not use os before it takes its file lock")

    def with_number(node: cst.CSTNode, _: object) -> cst.BaseExpression:
        old = cst.ensure_type(node, cst.SimpleString)
        new = cst.parse_expression("f" + old.value.replace(".lock", "_{os.getuid()}.lock"))
        return new.with_changes(lpar=old.lpar, rpar=old.rpar)

    return cst.ensure_type(m.replace(function, fixed, with_number), cst.FunctionDef)


_EXAMPLE = """\
import getpass
import os

import zmq
from filelock import FileLock


class vLLMRollout:
    def _init_zeromq(self):
        with FileLock("/tmp/verl_vllm_zmq.lock"):
            self.bind(os.getpid())


class vLLMAsyncRollout:
    def _init_zeromq(self) -> str:
        is_local = self.size <= int(os.environ["RAY_LOCAL_WORLD_SIZE"])

LOCK
            if is_local:
                address = f"ipc:///tmp/verl_vllm_zmq_{os.getpid()}.ipc"
            else:
                address = self.free_address()
            self.socket = zmq.Context().socket(zmq.REP)
            self.socket.bind(address)

        return address

    def lock(self):
        return FileLock("/tmp/verl_vllm_zmq.lock")
"""


def _with(lock: str) -> str:
    return _EXAMPLE.replace("LOCK\n", lock)


PATCH = Patch(
    id="VDP008",
    name="zmq-lock-permission",
    documentation=__doc__ or "",
    distribution="verl",
    sites=(
        Site(
            since="0.5.0",
            file="verl/workers/rollout/vllm_rollout/vllm_rollout_spmd.py",
            scope="vLLMAsyncRollout._init_zeromq",
        ),
    ),
    fixed_in="0.6.0",
    upstream=(
        "https://github.com/verl-project/verl/issues/2781",
        "https://github.com/verl-project/verl/pull/2805",
    ),
    trace=re.compile(rb"verl_vllm_zmq\.lock"),
    edit=edit,
    examples=(
        Example(
            name="as published",
            before=_with("""\
        # one at a time
        with FileLock("/tmp/verl_vllm_zmq.lock"):
"""),
            after=_with("""\
        # one at a time
        with FileLock(f"/tmp/verl_vllm_zmq_{os.getuid()}.lock"):
"""),
        ),
        Example(
            name="single quotes, parentheses, comments",
            before=_with("""\
        with filelock.FileLock(  # one
            ('/tmp/verl_vllm_zmq.lock' ),  # at a
        )  as  lock : # time
"""),
            after=_with("""\
        with filelock.FileLock(  # one
            (f'/tmp/verl_vllm_zmq_{os.getuid()}.lock' ),  # at a
        )  as  lock : # time
"""),
        ),
    ),
    untouched=(
        Untouched(
            name="the user's number in another name",
            source=_with('        with FileLock(f"/tmp/{os.getuid()}/zmq.lock", timeout=60):\n'),
            structure="after",
        ),
        Untouched(
            name="the user's name (0.6.0)",
            source=_with('        with FileLock(f"/tmp/verl_vllm_zmq_{getpass.getuser()}.lock"):\n'),
            structure="unaffected",
        ),
        Untouched(
            name="a folder that may be anybody's",
            source=_with('        with FileLock(f"{tempfile.gettempdir()}/verl_vllm_zmq.lock"):\n'),
            structure="unfamiliar",
        ),
        Untouched(
            name="a file that everybody may write",
            source=_with('        with FileLock("/tmp/verl_vllm_zmq.lock", mode=0o666):\n'),
            structure="unfamiliar",
        ),
        Untouched(
            name="the file's name is used twice",
            source=_with("""\
        os.chmod(f"/tmp/verl_vllm_zmq.lock", 0o666)
        with FileLock("/tmp/verl_vllm_zmq.lock"):
"""),
            structure="unfamiliar",
        ),
        Untouched(
            name="the file is opened beside a lock of one's own",
            source=_with("""\
        shared = open("/tmp/verl_vllm_zmq.lock", "w")
        with FileLock(f"/tmp/{os.getuid()}.lock"):
"""),
            structure="unfamiliar",
        ),
        Untouched(
            name="another lock beside it",
            source=_with("""\
        with FileLock("/tmp/another.lock"):
            pass
        with FileLock("/tmp/verl_vllm_zmq.lock"):
"""),
            structure="unfamiliar",
        ),
        Untouched(
            name="under a condition",
            source=_with("""\
        if not is_local:
          with FileLock("/tmp/verl_vllm_zmq.lock"):
"""),
            structure="unfamiliar",
        ),
        Untouched(
            name="os is not used before",
            source=_with('        with FileLock("/tmp/verl_vllm_zmq.lock"):\n').replace(
                'int(os.environ["RAY_LOCAL_WORLD_SIZE"])', "1"
            ),
            structure="unfamiliar",
        ),
        Untouched(name="no lock", source=_with("        if True:\n"), structure="unfamiliar"),
        Untouched(
            name="another class",
            source=_with('        with FileLock("/tmp/verl_vllm_zmq.lock"):\n').replace("Async", "Late"),
            structure="unfamiliar",
        ),
    ),
    only_where="several users share a node",
)
