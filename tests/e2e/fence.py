#!/usr/bin/env python3
"""fence.py --bin DIR: what keeps a semi-synchronous cluster from forking, and a fork without it.

DIR holds ratchetd, and ratchetd_unfenced: built from the same sources but for one line, which has
it promote when one replica fewer than needed stands still (tests/mutants). Starts the cluster by
itself (tests/cluster/run). The primary is cut off from everybody together with a replica, which
goes on acknowledging what an application beside the primary writes. The provisioner must promote
nobody. The other program does, and then the check of rows must find those that are lost.
"""
import sys
import time

import node
from cluster import Failed, await_, check
from group import ROWS, check_rows, lacking, main, through, whole
from members import WRITERS_PATIENCE, Client, SemiSync
from semi_sync import decide, form, term
from suite import say
from writer import Writer


class Side:
    """The side of the cut where the primary is, with one replica."""

    def __init__(self, semi, work, first):
        self.semi = semi
        self.primary = semi.check_whole()
        self.replica, self.other = (pod for pod in semi.pods if pod != self.primary)
        beside = node.server_process(self.primary)
        self.inside = Writer(semi, work / f"acknowledged-{first}",
                             lambda: Client("127.0.0.1", semi.password(), beside,
                                            patience=WRITERS_PATIENCE), first, 0.002)
        self.outside = Writer(semi, work / f"acknowledged-{first + 1}", None, first + 1_000_000,
                              0.002)

    def through(self, happens):
        """`happens()` while the cut lasts."""
        def fault():
            cut = node.Cut(self.primary, self.replica)
            self.inside.start()
            check(self.inside.await_more(20, 30), f"no rows come in beside {self.primary}")
            begun = time.monotonic()
            cut.cut()
            try:
                happens()
                check(self.inside.await_more(ROWS, 60), f"no rows beside {self.primary}, though "
                                                        f"{self.replica} can acknowledge them")
            finally:
                cut.heal()
            say(f"{self.primary} and {self.replica} were cut off for "
                f"{time.monotonic() - begun:.1f} s, where {len(self.inside.acknowledged)} rows "
                "were acknowledged")
            self.heals()
        self.outside.start()
        through(self.semi, self.outside, f"{self.primary} and {self.replica} cut off", fault,
                proves=False)
        self.inside.stop()
        self.outside.stop()

    def heals(self):
        """A person decides what is asked; nothing is, if nobody was promoted."""
        def whole_again():
            decide(self.semi)
            return whole(self.semi)
        await_("the cluster is whole again", whole_again, 240, lambda: lacking(self.semi))


def fenced(semi, work):
    side, before = Side(semi, work, 0), term(semi)

    def nobody_is_promoted():
        await_("it is said who is missing", lambda: semi.lacks()[0] == "WaitingForVoters", 90,
               lambda: lacking(semi))
        time.sleep(5)  # looks at it a few more times
        reason, message = semi.lacks()
        check(reason == "WaitingForVoters" and side.replica in message, f"{reason}: {message}")
        check(term(semi) == before, f"the term was {before} and is {term(semi)}")
        say(f"nobody was promoted: {message}")
    side.through(nobody_is_promoted)
    check(term(semi) == before, f"the term was {before} and is {term(semi)}")
    check_rows(semi, side.inside, side.outside)


def unfenced(semi, work):
    daemon = semi.provisioner
    daemon.stop()
    daemon.words[0] += "_unfenced"
    daemon.start()
    side, number = Side(semi, work, 10_000_000), term(semi)["number"]

    def another_is_promoted():
        await_("another takes the term", lambda: term(semi)["number"] > number, 60)
        check(term(semi)["holder"] == side.other, f"not {side.other}: {term(semi)}")
    side.through(another_is_promoted)
    try:
        check_rows(semi, side.inside, side.outside)
    except Failed as failure:
        check("acknowledged rows" in str(failure), f"not for lost rows: {failure}")
        say(f"without the fence, as it must be: {str(failure)[:120]}…")
        return
    raise Failed("a fork was made, and the check of rows found nothing")


def story(semi, work):
    form(semi)
    fenced(semi, work)
    unfenced(semi, work)


if __name__ == "__main__":
    sys.exit(main(__file__, __doc__, SemiSync("demo"), story))
