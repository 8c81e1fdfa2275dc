"""What bash scripts launch, and with what."""

from __future__ import annotations

import pytest

from tests.lint.reading import cut, document, values
from verl_doctor.lint.document import Launch
from verl_doctor.lint.places import line_of

MAIN = "python3 -m verl.trainer.main_ppo"
N = "trainer.nnodes"


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        pytest.param(f"{MAIN} {N}=2", {N: "2"}, id="plain"),
        pytest.param(
            f"{MAIN} \\\n  {N}=2 \\\n  '{N}.a=[1,2]' +x.y=\"b c\" ++z.z=1 ~q.r",
            {N: "2", f"{N}.a": "[1,2]", "+x.y": "b c", "++z.z": "1", "~q.r": ""},
            id="continued-and-quoted",
        ),
        pytest.param(f"A=2\n{MAIN} {N}=$A trainer.b=${{A}}x", {N: "2", "trainer.b": "2x"}, id="variable"),
        pytest.param(f"{MAIN} {N}=$A", {N: None}, id="variable-of-the-caller"),
        pytest.param(f"A=${{A:-4}}\n{MAIN} {N}=$A", {N: "4"}, id="default"),
        pytest.param(
            f"A=\n{MAIN} {N}=${{A:-4}} trainer.b=${{A-5}}", {N: "4", "trainer.b": ""}, id="default-of-an-empty-one"
        ),
        pytest.param(f": ${{A:=4}}\n{MAIN} {N}=$A", {N: "4"}, id="assigned-default"),
        pytest.param(f"A=3\n{MAIN} {N}=${{A:+yes}}", {N: "yes"}, id="alternative"),
        pytest.param(f"A=3\n{MAIN} {N}=${{A:?needed}}", {N: "3"}, id="needed"),
        pytest.param(f"A=abc\n{MAIN} {N}=${{A%c}} trainer.b=${{#A}}", {N: None, "trainer.b": None}, id="cut-out"),
        pytest.param(f"A=3\n{MAIN} {N}=$((A * (1024 + 1)))", {N: "3075"}, id="arithmetic"),
        pytest.param(
            f"{MAIN} {N}=$((A * 2)) trainer.b=$((1 / 0))", {N: None, "trainer.b": None}, id="arithmetic-unknown"
        ),
        pytest.param(f"{MAIN} {N}=$(nproc) trainer.b=`nproc`", {N: None, "trainer.b": None}, id="output-of-a-command"),
        pytest.param(
            f"A=(\n  # why\n  {N}=1\n  'trainer.b=x y'\n)\nA+=(trainer.c=3)\n{MAIN} \"${{A[@]}}\"",
            {N: "1", "trainer.b": "x y", "trainer.c": "3"},
            id="array",
        ),
        pytest.param(f'A="{N}=1 \\\n trainer.b=2"\n{MAIN} $A', {N: "1", "trainer.b": "2"}, id="text-that-is-split"),
        pytest.param(
            f'A="{N}=1"\nA="$A trainer.b=2"\nA+=" trainer.c=3"\n{MAIN} $A',
            {N: "1", "trainer.b": "2", "trainer.c": "3"},
            id="text-that-grows",
        ),
        pytest.param(f"if x; then A=1; else A=2; fi\n{MAIN} {N}=$A", {N: None}, id="branches-differ"),
        pytest.param(f"if x; then A=1; else A=1; fi\n{MAIN} {N}=$A", {N: "1"}, id="branches-agree"),
        pytest.param(f"A=1\nif x; then A=2; exit 1; fi\n{MAIN} {N}=$A", {N: "1"}, id="branch-ends-the-script"),
        pytest.param(f'A=1\n[ -n "$B" ] && A=2\n{MAIN} {N}=$A', {N: None}, id="and-list"),
        pytest.param(f"cd x && A=2\n{MAIN} {N}=$A", {N: "2"}, id="and-list-that-must-work"),
        pytest.param(f"A=1\ncase $B in a) A=2;; *) A=3;; esac\n{MAIN} {N}=$A", {N: None}, id="case"),
        pytest.param(f"A=1\nfor i in 1 2; do A=$((A + 1)); done\n{MAIN} {N}=$A", {N: None}, id="loop"),
        pytest.param(f"A=1\n(A=2)\n{MAIN} {N}=$A", {N: "1"}, id="subshell"),
        pytest.param(f"A=1\nread A\n{MAIN} {N}=$A", {N: None}, id="read"),
        pytest.param(f"A=1\n((A++))\n{MAIN} {N}=$A", {N: None}, id="counted-up"),
        pytest.param(
            f'f() {{ {MAIN} {N}=$1 "$@"; }}\nf 3 trainer.b=4', {N: "3", "3": "3", "trainer.b": "4"}, id="function"
        ),
        pytest.param(f'set -- {N}=3\n{MAIN} "$@"', {N: "3"}, id="set-arguments"),
        pytest.param(f"{MAIN} {N}={{1,2}}", {N: None}, id="braces"),
        pytest.param(f"A=~/x\n{MAIN} {N}=$A", {N: None}, id="home"),
        pytest.param(f"{MAIN} {N}=a\\ b", {N: "a b"}, id="escaped"),
        pytest.param(
            f"{MAIN} --config-name=x --config-path y {N}=1",
            {"--config-name": "x", "--config-path": "y", N: "1"},
            id="hydra-options",
        ),
        pytest.param(f'CMD="{MAIN} {N}=1"\n$CMD trainer.b=2', {N: "1", "trainer.b": "2"}, id="command-in-a-variable"),
        pytest.param(f"$CMD {N}=1", {N: "1"}, id="unknown-command"),
    ],
)
def test_settings(script: str, expected: dict[str, str | None]) -> None:
    assert values(script) == expected


@pytest.mark.parametrize(
    ("script", "program", "settings"),
    [
        pytest.param(f"nohup {MAIN} {N}=1 > log 2>&1 &", "verl.trainer.main_ppo", {N: "1"}, id="nohup"),
        pytest.param(f"{MAIN} {N}=1 2>&1 | tee log", "verl.trainer.main_ppo", {N: "1"}, id="pipe"),
        pytest.param(f"time {MAIN} {N}=1", "verl.trainer.main_ppo", {N: "1"}, id="time"),
        pytest.param(f"uv run {MAIN} {N}=1", "verl.trainer.main_ppo", {N: "1"}, id="uv-run"),
        pytest.param(
            f"torchrun --nproc_per_node=2 -m verl.trainer.fsdp_sft_trainer {N}=1",
            "verl.trainer.fsdp_sft_trainer",
            {N: "1"},
            id="torchrun",
        ),
        pytest.param(
            f"python recipe/dapo/main_dapo.py {N}=1", "recipe/dapo/main_dapo.py", {N: "1"}, id="script-of-a-recipe"
        ),
        pytest.param(f"/opt/bin/python3.11 -u own.py {N}=1", "own.py", {N: "1"}, id="own-script-with-verls-keys"),
        pytest.param(f"bash -lc '{MAIN} {N}=1'", "verl.trainer.main_ppo", {N: "1"}, id="bash-c"),
        pytest.param(
            f'export A=3; bash -c "{MAIN} {N}=\\$A"', "verl.trainer.main_ppo", {"A": "3", N: "3"}, id="export"
        ),
        pytest.param(f"A=3; bash -c '{MAIN} {N}=$A'", "verl.trainer.main_ppo", {N: None}, id="not-exported"),
        pytest.param(f'eval "{MAIN} {N}=1"', "verl.trainer.main_ppo", {N: "1"}, id="eval"),
        pytest.param(f"srun --gpus=8 -N 2 {MAIN} {N}=1", "verl.trainer.main_ppo", {N: "1"}, id="srun"),
        pytest.param(f"X=1 env Y=2 {MAIN} {N}=1", "verl.trainer.main_ppo", {"X": "1", "Y": "2", N: "1"}, id="env"),
        pytest.param(
            f"export X=1 Z=3\nenv -u X {MAIN} {N}=1", "verl.trainer.main_ppo", {"Z": "3", N: "1"}, id="env-unset"
        ),
        pytest.param(
            f"docker run --gpus all -e X=1 --env=Y=2 image bash -c '{MAIN} {N}=1'",
            "verl.trainer.main_ppo",
            {"X": "1", "Y": "2", N: "1"},
            id="docker",
        ),
        pytest.param(
            'ray job submit --runtime-env-json=\'{"env_vars": {"X": "1"}}\' --working-dir . -- ' + f"{MAIN} {N}=1",
            "verl.trainer.main_ppo",
            {"X": "1", N: "1"},
            id="ray-job",
        ),
        pytest.param(
            "vllm serve m --tensor-parallel-size 4 --x=y --enforce_eager -tp 2",
            "vllm serve",
            {"tensor-parallel-size": "2", "x": "y", "enforce-eager": ""},
            id="vllm",
        ),
        pytest.param(
            "python -m vllm.entrypoints.openai.api_server --model m", "vllm serve", {"model": "m"}, id="vllm-server"
        ),
        pytest.param(
            "pip install -U --index-url u 'vllm[audio]==0.8.4' torch ./here -r x.txt git+https://x/y",
            "pip install",
            {"vllm": "==0.8.4", "torch": ""},
            id="pip",
        ),
        pytest.param("uv pip install verl==$V", "pip install", {"verl": None}, id="uv-pip"),
        pytest.param("python3 -m pip install flash_attn==2.7", "pip install", {"flash-attn": "==2.7"}, id="python-pip"),
    ],
)
def test_programs(script: str, program: str, settings: dict[str, str | None]) -> None:
    found = document(script)
    assert [launch.program for launch in found.launches] == [program]
    kinds = {each.kind for each in found.launches[0].settings if each.kind != "slurm"}
    assert kinds <= {"verl", "environment", "vllm", "package"}
    assert {each.name: each.value for each in found.launches[0].settings if each.kind != "slurm"} == settings


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("python -m http.server", id="another-module"),
        pytest.param("python prepare.py --out x", id="another-script"),
        pytest.param("python -c 'import verl'", id="code"),
        pytest.param(f"echo {MAIN} {N}=1", id="echo"),
        pytest.param(f"# {MAIN} {N}=1", id="comment"),
        pytest.param(f"exit 0\n{MAIN} {N}=1", id="after-the-end"),
    ],
)
def test_nothing_is_launched(script: str) -> None:
    assert document(script).launches == ()


def only(script: str) -> Launch:
    (launch,) = document(script).launches
    return launch


@pytest.mark.parametrize(
    ("script", "is_open"),
    [
        pytest.param(f"{MAIN} a.b=1", False, id="all-is-seen"),
        pytest.param(f'{MAIN} "$@"', True, id="arguments"),
        pytest.param(f"{MAIN} $EXTRA", True, id="unknown-variable"),
        pytest.param(f"{MAIN} ${{EXTRA:-}}", True, id="for-the-caller-to-fill"),
        pytest.param(f'{MAIN} "${{ARGS[@]}}"', True, id="array-of-nobody"),
        pytest.param(f"{MAIN} trainer.$X=1", True, id="unknown-key"),
        pytest.param(f"source settings.sh\n{MAIN}", True, id="sourced"),
        pytest.param(f"source venv/bin/activate\n{MAIN}", False, id="environment-activated"),
        pytest.param(f'A=()\nif x; then A+=(a.b=1); fi\n{MAIN} "${{A[@]}}"', True, id="array-filled-in-a-branch"),
    ],
)
def test_open(script: str, is_open: bool) -> None:
    assert only(script).open is is_open


def test_a_word_of_one_branch_has_no_value() -> None:
    script = f'A=(a.a=0)\nif x; then A+=(a.b=1); fi\n{MAIN} "${{A[@]}}"'
    assert values(script) == {"a.a": "0", "a.b": None}


def test_environment_in_effect() -> None:
    script = f"export A=1 B=2\nC=3\nexport C\nunset B\nexport -n A\nD=4 {MAIN}\n"
    assert values(script) == {"C": "3", "D": "4"}


def test_what_branches_agree_on_is_told_where_it_is_first_set() -> None:
    found = document(f"echo\nif x; then\n  export A=1\nelse\n  export A=1\nfi\n: ${{B:=2}}\nexport B\n{MAIN}\n")
    assert [(each.name, each.value, each.whole.line) for each in found.launches[0].settings] == [
        ("A", "1", 3),
        ("B", "2", 7),
    ]
    assert {each.whole.end - each.whole.start for each in found.launches[0].settings} == {0}


def test_a_file_that_only_exports() -> None:
    (launch,) = document("export VLLM_USE_V1=0\npip install torch\n").launches[1:]
    assert (launch.program, launch.open, launch.settings[0].value) == (None, True, "0")


@pytest.mark.parametrize(
    ("script", "name", "expected"),
    [
        pytest.param(f"{MAIN} \\\n  {N}=1 \\\n  a.b=2\n", N, f" \\\n  {N}=1", id="continued"),
        pytest.param(f"{MAIN} a.b=2 {N}=1\n", N, f" {N}=1", id="on-one-line"),
        pytest.param(f'A=(\n  {N}=1\n  a.b=2\n)\n{MAIN} "${{A[@]}}"', N, f"  {N}=1\n", id="array-line"),
        pytest.param(f'A=({N}=1 a.b=2)\n{MAIN} "${{A[@]}}"', N, f"{N}=1 ", id="array-first"),
        pytest.param(f'A="{N}=1 a.b=2"\n{MAIN} $A', N, f"{N}=1 ", id="split-first"),
        pytest.param(f'A="a.b=2 {N}=1"\n{MAIN} $A', N, f" {N}=1", id="split-last"),
        pytest.param(f"export A=1\n{MAIN}\n", "A", "export A=1\n", id="export"),
        pytest.param(f"export B=2 A=1\n{MAIN}\n", "A", " A=1", id="export-of-two"),
        pytest.param(f"A=1 B=2 {MAIN}\n", "A", "A=1 ", id="before-a-command"),
        pytest.param(f"x; export A=1; {MAIN}\n", "A", "export A=1; ", id="between-semicolons"),
        pytest.param(f"if x; then export A=1; fi; export A=1; {MAIN}\n", "A", "export A=1; ", id="after-a-branch"),
        pytest.param(f"{{ export A=1; }}\n{MAIN}\n", "A", "", id="a-body-cannot-be-empty"),
        pytest.param(f"x && export A=1\n{MAIN}\n", "A", "", id="a-list-cannot-be-cut"),
    ],
)
def test_what_must_go(script: str, name: str, expected: str) -> None:
    found = document(script)
    setting = next(each for each in found.launches[0].settings if each.name == name)
    assert cut(found, setting) == expected


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        pytest.param(f"{MAIN} {N}=7", "7", id="direct"),
        pytest.param(f"{MAIN} '{N}=7'", "7", id="in-quotes"),
        pytest.param(f"A=7\n{MAIN} {N}=$A", "7", id="variable-for-it-alone"),
        pytest.param(f"A=${{A:-7}}\n{MAIN} {N}=$A", "7", id="default"),
        pytest.param(f"A=7\nB=$A\n{MAIN} {N}=$B", "7", id="through-two"),
        pytest.param(f"A=7\n{MAIN} {N}=$A x.y=$A", None, id="variable-for-two"),
        pytest.param(f"export A=7\n{MAIN} {N}=$A", None, id="exported-too"),
        pytest.param(f"A=7\n{MAIN} {N}=1$A", None, id="put-together"),
        pytest.param(f"{MAIN} {N}=$((3 + 4))", None, id="calculated"),
        pytest.param(f"{MAIN} {N}=", "", id="empty"),
    ],
)
def test_where_the_value_stands(script: str, expected: str | None) -> None:
    found = document(script)
    setting = next(each for each in found.launches[0].settings if each.name == N)
    assert (None if setting.literal is None else cut(found, setting, "literal")) == expected


def test_heredocs() -> None:
    script = f"""cat > run.sh <<'EOF'
{MAIN} {N}=$N
EOF
cat <<EOF > env.yaml
env_vars:
  A: "1"
EOF
X=5
bash <<EOF
{MAIN} {N}=$X
EOF
cat <<EOF
{MAIN} a.b=1
EOF
"""
    launches = document(script).launches
    assert [[each.value for each in launch.settings] for launch in launches] == [[None], ["1"], ["5"]]


def test_settings_after_a_comment_get_to_no_command() -> None:
    found = document(f"{MAIN} \\\n  {N}=1 \\\n  # trainer.a=1 \\\n  trainer.b=2\n")
    assert [each.name for each in found.launches[0].settings] == [N]
    assert [line for line, _ in found.unread] == [4]
    assert "set for no command" in found.unread[0][1]


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(f"export A=1\r\n{MAIN} \\\r\n  {N}=1 \\\r\n  a.b=2\r\n".encode(), id="windows"),
        pytest.param(b"\xef\xbb\xbf" + f"export A=1\n{MAIN} {N}=1 a.b=2".encode(), id="byte-order-mark"),
        pytest.param(f"# caf\xe9\nexport A=1\n{MAIN}\t{N}=1\ta.b=2\n".encode("latin-1"), id="latin-1"),
        pytest.param(f"# \u4e2d\u6587\nexport A=1\n{MAIN} {N}=1 a.b=2 \\\n".encode(), id="ends-with-a-backslash"),
    ],
)
def test_texts_of_real_people(script: bytes) -> None:
    found = document(script)
    assert found.unread == ()
    assert values(script) == {"A": "1", N: "1", "a.b": "2"}
    assert [cut(found, each, "literal") for each in found.launches[0].settings] == ["1", "1", "2"]


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param('echo "never closed', id="quote"),
        pytest.param("if x; then", id="if"),
        pytest.param("cat <<EOF\nnever", id="heredoc"),
        pytest.param("a ) b", id="parenthesis"),
        pytest.param("for ((;; do", id="loop"),
    ],
)
def test_what_is_broken_is_told_and_the_rest_read(rest: str) -> None:
    found = document(f"{MAIN} {N}=1\n{rest}\n")
    assert found.launches[0].setting("verl", N) is not None
    assert found.unread


def test_nested_deeply() -> None:
    found = document("(" * 3000 + f"{MAIN} {N}=1" + ")" * 3000)
    assert found.unread == ((1, "nested too deeply to be followed"),)


def test_a_function_that_calls_itself() -> None:
    assert document(f"f() {{ f; {MAIN} a.b=1; }}\nf\n").launches


def test_a_command_that_stands_nowhere_is_where_it_is_called() -> None:
    found = document(f'N=2\nCMD="{MAIN}"\nCMD="$CMD {N}=$N"\nif x; then\n  eval $CMD\nfi\n')
    (launch,) = found.launches
    assert launch.line == 5
    assert [line_of(found, setting) for setting in launch.settings] == [5]
    (launch,) = document(f'C="{MAIN} {N}=1"\n\nbash -c "$C $D"\n').launches
    assert launch.line in {1, 3}
