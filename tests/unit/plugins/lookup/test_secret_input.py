# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup secret_input."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleLookupError, AnsiblePromptNoninteractive
from ansible.plugins.loader import lookup_loader

CHECKOUT = Path(__file__).resolve().parents[4]
SECRET = "correct-horse-battery-staple"
LOOKUP = "lookup('supastack.aws.secret_input', 'SUPABASE_DB', file=file | default(''))"


def look_up(**options: Any) -> list[str]:
    """Call the lookup as Ansible does, by its name."""
    texts: list[str] = lookup_loader.get("supastack.aws.secret_input").run(["SUPABASE_DB"], variables={}, **options)
    return texts


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return a list of what is typed, in place of somebody at the terminal."""
    answers: list[Any] = []

    class Terminal:
        """Answers in turn."""

        def prompt_until(self, prompt: str, private: bool) -> bytes:
            assert private
            assert "SUPABASE_DB" in prompt
            answer = answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return bytes(answer)

    scope = lookup_loader.get("supastack.aws.secret_input").run.__globals__
    monkeypatch.setitem(scope, "display", Terminal())
    return answers


@pytest.mark.parametrize(
    ("content", "text"), [(b"a b \r\n\n", "a b "), (b"two\nlines\n", "two\nlines"), ("é".encode(), "é"), (b"", "")]
)
def test_a_file_is_read_without_its_last_line_ends(tmp_path: Path, content: bytes, text: str) -> None:
    (tmp_path / "secret").write_bytes(content)
    assert look_up(file=str(tmp_path / "secret")) == [text]


def test_a_relative_path_begins_where_the_user_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text(SECRET)
    monkeypatch.setenv("PWD", str(tmp_path))
    assert look_up(file="secret") == [SECRET]


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(AnsibleLookupError, match="nothing: No such file"):
        look_up(file=str(tmp_path / "nothing"))


def test_binary_data_is_refused_without_showing_it(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(SECRET.encode() + b"\xff")
    with pytest.raises(AnsibleLookupError, match="SUPABASE_DB is binary data") as failure:
        look_up(file=str(tmp_path / "secret"))
    assert "battery" not in str(failure.value)


def test_standard_input_of_the_process_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    saved = os.dup(0)
    with (tmp_path / "secret").open() as file:
        os.dup2(file.fileno(), 0)
    try:
        monkeypatch.setattr("multiprocessing.parent_process", lambda: None)
        assert look_up(file="-") == [SECRET]
    finally:
        os.dup2(saved, 0)
        os.close(saved)


def test_a_terminal_as_standard_input_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "readlink", lambda path: Path("/dev/pts/3"))
    with pytest.raises(AnsibleLookupError, match="leave file out to be asked"):
        look_up(file="-")


def test_without_proc_a_file_has_to_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "exists", lambda path: False)
    with pytest.raises(AnsibleLookupError, match="needs /proc"):
        look_up(file="-")


def test_what_is_typed_twice_is_taken(typed: list[Any]) -> None:
    typed[:] = [SECRET.encode()] * 2
    assert look_up() == [SECRET]


def test_two_different_values_are_refused(typed: list[Any]) -> None:
    typed[:] = [SECRET.encode(), b"another"]
    with pytest.raises(AnsibleLookupError, match="the two values typed for SUPABASE_DB differ") as failure:
        look_up()
    assert "battery" not in str(failure.value)


def test_where_nobody_can_be_asked_the_ways_are_named(typed: list[Any]) -> None:
    typed[:] = [AnsiblePromptNoninteractive("stdin is not interactive")]
    with pytest.raises(AnsibleLookupError, match="Give a file, or - to read standard input"):
        look_up()


def command(folder: Path, *options: str) -> list[str]:
    """Return the command that runs a playbook with this lookup."""
    playbook = folder / "play.yml"
    tasks = [
        {"ansible.builtin.set_fact": {"got": "{{ " + LOOKUP + " }}"}, "no_log": True},
        {"ansible.builtin.assert": {"that": f"got == '{SECRET}'"}},
    ]
    playbook.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    program = str(Path(sys.executable).parent / "ansible-playbook")
    return [program, "-ilocalhost,", "-clocal", "-vvvv", str(playbook), *options]


def environment() -> dict[str, str]:
    """Return the environment of a run that finds this checkout."""
    return {**os.environ, "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}


def test_a_playbook_reads_what_is_piped_into_it(tmp_path: Path) -> None:
    done = subprocess.run(
        command(tmp_path, "-e", "file=-"),
        cwd=CHECKOUT,
        env=environment(),
        input=f"{SECRET}\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "battery" not in done.stdout + done.stderr


def test_a_playbook_asks_at_a_terminal_twice_and_shows_nothing(tmp_path: Path) -> None:
    leader, follower = pty.openpty()
    with subprocess.Popen(
        command(tmp_path),
        cwd=CHECKOUT,
        env=environment(),
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    ) as process:
        os.close(follower)
        printed, sent, end = "", 0.0, time.monotonic() + 120
        while process.poll() is None and time.monotonic() < end:
            if select.select([leader], [], [], 0.2)[0]:
                try:
                    printed += os.read(leader, 65536).decode()
                except OSError:
                    break
            # A prompt throws away what was typed before it, so somebody patient types again until it goes away.
            _before, prompt, after = printed.rpartition("then Enter:")
            # Between two prompts the terminal would show it.
            hidden = not termios.tcgetattr(leader)[3] & termios.ECHO
            if prompt and "\x1b" not in after and hidden and time.monotonic() > sent + 1:
                os.write(leader, f"{SECRET}\r".encode())
                sent = time.monotonic()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(30)
        process.kill()
    os.close(leader)
    assert process.returncode == 0, printed
    assert printed.count("then Enter:") == 2
    assert "battery" not in printed
