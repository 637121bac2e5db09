# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The warm process: one interpreter that runs Ansible's Python modules in forks of itself.

On Ansible's side, in its workers: place (start it, give it a program), pipes (take what the program puts out), shell
(what the program would have got from a shell), builder (prepare payloads before they are needed), built (and whether
they are still right).

On the other side, in any Python that modules run with from 3.9 on, so with nothing but the standard library: process
(the loop), task (a fork of it), memory (what is loaded), payload and models (two kinds of it).

On both: wire (the protocol), notes (what the next run will need).
"""
