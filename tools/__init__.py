# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set-up of a checkout, and where it puts things; standard library only, because it runs before anything else."""
