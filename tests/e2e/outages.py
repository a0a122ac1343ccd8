"""Faults of a replication group in which nobody is left, and a person decides who forms it."""
import json

import members
import node
from cluster import await_, check
from group import decide, delete, lacking
from members import Client
from suite import say

ALONE = -2  # the row that one member alone has


class Outages:
    """Of faults.Story."""

    def outage(self):
        """All servers are lost, and of one nobody knows what it has: nobody forms the group before
        a person says so. It leaves what it is left with, and joins."""
        def fault(away, others):
            for pod in others:
                members.kill_server(pod)
            self.approved_without(away)
        self.without_one("servers", fault)

    def apart(self):
        """The same; and the one that is away has a transaction that the group never had, whose
        number the group gives to another one meanwhile. By numbers alone it would be taken in, with
        a row of its own, and without one that was acknowledged."""
        def fault(away, others):
            beside = Client("127.0.0.1", self.group.password(), node.server_process(away))
            check(beside.ask("STOP GROUP_REPLICATION", 90) is not None, f"{away} does not leave")
            delete(self.group, *others)
            self.approved_without(away)
            self.write_alone(away, beside)
        away, asked = self.without_one("pods", fault)
        check(asked, f"nobody was asked about what {away} has alone")
        check(self.group.ask(away, f"SELECT COUNT(*) FROM shop.orders WHERE id = {ALONE}") == ["0"],
              f"{away} was not made a copy of the group")

    def without_one(self, what, fault):
        """`fault(away, others)` while one is cut off; it comes back when rows are written again.
        The one that was away, and whether a person was asked about what it has alone."""
        away = self.secondaries()[-1]
        others = sorted(set(self.group.pods) - {away})
        cut = node.Cut(away)
        asked = []

        def begin():
            cut.cut()
            fault(away, others)

        def come_back():
            cut.heal()
            asked.append(decide(self.group))
        try:
            self.through(f"{away} cut off, the {what} of the others lost", begin,
                         meanwhile=come_back)
        finally:
            cut.heal()
        return away, any(asked)

    def approved_without(self, away):
        say(await_("a person is asked", lambda: self.group.approve_bootstrap(away), 150,
                   lambda: lacking(self.group)))

    def write_alone(self, away, beside):
        """With the number that the group, as it is formed, gives next."""
        def formed_from():
            annotations = self.group.get()["metadata"].get("annotations") or {}
            return json.loads(annotations.get("ratchet.dev/formed-without", "{}")).get(away)
        noted = await_("what the group is formed from is noted", formed_from, 30)
        name, ranges = noted.split(":", 1)
        last = int(ranges.split(":")[0].split("-")[-1])
        words = ("SET GLOBAL super_read_only = OFF; SET GLOBAL read_only = OFF; "
                 f"SET GTID_NEXT = '{name}:{last + 1}'; INSERT INTO shop.orders VALUES ({ALONE}); "
                 "SET GTID_NEXT = AUTOMATIC; SET GLOBAL super_read_only = ON")
        check(beside.ask(words) is not None, "the row that nobody else has is not taken")
        beside.close()
