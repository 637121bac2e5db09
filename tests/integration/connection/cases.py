# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cases that test_equivalence.py plays on both connections."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.integration.connection.comparing import Case, Group, case

# Another Python than the one that runs Ansible, when this machine has one.
SYSTEM_PYTHON = next(path for path in ("/usr/bin/python3", f"{sys.base_prefix}/bin/python3") if Path(path).exists())
NOWHERE = "http://127.0.0.1:1"
CREDENTIALS = {"access_key": "AKIAIOSFODNN7EXAMPLE", "secret_key": "not a secret"}
VALUES = {
    "QUOTED": 'it\'s "so" \\ it is',
    "LINES": "one\n two\n\n",
    "WORDS": "grün ☃ 漢字",
    "DOLLAR": "$HOME `id` ${PATH} $(id) !!",
    "EMPTY": "",
    "EQUAL": "a=b=c",
    "BLANK": "  x  ",
    "SPECIAL": "* ? ~ ; & | < > ( ) # %",
}


def has(*texts: str) -> Callable[[Any], bool]:
    """Return whether a value, as text, has some texts in it."""
    return lambda value: all(text in str(value) for text in texts)


def bad(way: str, expect: dict[str, Any] | None = None, /, **keywords: Any) -> Case:
    """Return the case of a module that behaves badly in some way."""
    args = {"way": way, "path": "{{ scratch }}/" + way}
    return case(keywords.pop("name", way), "bad", args, expect, **keywords)


def content(of: str, expected: str) -> Case:
    """Return the case of a file that an earlier one has written."""
    return case(f"what {of} wrote", "ansible.builtin.command", f"cat {{{{ scratch }}}}/{of}", {"stdout": expected})


def look(name: str, expect: dict[str, Any] | None = None, /, **keywords: Any) -> Case:
    """Return the case of a module that tells what it finds in its process."""
    return case(name, "look", {}, expect, **keywords)


surroundings = Group(
    [
        look(
            "plain",
            {
                "process.umask": 0o027,
                "process.leads_group": False,
                "process.leads_session": False,
                "process.dumpable": 1,
                "process.status.Threads": ["1"],
                "process.directory": lambda path: Path(path).name == "local" or Path(path).name == "warm",
                # The last one is the folder that it lists.
                "child.files": ["0 pipe", "1 pipe", "2 pipe", "3 pipe"],
                "interpreter.argv": lambda argv: len(argv) == 1,
                "interpreter.payload_first": True,
                "interpreter.collector.0": True,
                "interpreter.threads": ["MainThread"],
                "main.is_this": True,
                "main.file": has("_payload.zip/"),
                "main.sources.0": has("# Copyright"),
                "streams.stdin.kind": "pipe",
                "streams.stdout.kind": "pipe",
                "streams.stderr.kind": "pipe",
                "stdin": "",
                "words.preferred": "UTF-8",
                "environment.FROM_OUTSIDE": "it's $HOME\nü",
                "environment.TZ": "America/St_Johns",
                "words.zone": ["NST", "NDT"],
            },
        ),
        look(
            "values",
            {f"environment.{name}": value for name, value in VALUES.items()},
            environment=VALUES,
        ),
        look("time zone", {"words.zone": ["JST", "JST"], "words.offset": "+0900"}, environment={"TZ": "Asia/Tokyo"}),
        look(
            "home", {"environment.HOME": "/nonexistent"}, environment={"HOME": "/nonexistent", "PATH": "/usr/bin:/bin"}
        ),
        look(
            "python's own variables",
            {"interpreter.dont_write_bytecode": True, "interpreter.warnoptions": ["ignore"]},
            environment={"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": "/nonexistent", "PYTHONWARNINGS": "ignore"},
        ),
        look("relative path of modules", environment={"PYTHONPATH": "relative"}, warm=False),
        look("another shell", vars={"ansible_shell_executable": "/bin/bash"}),
        look("check mode", check_mode=True),
        look("plain again", {"environment.QUOTED": "<missing>", "words.zone": ["NST", "NDT"]}),
    ],
    env={"FROM_OUTSIDE": "it's $HOME\nü", "TZ": "America/St_Johns"},
    umask=0o027,
    rounds=1,
)

locales = Group(
    [
        look("as outside", {"words.preferred": "UTF-8", "environment.LC_ALL": ""}),
        # PEP 538: Python itself sets LC_CTYPE.
        look("C coerced", {"environment.LC_CTYPE": "C.UTF-8"}, environment={"LANG": "C"}),
        look("C", {"words.file_system.0": "utf-8", "environment.LC_CTYPE": "<missing>"}, environment={"LC_ALL": "C"}),
        # There is no such locale; Ansible takes another one.
        look("unknown", {"environment.LANG": "C.utf8"}, environment={"LANG": "xx_XX.UTF-8"}),
        look("as outside again", {"words.preferred": "UTF-8", "environment.LC_CTYPE": "<missing>"}),
    ],
    env={"LC_ALL": "", "LANG": "C.UTF-8"},
    rounds=1,
    hosts=("one",),
)

CLEAN = {
    "variable": None,
    "umask": 0o022,
    "path": False,
    "module": False,
    "builtin": False,
    "json": "dumps",
    "booleans": False,
    "basic": False,
    "class": False,
    "precision": 28,
    "collector": True,
    "handlers": 0,
    "timeout": None,
    "recursion": 1000,
    "tempdir": lambda folder: folder != "/polluted",
    "threads": 1,
    "filters": False,
}

state = Group(
    [
        case("pollute", "pollute", {}, CLEAN),
        case("pollute again", "pollute", {}, CLEAN),
        case("booleans", "ansible.builtin.ping", {"data": "polluted"}, {"ping": "polluted"}),
        look("look", {"interpreter.recursion": 1000, "environment.POLLUTED": "<missing>"}),
        case("pollute in check mode", "pollute", {}, {}, check_mode=True, event="skipped"),
    ],
)

endings = Group(
    [
        bad("never_exits", {"msg": has("did not handle its own exit")}, event="failed"),
        bad("exit_three", {"said": "by hand"}),
        bad("exit_large", {"said": "by hand"}),
        bad("exit_negative", {"rc": 255}, event="failed"),
        bad("exit_none", {"said": "by hand"}),
        bad("exit_text", {"rc": 1, "module_stderr": "the end: ü\n"}, event="failed"),
        bad("exit_object", {"rc": 1, "module_stderr": "['a', 1]\n"}, event="failed"),
        bad("exit_true", {"rc": 1}, event="failed"),
        bad("hard_exit", {"rc": 7, "module_stdout": ""}, event="failed"),
        bad("raises", {"msg": has("it went wrong"), "exception": has("invalid literal", "bad.py")}, event="failed"),
        bad("interrupted", {"rc": 130, "module_stderr": has("KeyboardInterrupt")}, event="failed"),
        bad("recursion", {"exception": has("maximum recursion depth")}, event="failed"),
        bad("own_base_exception", {"rc": 1, "module_stderr": has("of a kind of its own", "<stdin>")}, event="failed"),
        bad("fails", {"rc": 12, "msg": "it failed: ü", "changed": True}, event="failed"),
        bad("fails_from", {"msg": has("it failed"), "exception": has("KeyError")}, event="failed"),
        bad("warns", {"warnings": has("look out", "one more"), "deprecations": has("was better", "old")}),
        bad("long_result", {"ansible_facts.made_up": "ü" * 300_000, "diff": {"before": "a\n", "after": "b\n"}}),
        bad("becomes_another", {"said": "by a shell"}),
        bad("registers", {"changed": False}),
        content("registers", "atexit"),
        bad("frees", {"exists": True}),
        content("frees", "freed"),
        case(
            "what frees left",
            "ansible.builtin.shell",
            "cd {{ scratch }}; ls -d left_* || echo none",
            {"stdout": "none"},
        ),
        case("no such choice", "bad", {"way": "x"}, {"msg": has("value of way must be one of")}, event="failed"),
        case("no such option", "bad", {"wayy": "x"}, {"msg": has("Unsupported parameters")}, event="failed"),
    ],
    rounds=1,
    again=False,
    hosts=("one",),
)

output = Group(
    [
        bad("garbage_before", {"warnings": "<missing>"}),
        bad("garbage_after", {"warnings": has("and this is no JSON either")}),
        bad("only_garbage", {"rc": 0, "module_stdout": has("no ", "JSON ü")}, event="failed"),
        bad("silent", {"rc": 0, "module_stdout": ""}, event="failed"),
        bad("stdout_flood", {"module_stdout": has("xxx... 50000000 ")}, event="failed"),
        bad("stderr_flood", {"changed": False}),
        bad("closes_stdout", {"said": "by hand"}),
        bad("reads_stdin", {"read": ["", "", "EOF when reading a line", ""]}),
        bad("closes_files", {"opened": 12}),
        bad("few_files", {"limit": [16, 16]}),
    ],
    rounds=1,
    again=False,
    hosts=("one",),
)

processes = Group(
    [
        bad("forks", {"warnings": has("written by the child")}),
        bad("child_exits", {"status": 4 << 8}),
        bad("child_answers", {"said": "by the child"}),
        bad("daemon", {"changed": False}),
        bad("session", {"leads": True}),
        bad("thread", {"warnings": has("by the thread")}),
        bad("daemon_thread", {"changed": False}),
        bad("thread_fails", {"changed": False}),
        bad("ignores_signals", {"changed": False}),
        bad("alarm", {"rc": 142}, event="failed"),
        bad("killed_SIGKILL", {"rc": 137, "module_stdout": "before\n"}, event="failed"),
        bad("killed_SIGSEGV", {"rc": 139, "module_stdout": "before\n"}, event="failed"),
        bad("killed_SIGTERM", {"rc": 143}, event="failed"),
        bad("killed_SIGHUP", {"rc": 129}, event="failed"),
        bad("killed_SIGINT", {"rc": 130, "module_stderr": has("KeyboardInterrupt")}, event="failed"),
        bad("killed_SIGABRT", {"rc": 134}, event="failed"),
        case("wait", "ansible.builtin.wait_for", {"path": "{{ scratch }}/daemon", "timeout": 5, "sleep": 1}),
        content("daemon", "done"),
        look("look", {"process.status.Threads": ["1"]}),
    ],
    rounds=1,
    again=False,
)

CHANGED = {"changed": True}
SAME = {"changed": False}
FILE = "{{ scratch }}/file"

features = Group(
    [
        case(
            "copy in check mode",
            "ansible.builtin.copy",
            {"dest": FILE, "content": "a\n"},
            CHANGED,
            check_mode=True,
            diff=True,
        ),
        case("no file yet", "ansible.builtin.stat", {"path": FILE}, {"stat.exists": False}),
        case("copy", "ansible.builtin.copy", {"dest": FILE, "content": "a\n", "mode": "0640"}, CHANGED, diff=True),
        case(
            "diff",
            "ansible.builtin.lineinfile",
            {"path": FILE, "line": "ü b"},
            {"diff.0.before": "a\n", "diff.0.after": "a\nü b\n", "changed": True},
            diff=True,
        ),
        case("loop", "ansible.builtin.ping", {"data": "{{ item }}"}, {"results.2.ping": "ü"}, loop=[1, "a b", "ü"]),
        case("register", "ansible.builtin.ping", {"data": "kept"}, register="kept"),
        case("registered", "ansible.builtin.ping", {"data": "{{ kept.ping }}"}, {"ping": "kept"}),
        case(
            "until",
            "bad",
            {"way": "fails"},
            {"attempts": 2, "rc": 12},
            until="false",
            retries=2,
            delay=0,
            event="failed",
        ),
        case("secret parameter", "bad", {"way": "exit_object", "secret": "'a', 1"}, {"rc": 1}, event="failed"),
        case(
            "secret result",
            "bad",
            {"way": "fails", "secret": "failed"},
            {"invocation.module_args.secret": "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER", "msg": "it ********: ü"},
            event="failed",
        ),
        case(
            "no_log",
            "ansible.builtin.ping",
            {"data": "x"},
            {"censored": has("no_log: true"), "ping": "<missing>"},
            no_log=True,
        ),
        case(
            "failed_when", "ansible.builtin.ping", {}, {"failed_when_result": True}, failed_when="true", event="failed"
        ),
        case("changed_when", "ansible.builtin.ping", {}, CHANGED, changed_when="true"),
        case("delegated", "ansible.builtin.ping", {}, {"ping": "pong"}, delegate_to="one"),
        case(
            "timeout",
            "bad",
            {"way": "sleeps"},
            {"msg": has("Timed out after 1 second")},
            timeout=1,
            event="failed",
            warm=None,
        ),
    ],
    rounds=2,
)

builtins = Group(
    [
        case(
            "command",
            "ansible.builtin.command",
            {"argv": ["printf", "%s\\n", "a b", "ü", "$X"]},
            {"stdout_lines": ["a b", "ü", "$X"]},
        ),
        case(
            "command fails",
            "ansible.builtin.command",
            "sh -c 'echo out; echo err >&2; exit 3'",
            {"rc": 3, "stdout": "out", "stderr": "err"},
            event="failed",
        ),
        case(
            "no such command",
            "ansible.builtin.command",
            "/nonexistent/x",
            {"stderr": "", "exception": has("No such file")},
            event="failed",
        ),
        case("stdin", "ansible.builtin.command", {"cmd": "cat", "stdin": "ü\nb"}, {"stdout": "ü\nb"}),
        case(
            "directory", "ansible.builtin.command", {"cmd": "pwd", "chdir": "{{ scratch }}"}, {"stdout": has("-round")}
        ),
        case(
            "shell",
            "ansible.builtin.shell",
            "set -o pipefail; umask; ulimit -n; trap; echo $0 $- $X",
            {"stdout": has("0022", "bash")},
            args={"executable": "/bin/bash"},
            environment={"X": "$Y"},
        ),
        case(
            "shell in the background",
            "ansible.builtin.shell",
            "nohup sleep 1 > /dev/null 2>&1 & echo done",
            {"stdout": "done"},
        ),
        case(
            "template",
            "ansible.builtin.template",
            {"src": "{{ inventory_dir }}/template.j2", "dest": FILE},
            CHANGED,
            diff=True,
        ),
        case(
            "template again",
            "ansible.builtin.template",
            {"src": "{{ inventory_dir }}/template.j2", "dest": FILE},
            SAME,
            diff=True,
        ),
        case(
            "file", "ansible.builtin.file", {"path": FILE, "mode": "0600"}, {"mode": "0600", "changed": True}, diff=True
        ),
        case("stat", "ansible.builtin.stat", {"path": FILE}, {"stat.mode": "0600", "stat.size": 12}),
        case("slurp", "ansible.builtin.slurp", {"src": FILE}, {"content": "d2FybSDDvCBvbmUK"}),
        case(
            "setup",
            "ansible.builtin.setup",
            {"gather_subset": ["!all", "!min", "python", "env", "user", "platform"]},
            {"ansible_facts.ansible_python.executable": sys.executable},
        ),
        case("uri", "ansible.builtin.uri", {"url": NOWHERE}, {"status": -1, "msg": has("refused")}, event="failed"),
        case(
            "get_url",
            "ansible.builtin.get_url",
            {"url": NOWHERE, "dest": FILE + "x"},
            {"msg": has("refused")},
            event="failed",
        ),
        case(
            "wait_for",
            "ansible.builtin.wait_for",
            {"port": 1, "timeout": 1, "sleep": 1},
            {"msg": has("Timeout")},
            event="failed",
        ),
        case("find", "ansible.builtin.find", {"paths": "{{ scratch }}"}, {"matched": 1}),
    ],
    rounds=1,
    prepare=lambda folder: put(folder / "template.j2", "warm ü {{ 'one' }}\n"),
)

EKS = {"cluster_name": "c", "name": "a", "region": "eu-central-1", "endpoint_url": NOWHERE, **CREDENTIALS}
ADDON = "supastack.aws.eks_addon"
KUBE = "kubernetes.core.k8s_info"

clouds = Group(
    [
        case("addon", ADDON, EKS, {"msg": has("127.0.0.1:1")}, event="failed"),
        case("addon of no name", ADDON, {"region": "x"}, {"msg": has("missing required arguments")}, event="failed"),
        case("addon nowhere", ADDON, {**EKS, "region": None}, {"msg": has("region")}, event="failed"),
        case(
            "log group",
            "supastack.aws.logs_log_group",
            {"name": "x", "region": "eu-central-1", "endpoint_url": NOWHERE, **CREDENTIALS},
            {"msg": has("127.0.0.1:1")},
            event="failed",
        ),
        case(
            "networks",
            "amazon.aws.ec2_vpc_net_info",
            {"region": "eu-central-1", "endpoint_url": NOWHERE, **CREDENTIALS},
            {"exception": has("127.0.0.1:1")},
            event="failed",
        ),
        case("networks nowhere", "amazon.aws.ec2_vpc_net_info", CREDENTIALS, {"msg": has("region")}, event="failed"),
        case(
            "bucket",
            "amazon.aws.s3_bucket",
            {"nam": "x"},
            {"msg": has("missing required arguments: name")},
            event="failed",
        ),
        case(
            "identity",
            "amazon.aws.aws_caller_info",
            {"region": "eu-central-1", "endpoint_url": NOWHERE, **CREDENTIALS},
            {"msg": has("127.0.0.1:1")},
            event="failed",
        ),
        case(
            "namespaces",
            KUBE,
            {"kind": "Namespace", "host": NOWHERE, "api_key": "x"},
            {"msg": has("refused")},
            event="failed",
        ),
        case("of no kind", KUBE, {"host": NOWHERE}, {"msg": has("missing required arguments: kind")}, event="failed"),
        case(
            "without configuration",
            KUBE,
            {"kind": "Pod", "kubeconfig": "/nonexistent"},
            {"msg": has("/nonexistent")},
            event="failed",
            warm=None,
        ),
    ],
    env={"AWS_MAX_ATTEMPTS": "1", "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/nonexistent"},
)


def put(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file of this mode."""
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


NEW_STYLE = """\
import sys
from ansible.module_utils.basic import AnsibleModule
module = AnsibleModule({})
module.exit_json(isolated=sys.flags.isolated, executable=sys.executable)
"""


def put_odd_modules(folder: Path) -> None:
    """Write modules that linters do not like, and interpreters that are scripts."""
    library = folder / "library"
    put(library / "in_shell.sh", '#!/bin/sh\n. "$1" 2> /dev/null\nprintf \'{"said": "%s"}\' "$data"\n')
    shutil.copy("/bin/echo", library / "binary")
    put(library / "wants_json.py", "#!/usr/bin/python\n# WANT_JSON\nimport sys\nprint(open(sys.argv[1]).read())\n")
    put(library / "old_style.py", "#!/usr/bin/python\nprint('said=old')\n")
    put(library / "own_option.py", f"#!{sys.executable} -I\n{NEW_STYLE}")
    put(library / "own_interpreter.py", f"#!{SYSTEM_PYTHON}\n{NEW_STYLE}")
    put(library / "syntax_error.py", "from ansible.module_utils.basic import AnsibleModule\ndef :\n")
    put(
        library / "import_error.py",
        "from ansible.module_utils.basic import AnsibleModule\nimport nonexistent_library\n",
    )
    put(library / "no_such_utils.py", "from ansible.module_utils.nonexistent import x\n")
    put(folder / "script.py", "import sys\nprint(sys.argv[1:])\n", 0o755)
    put(folder / "wrapper", f'#!/bin/sh\nFROM_WRAPPER=yes exec {sys.executable} "$@"\n', 0o755)


others = Group(
    [
        case("shell module", "in_shell", {"data": "ü"}, {"said": "ü"}, warm=False),
        case("binary module", "binary", {"data": "x"}, {"module_stdout": has("args")}, event="failed", warm=False),
        case("JSON module", "wants_json", {"data": "ü"}, {"data": "ü"}, warm=False),
        case("old module", "old_style", {}, {}, event="failed", warm=False),
        case("module with option", "own_option", {}, {"rc": 127}, event="failed", warm=False),
        case("module with interpreter", "own_interpreter", {}, {"executable": SYSTEM_PYTHON}),
        case("syntax error", "syntax_error", {}, {"msg": has("invalid syntax")}, event="failed", warm=None),
        case("import error", "import_error", {}, {"msg": has("nonexistent_library")}, event="failed"),
        case("no such utils", "no_such_utils", {}, {"msg": has("nonexistent")}, event="failed", warm=False),
        case("raw", "ansible.builtin.raw", "echo $((1 + 1))", {"stdout": "2\n"}, warm=False),
        case(
            "script",
            "ansible.builtin.script",
            {"cmd": "{{ inventory_dir }}/script.py a", "executable": sys.executable},
            {"stdout": "['a']\n"},
            warm=False,
        ),
        case("in the background", "ansible.builtin.ping", {}, {"ping": "pong"}, warm=None, **{"async": 20, "poll": 1}),
        case(
            "other user",
            "ansible.builtin.ping",
            {},
            event="failed",
            warm=False,
            become=True,
            become_method="ansible.builtin.sudo",
            become_user="nonexistent",
        ),
    ],
    prepare=put_odd_modules,
    again=False,
    rounds=2,
)

# Ansible looks for those that systems bring along.
DISCOVERED = (
    [
        case(
            "discovered",
            "ansible.builtin.ping",
            {},
            {"ping": "pong"},
            vars={"ansible_python_interpreter": "auto_silent"},
        ),
        case(
            "discovered with words",
            "ansible.builtin.setup",
            {"gather_subset": ["!all", "!min", "python"]},
            vars={"ansible_python_interpreter": "auto"},
        ),
    ]
    if Path("/usr/bin/python3").exists()
    else []
)

interpreters = Group(
    [
        look("this one", {"interpreter.executable": sys.executable}),
        look(
            "the system's",
            {"interpreter.executable": SYSTEM_PYTHON},
            vars={"ansible_python_interpreter": SYSTEM_PYTHON},
        ),
        look(
            "a wrapper",
            {"environment.FROM_WRAPPER": "yes"},
            vars={"ansible_python_interpreter": "{{ inventory_dir }}/wrapper"},
            warm=False,
        ),
        case(
            "relative",
            "ansible.builtin.ping",
            {},
            {"ping": "pong"},
            vars={"ansible_python_interpreter": "python3"},
            warm=False,
        ),
        case(
            "by env",
            "ansible.builtin.ping",
            {},
            {"rc": 127},
            vars={"ansible_python_interpreter": "/usr/bin/env python3"},
            event="failed",
            warm=False,
        ),
        case(
            "none",
            "ansible.builtin.ping",
            {},
            {"rc": 127},
            vars={"ansible_python_interpreter": "/nonexistent/python"},
            event="failed",
            warm=False,
        ),
        *DISCOVERED,
    ],
    prepare=put_odd_modules,
    # What is discovered is kept for the rest of a run.
    again=False,
    rounds=1,
    env={"PATH": "/usr/bin:/bin"},
)
