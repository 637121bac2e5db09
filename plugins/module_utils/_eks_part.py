# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What EKS makes and deletes over minutes in a cluster, such as add-ons: reading it, waiting for it, removing it."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._eks import active_cluster, health
from ansible_collections.supastack.aws.plugins.module_utils._module import Result
from ansible_collections.supastack.aws.plugins.module_utils._waiters import Waiter


@dataclasses.dataclass(frozen=True)
class Part:
    """One kind of such parts. The options of its module have cluster_name, name, wait and wait_timeout.

    :param noun: names the kind in messages.
    :param describe: returns a part by the names of its cluster and its own, None when there is none.
    :param view: returns a described part as the module returns and compares it.
    :param delete: starts the deletion of the part that the options name.
    :param failed: the statuses that end a wait for another one.
    :param pause: seconds between two reads at most.
    """

    noun: str
    describe: t.Callable[[t.Any, str, str], Plain | None]
    view: t.Callable[[t.Any, Plain], Plain]
    delete: t.Callable[[t.Any, Plain], None]
    failed: t.Container[str]
    pause: float

    def find(self, client: t.Any, options: Plain) -> Plain | None:
        """Return the part as EKS describes it; None also when the cluster does not exist."""
        return self.describe(client, options["cluster_name"], options["name"])

    def read(self, client: t.Any, options: Plain, check_mode: bool) -> Plain | None:
        """Return the part as the module compares it, after waiting for one that is being deleted to go."""
        found = self.find(client, options)
        if found is not None and found["status"] == "DELETING":
            if not check_mode:
                self.wait_until_gone(client, options, "DELETING")
            return None
        return None if found is None else self.view(client, found)

    def wait(self, client: t.Any, options: Plain, statuses: t.Container[str]) -> Plain:
        """Return the part once it has one of the statuses; a failed one ends the wait."""
        # Just after its creation, a part may not be visible yet.
        return Waiter[Plain](
            goal=self._named(options),
            read=lambda: self.find(client, options) or {"status": "not visible"},
            ready=lambda found: found["status"] in statuses,
            failure=lambda found: health(found) if found["status"] in self.failed else None,
            progress=health,
            pause=self.pause,
        ).wait(options["wait_timeout"])

    def wait_until_gone(self, client: t.Any, options: Plain, status: str) -> None:
        """Wait until the part is deleted.

        :param status: the one it had before; one whose deletion failed reads so until the new deletion shows.
        """
        Waiter[Plain | None](
            goal=f"{self._named(options)} to be deleted",
            read=lambda: self.find(client, options),
            ready=lambda found: found is None,
            failure=lambda found: health(found) if found and status != found["status"] == "DELETE_FAILED" else None,
            progress=health,
            pause=self.pause,
        ).wait(options["wait_timeout"])

    def make_room(self, client: t.Any, options: Plain, broken: Plain | None) -> None:
        """Wait until the cluster takes a new part, and remove one of its name that is not usable."""
        active_cluster(client, options["cluster_name"], options["wait_timeout"])
        if broken:
            self.delete(client, options)
            self.wait_until_gone(client, options, broken["status"])

    def ensure_absent(self, client: t.Any, options: Plain, check_mode: bool) -> Result:
        """Remove the part."""
        found = self.find(client, options)
        if found is None:
            return Result(Difference(None, None), None)
        difference = Difference(None if found["status"] == "DELETING" else self.view(client, found), None)
        if not check_mode:
            if difference.deletes:
                self.delete(client, options)
            if options["wait"]:
                self.wait_until_gone(client, options, found["status"])
        return Result(difference, None)

    def _named(self, options: Plain) -> str:
        return f"the {self.noun} {options['name']} of the EKS cluster {options['cluster_name']}"
