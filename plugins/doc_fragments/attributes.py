# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module of this collection promises."""

from __future__ import annotations


class ModuleDocFragment:
    """The attributes that all modules have in full, and those of modules that only read."""

    DOCUMENTATION = r"""
attributes:
  check_mode:
    support: full
    description:
      - Predicts the result without changing anything. Values that only AWS can tell end with V(known-after-apply).
  diff_mode:
    support: full
    description: Shows the compared values before and after.
  idempotent:
    support: full
    description: Changes nothing when the resource already is as wanted.
  action_group:
    support: full
    membership:
      - supastack.aws.aws
    description: Use C(group/supastack.aws.aws) in C(module_defaults) to set options for all modules of the group.
"""

    INFO = r"""
attributes:
  check_mode:
    support: full
    description: Reads only, so it does the same in check mode.
  diff_mode:
    support: N/A
    description: Changes nothing.
  idempotent:
    support: full
    description: Changes nothing.
  action_group:
    support: full
    membership:
      - supastack.aws.aws
    description: Use C(group/supastack.aws.aws) in C(module_defaults) to set options for all modules of the group.
"""
