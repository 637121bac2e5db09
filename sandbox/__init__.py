# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""An AWS account on one machine: emulated AWS that starts real Kubernetes, PostgreSQL and Supabase processes."""
