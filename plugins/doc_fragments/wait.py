# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of modules whose resources AWS builds on its own time."""

from __future__ import annotations


class ModuleDocFragment:
    """The options wait and wait_timeout, and wait_timeout alone for modules that always wait."""

    DOCUMENTATION = r"""
options:
  wait:
    description:
      - Whether to wait until AWS has finished. Check mode never waits.
      - The module fails as soon as AWS reports that it cannot finish, and quotes the reason that AWS gives.
      - With V(false), the module still waits for what stands in the way of a change it has to make, for example for a
        resource of the same name that is being deleted.
    type: bool
    default: true
  wait_timeout:
    description:
      - Seconds to wait for one state.
    type: int
    default: 1800
"""

    TIMEOUT = r"""
options:
  wait_timeout:
    description:
      - Seconds to wait for one state. Check mode never waits.
    type: int
    default: 1800
"""
