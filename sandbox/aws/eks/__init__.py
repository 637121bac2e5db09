# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Amazon EKS, shaped by botocore's service model; clusters are real control planes on this machine."""
