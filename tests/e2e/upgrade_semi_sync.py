#!/usr/bin/env python3
"""upgrade_semi_sync.py --bin DIR: upgrades a semi-synchronous cluster, replica by replica; with
--strategy NewStatefulSet by another StatefulSet.

As upgrade_group.py does it with a replication group: on a real Kubernetes, an application writing
throughout, without faults and with the ops manager killed at each step that changes something. The
primary is moved by the provisioner, when the run has named its successor in the primary term. No
acknowledged row may be lost.
"""
import sys

import semi_sync
from cluster import await_, check
from members import SemiSync
from upgrade_group import Kind, NewSetUpgrade, main

LEAVING = "ratchet.dev/leaving-set"


class Upgraded(SemiSync):
    """What must hold after the upgrade beyond what holds of every such cluster."""

    def check_moved_once(self):
        term = semi_sync.term(self)
        check(term["number"] == 2 and term["opened"] and "successor" not in term,
              f"the primary was not moved once, in good order: {term}")
        check(len(term["voters"]) == 2, f"not two replicas acknowledge: {term}")


class SemiSyncNewSet(NewSetUpgrade):
    """Whoever goes gives up its vote before."""

    def check_objects(self):
        super().check_objects()
        group = self.group
        group.check_moved_once()
        voters = semi_sync.term(group)["voters"]
        check(sorted(voters) == group.pods[1:], f"others than the new replicas vote: {voters}")
        await_("nobody is said to leave any more",
               lambda: LEAVING not in group.get()["metadata"]["annotations"], 60)
        ids = ["".join(group.ask(pod, "SELECT @@server_id")) for pod in group.pods]
        check(ids == ["111", "112", "113"], f"server_ids are not 111, 112, 113: {ids}")


if __name__ == "__main__":
    sys.exit(main(Kind(Upgraded, semi_sync.form, __file__),
                  Kind(Upgraded, semi_sync.form, __file__, SemiSyncNewSet), __doc__))
