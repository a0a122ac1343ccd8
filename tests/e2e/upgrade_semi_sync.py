#!/usr/bin/env python3
"""upgrade_semi_sync.py --bin DIR: upgrades a semi-synchronous cluster, replica by replica; with
--strategy NewStatefulSet by another StatefulSet.

As upgrade_group.py does it with a replication group: on a real Kubernetes, an application writing
throughout, without faults and with the ops manager killed at each step that changes something. The
primary is moved by the provisioner, when the run has named its successor in the primary term. No
acknowledged row may be lost. How long nothing is acknowledged is printed, beside the same by hand.
"""
import sys

import semi_sync
from cluster import await_, check, kubectl
from group import lacking, whole
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


def move_by_hand(programs, semi, pod):
    """As a person moves a semi-synchronous primary, by SQL and labels; and back again, so that the
    primary term still says who it is. The provisioner, which would undo it, is away meanwhile."""
    former = semi.check_whole()
    programs.provisioner.stop()
    hand_over(semi, former, pod)
    hand_over(semi, pod, former)
    programs.provisioner.start()
    await_("the cluster is whole, the provisioner back", lambda: whole(semi), 90,
           lambda: lacking(semi))


def hand_over(semi, old, new):
    """The old one is closed first, and opened again by nobody. The third one acknowledges."""
    third = next(pod for pod in semi.pods if pod not in (old, new))
    host = "".join(semi.ask(third, "SELECT HOST FROM performance_schema."
                                   "replication_connection_configuration"))
    source = host.replace(old, new, 1)
    timeout = "".join(semi.ask(old, "SELECT @@GLOBAL.rpl_semi_sync_source_timeout"))
    semi.ask(old, "SET GLOBAL super_read_only = ON")
    missing = semi.ask(new, f"SELECT WAIT_FOR_EXECUTED_GTID_SET('{semi.gtids(old)}', 25)")
    check(missing == ["0"], f"{new} does not get what {old} has: {missing}")
    semi.ask(new, "STOP REPLICA; RESET REPLICA ALL; "
                  "SET GLOBAL rpl_semi_sync_replica_enabled = OFF; "
                  f"SET GLOBAL rpl_semi_sync_source_timeout = {timeout}; "
                  "SET GLOBAL rpl_semi_sync_source_enabled = ON; "
                  "SET GLOBAL super_read_only = OFF; SET GLOBAL read_only = OFF")
    follow(semi, third, source)
    for pod, role in ((new, "primary"), (old, "standby")):
        kubectl("label", "pod", "-n", semi.space, pod, f"kubedb.com/role={role}", "--overwrite")
    follow(semi, old, source)
    await_(f"{old} follows {new}", lambda: whole(semi), 90, lambda: lacking(semi))
    check(semi.check_whole() == new, f"{new} does not take the writes")


def follow(semi, pod, source):
    semi.ask(pod, "STOP REPLICA; SET GLOBAL rpl_semi_sync_source_enabled = OFF; "
                  "SET GLOBAL rpl_semi_sync_replica_enabled = ON; "
                  f"CHANGE REPLICATION SOURCE TO SOURCE_HOST = '{source}', SOURCE_PORT = 3306, "
                  "SOURCE_SSL = 1, SOURCE_AUTO_POSITION = 1, SOURCE_CONNECT_RETRY = 1; "
                  f"START REPLICA USER = 'root' PASSWORD = '{semi.password()}'")


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
    sys.exit(main(Kind(Upgraded, semi_sync.form, __file__, move=move_by_hand),
                  Kind(Upgraded, semi_sync.form, __file__, SemiSyncNewSet), __doc__))
