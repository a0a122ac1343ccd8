#!/usr/bin/env python3
"""upgrade_semi_sync.py --bin DIR: upgrades a semi-synchronous cluster, replica by replica.

As upgrade_group.py does it with a replication group: on a real Kubernetes, an application writing
throughout, without faults and with the ops manager killed at each step that changes something. The
primary is moved by the provisioner, when the run has named its successor in the primary term. No
acknowledged row may be lost.
"""
import sys

import semi_sync
from cluster import check
from members import SemiSync
from upgrade_group import Kind, main


class Upgraded(SemiSync):
    """What must hold after the upgrade beyond what holds of every such cluster."""

    def check_moved_once(self):
        term = semi_sync.term(self)
        check(term["number"] == 2 and term["opened"] and "successor" not in term,
              f"the primary was not moved once, in good order: {term}")
        check(len(term["voters"]) == 2, f"not two replicas acknowledge: {term}")


if __name__ == "__main__":
    sys.exit(main(Kind(Upgraded, semi_sync.form, __file__), __doc__))
