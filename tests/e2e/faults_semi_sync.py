#!/usr/bin/env python3
"""faults_semi_sync.py --bin DIR [--all | --only FAULT…]: a semi-synchronous cluster through faults
beneath its pods.

As faults.py does it with a replication group: a replica's disk full, and the primary's; the
primary's pod cut off from everybody, its server frozen until another took the term, the kubelet
still for a minute, the provisioner frozen and replaced by another, killed at each of its writes,
its watches late and cut.
What a former primary has alone was acknowledged to nobody; that is told, and a person has it
replaced by a copy. No acknowledged row may be lost, and whoever is cut off acknowledges none.
"""
import contextlib
import signal
import sys

import faults
import members
from cluster import Failed, check
from group import delete
from members import SemiSync
from semi_sync import decide, form, make_primary, term
from suite import say


class SmallSemiSync(faults.Small, SemiSync):
    """One whose last member has a small disk."""


class Story(faults.Story):
    """What differs where nobody elects, and a person decides about a former primary."""
    form = staticmethod(form)
    make_primary = staticmethod(make_primary)
    shares = (("disk", "kubelet", "disk_of_primary"), ("partition", "frozen", "taken_over"),
              ("formed", "killed", "late", "cut"))
    least_kills = 3

    def through(self, what, fault, election_from=None, meanwhile=lambda: None, proves=True):
        """`election_from`: who must lose the primary term."""
        number = term(self.group)["number"]

        def decided():
            meanwhile()
            decide(self.group)
        super().through(what, fault, meanwhile=decided, proves=proves)
        if election_from is not None:
            now = term(self.group)
            check(now["number"] > number and now["holder"] != election_from,
                  f"{election_from} was not replaced after: {what}: {now}")
            say(f"{now['holder']} took term {now['number']}")

    def seen_by_others(self):
        return f"the primary term: {term(self.group)}"

    def frozen(self):
        primary = self.group.check_whole()

        def go_on():
            with contextlib.suppress(Failed, ProcessLookupError):  # it is replaced by a copy
                members.kill_server(primary, signal.SIGCONT)
        self.alone(primary, f"server of the primary {primary} frozen",
                   lambda: members.kill_server(primary, signal.SIGSTOP), go_on)

    def late(self):
        """Who serves is told by servers, not by watches."""
        self.proxy.lag = faults.LAG
        primary = self.group.check_whole()
        self.through(f"watches {faults.LAG:.0f} s late: pod of the primary {primary} deleted",
                     lambda: delete(self.group, primary))
        pod = self.secondaries()[0]
        self.through(f"watches {faults.LAG:.0f} s late: pod of the replica {pod} deleted",
                     lambda: delete(self.group, pod))
        self.proxy.lag = 0.0
        check(self.proxy.late > 10, f"only {self.proxy.late} lines were late")


if __name__ == "__main__":
    sys.exit(faults.main(__file__, __doc__, SmallSemiSync("demo"), Story))
