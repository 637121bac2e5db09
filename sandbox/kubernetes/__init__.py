# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The Kubernetes side of an emulated EKS cluster: real control plane, token and admission webhooks."""
