# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Emulated AWS: moto's server with the EKS operations it lacks and the corrections that our roles need."""
