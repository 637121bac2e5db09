# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An Ansible module that behaves badly, or at least unusually, in the way it is asked to."""

from __future__ import annotations

import atexit
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
import typing as t
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

MANY = 50_000_000
# Freed, and so removed, only when the interpreter ends.
kept: list[t.Any] = []


class Numbers:
    """Tells of its end in a file."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __del__(self) -> None:
        """Write to the file."""
        with open(self._path, "a", encoding="utf-8") as file:  # noqa: PTH123
            file.write("freed\n")


def say(text: str = '{"changed": false, "said": "by hand"}') -> None:
    """Write to stdout at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def never_exits(module: AnsibleModule) -> None:
    """Come to the end of the program without a result."""


def exit_three(module: AnsibleModule) -> None:
    """Exit with a code and a result by hand."""
    say()
    sys.exit(3)


def exit_large(module: AnsibleModule) -> None:
    """Exit with more than a byte holds."""
    say()
    sys.exit(256 + 5)


def exit_negative(module: AnsibleModule) -> None:
    """Exit with less than a byte holds."""
    sys.exit(-1)


def exit_none(module: AnsibleModule) -> None:
    """Exit without a code."""
    say()
    sys.exit()


def exit_text(module: AnsibleModule) -> None:
    """Exit with words, umlauts among them."""
    sys.exit("the end: ü")


def exit_object(module: AnsibleModule) -> None:
    """Exit with something that is not a number."""
    sys.exit(["a", 1])  # type: ignore[arg-type]


def exit_true(module: AnsibleModule) -> None:
    """Exit with what is a number only in disguise."""
    sys.exit(True)


def hard_exit(module: AnsibleModule) -> None:
    """End without any cleaning up, with output that nobody flushes."""
    sys.stdout.write("lost?")
    os._exit(7)


def raises(module: AnsibleModule) -> None:
    """Fail with an exception that has a cause."""
    try:
        int("ü")
    except ValueError as error:
        raise RuntimeError("it went wrong") from error


def interrupted(module: AnsibleModule) -> None:
    """Fail as if somebody had pressed Ctrl-C."""
    raise KeyboardInterrupt


def recursion(module: AnsibleModule) -> None:
    """Call itself too often."""
    recursion(module)


def own_base_exception(module: AnsibleModule) -> None:
    """Fail with what `except Exception` does not catch."""
    raise BaseException("of a kind of its own")


def garbage_before(module: AnsibleModule) -> None:
    """Print something before the result."""
    say("Warning: this is no JSON")
    module.exit_json(changed=False)


def garbage_after(module: AnsibleModule) -> None:
    """Print something after the result."""
    atexit.register(say, "and this is no JSON either")
    module.exit_json(changed=False)


def only_garbage(module: AnsibleModule) -> None:
    """Print no result, but bytes of all kinds."""
    sys.stdout.buffer.write(b"no \xff JSON \xc3\xbc\n")
    sys.stderr.buffer.write(b"no \xfe word either\n")
    sys.exit(0)


def silent(module: AnsibleModule) -> None:
    """Print nothing."""
    sys.exit(0)


def stdout_flood(module: AnsibleModule) -> None:
    """Print 50 MB and no result."""
    sys.stdout.write("x" * MANY)
    sys.exit(0)


def stderr_flood(module: AnsibleModule) -> None:
    """Print 50 MB to stderr and then a result."""
    sys.stderr.write("y" * MANY)
    module.exit_json(changed=False)


def killed(number: int) -> t.Callable[[AnsibleModule], None]:
    """Return what ends by a signal."""

    def run(module: AnsibleModule) -> None:
        say("before")
        if number == signal.SIGHUP:
            # It is ignored in all that nohup starts.
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        time.sleep(5)

    return run


def forks(module: AnsibleModule) -> None:
    """Leave a child that goes on to write for a while after the parent has ended."""
    if os.fork() == 0:
        time.sleep(0.3)
        os.write(1, b"written by the child\n")
        os._exit(9)
    module.exit_json(changed=False)


def child_exits(module: AnsibleModule) -> None:
    """Have a child that leaves by an exception, as one does who has forgotten where it came from."""
    pid = os.fork()
    if pid == 0:
        raise SystemExit(4)
    _pid, status = os.waitpid(pid, 0)
    # The child has removed the file that the parent would import more from.
    say(f'{{"changed": false, "status": {status}}}')
    sys.exit(0)


def child_answers(module: AnsibleModule) -> None:
    """Have a child give the result and outlive its parent."""
    if os.fork() == 0:
        time.sleep(0.3)
        module.exit_json(changed=False, said="by the child")
    os._exit(0)


def daemon(module: AnsibleModule) -> None:
    """Leave a daemon that outlives the task and has nothing to do with its output."""
    path = Path(module.params["path"])
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            null = os.open(os.devnull, os.O_RDWR)
            for file in range(3):
                os.dup2(null, file)
            time.sleep(1)
            path.write_text("done", encoding="utf-8")
        os._exit(0)
    os.wait()
    module.exit_json(changed=False)


def session(module: AnsibleModule) -> None:
    """Start a session of its own."""
    os.setsid()
    module.exit_json(changed=False, leads=os.getsid(0) == os.getpid())


def thread(module: AnsibleModule) -> None:
    """Leave a thread that ends after a while."""
    threading.Timer(0.3, say, ["by the thread"]).start()
    module.exit_json(changed=False)


def daemon_thread(module: AnsibleModule) -> None:
    """Leave a thread that never ends."""
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    module.exit_json(changed=False)


def thread_fails(module: AnsibleModule) -> None:
    """Have a thread that fails."""
    failing = threading.Thread(target=lambda: 1 / 0, name="failing")
    failing.start()
    failing.join()
    module.exit_json(changed=False)


def ignores_signals(module: AnsibleModule) -> None:
    """Ignore signals, and have others handled."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGUSR1, lambda *_args: say("handled"))
    os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGUSR1)
    module.exit_json(changed=False)


def alarm(module: AnsibleModule) -> None:
    """Be ended by its own alarm clock."""
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    time.sleep(5)


def reads_stdin(module: AnsibleModule) -> None:
    """Read what there is to read, by all means."""
    read = [sys.stdin.read(), os.read(0, 10).decode()]
    try:
        input()
    except EOFError as error:
        read.append(str(error))
    catted = subprocess.run(["cat"], capture_output=True, text=True, check=True)
    module.exit_json(changed=False, read=[*read, catted.stdout])


def closes_files(module: AnsibleModule) -> None:
    """Close all files, then open others that get the numbers."""
    stdout = os.dup(1)
    os.set_inheritable(stdout, False)
    os.dup2(stdout, 300)
    os.closerange(0, 256)
    opened = [os.open(os.devnull, os.O_RDWR) for _file in range(12)]
    os.write(300, b'{"changed": false, "opened": %d}\n' % len(opened))
    sys.exit(0)


def closes_stdout(module: AnsibleModule) -> None:
    """Close stdout, so that the interpreter cannot flush it."""
    say()
    sys.stdout.write("lost")
    os.close(1)
    sys.exit(0)


def few_files(module: AnsibleModule) -> None:
    """Change limits."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
    module.exit_json(changed=False, limit=resource.getrlimit(resource.RLIMIT_NOFILE))


def registers(module: AnsibleModule) -> None:
    """Have something done at the end."""
    atexit.register(Path(module.params["path"]).write_text, "atexit\n", encoding="utf-8")
    atexit.register(lambda: 1 / 0)
    module.exit_json(changed=False)


def frees(module: AnsibleModule) -> None:
    """Leave to the end of the interpreter to free what a variable of the module names."""
    kept.append(Numbers(module.params["path"]))
    kept.append(tempfile.NamedTemporaryFile(prefix="left_", dir=Path(module.params["path"]).parent))  # noqa: SIM115
    kept.append(tempfile.TemporaryDirectory(prefix="left_", dir=Path(module.params["path"]).parent))
    module.exit_json(changed=False, exists=Path(kept[1].name).exists())


def becomes_another(module: AnsibleModule) -> None:
    """Put another program in its place."""
    os.execv("/bin/sh", ["/bin/sh", "-c", 'echo \'{"changed": false, "said": "by a shell"}\'; exit 2'])


def warns(module: AnsibleModule) -> None:
    """Have Ansible and Python warn."""
    module.warn("look out")
    module.deprecate("was better", version="9.0.0", collection_name="supastack.aws")
    import warnings

    warnings.warn("of Python's", UserWarning, stacklevel=1)
    module.exit_json(changed=False, warnings=["one more"], deprecations=["old"])


def fails(module: AnsibleModule) -> None:
    """Fail as a module should."""
    module.fail_json(msg="it failed: ü", rc=12, changed=True)


def fails_from(module: AnsibleModule) -> None:
    """Fail as a module should, with the exception that was the reason."""
    try:
        raise KeyError("ü")
    except KeyError as error:
        module.fail_json(msg="it failed", exception=error)


def long_result(module: AnsibleModule) -> None:
    """Give a result larger than what pipes hold."""
    module.exit_json(changed=True, ansible_facts={"made_up": "ü" * 300_000}, diff={"before": "a\n", "after": "b\n"})


def sleeps(module: AnsibleModule) -> None:
    """Take longer than anybody waits."""
    time.sleep(5)
    module.exit_json(changed=False)


WAYS: dict[str, t.Callable[[AnsibleModule], None]] = {
    way.__name__: way
    for way in (
        never_exits, exit_three, exit_large, exit_negative, exit_none, exit_text, exit_object, exit_true, hard_exit,
        raises, interrupted, recursion, own_base_exception, garbage_before, garbage_after, only_garbage, silent,
        stdout_flood, stderr_flood, forks, child_exits, child_answers, daemon, session, thread, daemon_thread,
        thread_fails, ignores_signals, alarm, reads_stdin, closes_files, closes_stdout, few_files, registers, frees,
        becomes_another, warns, fails, fails_from, long_result, sleeps,
    )
} | {f"killed_{number.name}": killed(number) for number in signal.Signals}  # fmt: skip


def main() -> None:
    """Run the module."""
    options = {
        "way": {"choices": sorted(WAYS)},
        "path": {"type": "path"},
        "secret": {"no_log": True},
    }
    module = AnsibleModule(options)
    WAYS[module.params["way"]](module)


if __name__ == "__main__":
    main()
