#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
#
# An inventory script: gives the variable sandbox_state, which is what a running sandbox says of itself, and none when
# there is no such sandbox. A variable that looks the file up would read it again for every value of every task.
set -eu
state=$(dirname "$0")/../../.sandbox/${SANDBOX_NAME:-demo}/state.json
printf '{"_meta": {"hostvars": {}}, "all": {"vars": {'
if [ -f "$state" ]; then
  printf '"sandbox_state": '
  cat "$state"
fi
printf '}}}\n'
