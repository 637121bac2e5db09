# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The process node: a small kubelet that runs pods as local processes, without root, Docker or containerd."""
