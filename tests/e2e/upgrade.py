#!/usr/bin/env python3
"""upgrade.py SCENARIO --bin DIR: upgrades a MySQL on a real Kubernetes, through SIGKILLs.

SCENARIO is `minor` (a patch release of MariaDB, `UpdateVersion`) or `major` (10.11 to 11.8,
`Upgrade`). DIR holds ratchetd, ratchetctl and ratchetctl_swapped. Starts the cluster by itself
(tests/cluster/run). Three databases are upgraded, one after another: without faults; with the ops
manager killed at each command and completion of the first; and at three moments of the API. An
application writes throughout, and no acknowledged row may be lost. How long nothing is acknowledged
is printed, beside the plan's estimate and the same change made by hand to a fourth one. A way back
is refused, and so is an image that cannot be pulled, before anything is touched.
"""
import json
import os
import sys
import time

import checks
import cluster
import kills
from cluster import Database, Request, check, kubectl
from daemons import STARTED
from history import kinds_of
from members import WRITERS_PATIENCE, Client
from suite import parser_of, say, with_both_roles
from writer import Writer

SCENARIOS = {  # pairs of images from and to, spelling of the request
    # Suites catch up with each other: the first pair that is a patch release today.
    "minor": ([("mariadb-bookworm", "mariadb-bookworm-security"),
               ("mariadb-trixie", "mariadb-sid")], ("UpdateVersion", "updateVersion")),
    "major": ([("mariadb-bookworm", "mariadb-trixie")], ("Upgrade", "upgrade")),
}


def images_of(scenario):
    """The images from and to. Where no pair differs, the minor one replaces a build by another."""
    pairs, _ = SCENARIOS[scenario]
    if scenario != "minor":
        return pairs[0]
    servers = {pair: [cluster.server_of(image).split(".") for image in pair] for pair in pairs}
    patches = [pair for pair, (source, target) in servers.items()
               if source[:2] == target[:2] and source != target]
    return (patches or [pair for pair, (one, other) in servers.items() if one == other])[0]


def application(programs, database, image):
    """A writer to whatever server the service leads to, by the client of that image."""
    def connect():
        address = database.address()
        if not address:
            return None
        return Client(address, database.password(), image=image, patience=WRITERS_PATIENCE)
    return Writer(database, programs.work / f"acknowledged-{database.space}", connect,
                  table="shop.written")


class Upgrade:
    """One database, its request, and what is known of the upgrade at its end."""

    def __init__(self, programs, space, scenario):
        source, target = images_of(scenario)
        _, spelling = SCENARIOS[scenario]
        self.programs = programs
        self.database = Database(space)
        self.request = Request(self.database, spelling, cluster.version_of(target))
        self.source = cluster.version_of(source)
        self.writer = application(programs, self.database, source)
        self.server_log = ""

    def run(self, steer):
        """Carries it out; `steer(run id)` returns at its end what the caller wants to know."""
        self.database.create(self.source)
        checks.write_rows(self.database)
        say(f"{self.database.space}: {self.source} is Ready and has {checks.ROWS} rows")
        self.writer.start()
        check(self.writer.await_more(20, 30), "no rows come in before the upgrade")
        foreseen = self.dry_run()
        with self.database.open_server_log() as log:
            run = self.request.create()
            known = steer(run)
            self.request.await_end(60)
            self.server_log = log.read()
        check(self.writer.await_more(20, 60), "no rows come in after the upgrade")
        self.writer.stop()
        planned = self.plan(run)
        check(planned == foreseen, f"the run's plan is {planned}, the dry run's was {foreseen}")
        return known

    def plan(self, *words):
        code, output = self.programs.ratchetctl("-o", "json", "plan", *words)
        check(code == 0, f"ratchetctl plan {' '.join(words)} ended with {code}: {output}")
        return checks.without_digest(json.loads(output)["plan"])

    def dry_run(self):
        """The plan, with no request there, by the ops manager's own rights: what a dry run wrote
        would be a write without an intent (checks.check_writes)."""
        return self.plan("--database", f"{self.database.space}/{self.database.name}",
                         "--target", self.request.target,
                         "--kubeconfig", os.environ["RATCHET_KUBECONFIG_OPS"])

    def check(self, events, expected_writes=None):
        checks.check_objects(self.database, self.request)
        checks.check_server(self.database, self.request)
        checks.check_digest(self.programs, self.request, [self.database.pod])
        checks.check_written(self.database, self.writer)
        checks.check_shutdown(self.server_log)
        checks.check_words(self.database, self.request, pod=self.database.pod)
        checks.check_pod_replaced_once(self.database.space, self.database.pod)
        writes = checks.check_writes(self.database, events, expected_writes)
        checks.check_record(self.programs)
        checks.check_status_anchor(self.programs, self.request)
        say(f"{self.database.space}: {len(self.writer.acknowledged)} acknowledged rows, none lost; "
            f"the longest time without one: {self.writer.longest_gap(0):.2f} s "
            f"(planned: {checks.planned_outage(self.request)})")
        say(f"{self.database.space}: {self.request.target}, all checks passed; "
            f"{checks.footprint(self.database, self.request)}")
        self.database.remove()
        return writes


def upgrade_without_faults(programs, scenario):
    upgrade = Upgrade(programs, "demo", scenario)
    events = upgrade.run(lambda run: kills.follow_to_end(programs, run, 180))
    return kinds_of(events), upgrade.check(events)


def upgrade_killed_at_events(programs, scenario, way, writes):
    upgrade = Upgrade(programs, "demo-killed", scenario)

    def steer(run):
        return kills.kill_at_each_event(programs, run, way, 600)
    events, summary = upgrade.run(steer)
    say(f"{summary}; {kills.found_done(events)} steps were found done")
    upgrade.check(events, writes)


def upgrade_killed_at_moments(programs, scenario, way, writes):
    upgrade = Upgrade(programs, "demo-moments", scenario)
    moments = []

    def steer(run):
        # Slices are shorter than a write takes: most end between a write and its answer, so that
        # the kill comes when the effect has landed and its result is not recorded.
        with programs.ops_manager.sliced(0.001, 0.12, after=STARTED):
            moments.append(kills.Moments(programs, upgrade))
            return kills.follow_to_end(programs, run, 180)
    try:
        events = upgrade.run(steer)
    finally:
        for watching in moments:
            watching.close()
    kills.same_way(events, way)
    say(f"killed when: {', '.join(moments[0].hit)}; {kills.found_done(events)} steps were found "
        "done")
    upgrade.check(events, writes)


def pause(database):
    """As KubeDB's `kubectl dba pause` does: the provisioner leaves the spec alone from here on."""
    condition = {"type": "Paused", "status": "True", "reason": "ByHand",
                 "message": "somebody works on it",
                 "lastTransitionTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    patch = [{"op": "add", "path": "/status/conditions/-", "value": condition}]
    kubectl("patch", "mysql.kubedb.com", database.name, "-n", database.space,
            "--subresource=status", "--type=json", "-p", json.dumps(patch))


def change_by_hand(programs, scenario):
    """What a person gets who changes the image of the StatefulSet and deletes the pod: the longest
    time without an acknowledged write."""
    source, target = images_of(scenario)
    database = Database("demo-by-hand")
    database.create(cluster.version_of(source))
    checks.write_rows(database)
    writer = application(programs, database, source)
    writer.start()
    check(writer.await_more(20, 30), "no rows come in before the change by hand")
    pause(database)
    if scenario == "major":
        database.sql("SET GLOBAL innodb_fast_shutdown = 0")
    kubectl("set", "image", "-n", database.space, f"statefulset/{database.name}",
            f"mysql={cluster.indexed(target)[3]}")
    kubectl("delete", "pod", "-n", database.space, database.pod)
    check(writer.await_more(20, 120), "no rows come in after the change by hand")
    writer.stop()
    version = database.sql("SELECT VERSION()").split("-")[0]
    check(version == cluster.server_of(target).split("-")[0], f"by hand the server is {version}")
    checks.check_written(database, writer)
    say(f"{database.space}: the same by hand: {writer.longest_gap(0):.2f} s")
    database.remove()


def refuse_unpullable(scenario):
    """An image that the node cannot pull is found before anything is touched, in the kubelet's
    words; nothing but the database's pod is left."""
    source, _ = images_of(scenario)
    numbers = cluster.server_of(source).split("-")[0].split(".")
    newer = ".".join([*numbers[:2], str(int(numbers[2]) + 1)])
    cluster.apply(f"""
apiVersion: catalog.kubedb.com/v1alpha1
kind: MySQLVersion
metadata: {{name: nowhere}}
spec:
  version: "{newer}"
  distribution: MariaDB
  db: {{image: "registry.invalid/mariadb:{newer}"}}
""")
    database = Database("demo-image")
    database.create(cluster.version_of(source))
    pod = database.pod_uid()
    request = Request(database, SCENARIOS[scenario][1], "nowhere")
    request.create()
    request.await_end(240)
    failed = [c["message"] for c in cluster.conditions_of(request.get()) if c["type"] == "Failed"]
    check(failed and f"blocking image-pull ({database.pod})" in failed[0]
          and "ErrImagePull" in failed[0], f"the request says {failed}")
    check(database.pod_uid() == pod, "the pod was replaced")
    cluster.await_("the pod that tried the image is gone",
                   lambda: cluster.kubectl("get", "pods", "-n", database.space, "-o",
                                           "name").split() == [f"pod/{database.pod}"], 60)
    say(f"{database.space}: {failed[0][:200]}")
    database.remove()


def refuse_forbidden():
    """The way back, of real servers: refused with the reason, and nothing is touched."""
    source, target = images_of("major")
    database = Database("demo-forbidden")
    database.create(cluster.version_of(target))

    def touched():
        return [cluster.get(database.space, *thing)["metadata"][what] for thing, what in
                ((("pod", database.pod), "uid"),
                 (("statefulset", database.name), "generation"),
                 (("mysql.kubedb.com", database.name), "generation"))]
    before = touched()
    request = Request(database, SCENARIOS["major"][1], cluster.version_of(source))
    request.create()
    request.await_end(60)
    failed = [c["message"] for c in cluster.conditions_of(request.get()) if c["type"] == "Failed"]
    check(failed and "does not open files of a newer version" in failed[0],
          f"the request says {failed}")
    check(touched() == before, f"something was touched: {before}, then {touched()}")
    check(not database.is_paused(), "the MySQL is paused")
    say(f"{database.space}: {failed[0][:200]}")
    database.remove()


def story(programs, scenario):
    say(f"the cluster runs, and both roles of ratchetd; upgrades ({scenario}) without faults")
    way, writes = upgrade_without_faults(programs, scenario)
    change_by_hand(programs, scenario)
    say(f"{len(way)} commands and completions, {len(writes)} writes; next: killed at each")
    upgrade_killed_at_events(programs, scenario, way, writes)
    upgrade_killed_at_moments(programs, scenario, way, writes)
    refuse_unpullable(scenario)
    if scenario == "major":
        refuse_forbidden()


def main():
    parser = parser_of(__doc__)
    parser.add_argument("scenario", choices=SCENARIOS)
    options = parser.parse_args()
    return cluster.in_its_own(__file__, " ".join(images_of(options.scenario)),
                              lambda: with_both_roles(options.bin.resolve(), lambda programs: story(
                                  programs, options.scenario)))


if __name__ == "__main__":
    sys.exit(main())
