# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Gaps of moto's Route 53."""

from __future__ import annotations

from typing import Any

from moto.route53.models import Route53Backend

from sandbox.aws.wrap import wrap


def patch_record_created_again() -> None:
    """A record that was created and deleted cannot be created again while the zone has any record after it.

    Symptom: InvalidChangeBatch, "Tried to create resource record set ... but it already exists", when external-dns
    puts back a record that somebody deleted.
    Source: Route 53 API reference, ChangeResourceRecordSets: CREATE fails only if the record exists.
    """

    def change(original: Any, self: Route53Backend, zoneid: str, change_list: list[dict[str, Any]]) -> None:
        zone = self.get_hosted_zone(zoneid)
        present = {(record.name.strip("."), record.type) for record in zone.rrsets}
        # moto looks for an equal change in its journal first: one that no longer holds misleads it.
        zone.rr_changes[:] = [item for item in zone.rr_changes if item["Action"] != "CREATE" or _key(item) in present]
        original(self, zoneid, change_list)

    wrap(Route53Backend, "change_resource_record_sets", change)


def _key(change: dict[str, Any]) -> tuple[str, str]:
    record = change["ResourceRecordSet"]
    return record["Name"].strip("."), record["Type"]


PATCHES = (patch_record_created_again,)
