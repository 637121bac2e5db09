# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets modules of collections be imported."""

from __future__ import annotations

import functools

from ansible.plugins.loader import init_plugin_loader

from tools.places import CHECKOUT


@functools.cache
def load_collections() -> None:
    """To be called by each conftest.py before anything of a collection is imported; a second time would break it."""
    init_plugin_loader([str(CHECKOUT / ".collections")])
