#!/usr/bin/env python3
"""upgrades.py [--bin DIR] [--images DIR] [COUNT…]: what ratchetd costs while it upgrades.

For each COUNT of MySQLs (1, 10), on a cluster of its own (localcluster, from DIR): real MariaDB
10.11 servers, all upgraded to 11.8 at once. Of one ratchetd with both roles: after what time every
request had a status, its memory at most, and of each upgrade API requests, Events, processor time
and bytes of the log. IMAGES is where tools/demo keeps the server images. Needs root, and about
100 MB of memory and of disk a server.
Prints a table; figures, not verdicts.
"""
import argparse
import pathlib
import sys
import tempfile
import time

from footprint import SOURCE, Cluster, await_, cache_of_images, catalogue, versions

NAMES = ("mariadb-bookworm", "mariadb-trixie")
MYSQL = """
apiVersion: kubedb.com/v1
kind: MySQL
metadata: {{name: db-{0}, namespace: demo}}
spec:
  version: "{1}"
  storageType: Durable
  storage:
    storageClassName: standard
    accessModes: [ReadWriteOnce]
    resources: {{requests: {{storage: 1Gi}}}}
  podTemplate:
    spec:
      containers:
        - name: mysql
          args: ["--innodb-buffer-pool-size=8M", "--innodb-log-file-size=8M"]
  deletionPolicy: WipeOut
"""
REQUEST = """
apiVersion: ops.kubedb.com/v1alpha1
kind: MySQLOpsRequest
metadata: {{name: upgrade-{0}, namespace: demo}}
spec:
  type: UpdateVersion
  databaseRef: {{name: db-{0}}}
  updateVersion: {{targetVersion: "{1}"}}
"""


def phases(cluster, kind):
    return [(thing.get("status") or {}).get("phase") for thing in cluster.get(kind)["items"]]


def peak(process):
    """The most that was ever resident, in megabytes (10^6 bytes)."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / 1e6


def bytes_in(folder):
    return sum(file.stat().st_size for file in folder.iterdir() if file.is_file())


def follow(cluster, count):
    """Until all have ended: how many were under way at once, at most, and after what time no
    request was without an answer any more."""
    most, answered, begun = 0, None, time.monotonic()
    deadline = begun + 3600
    while True:
        seen = phases(cluster, "mysqlopsrequest")
        most = max(most, seen.count("Progressing"))
        if answered is None and None not in seen:
            answered = time.monotonic() - begun
        if "Failed" in seen:
            raise SystemExit(f"upgrades: {seen.count('Failed')} of {count} failed")
        if seen.count("Successful") == count:
            return most, answered
        if time.monotonic() > deadline:
            raise SystemExit(f"upgrades: not all have ended within an hour: {seen}")
        time.sleep(1)


def measure(programs, images, count):
    """One row of the table."""
    old, new = (versions(images)[name] for name in NAMES)
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(programs, pathlib.Path(folder), images)
        try:
            cluster.prepare(catalogue(images, NAMES))
            cluster.start_ratchetd()
            cluster.apply("---".join(MYSQL.format(i, old) for i in range(count)))
            await_("every MySQL is Ready",
                   lambda: phases(cluster, "mysql").count("Ready") == count, 3600)
            requests, spent = cluster.requests(), cluster.processor_seconds()
            events, begun = len(cluster.get("events")["items"]), time.monotonic()
            before = bytes_in(cluster.folder / "log")
            cluster.apply("---".join(REQUEST.format(i, new) for i in range(count)))
            most, answered = follow(cluster, count)
            return (count, most, answered, time.monotonic() - begun, peak(cluster.daemon),
                    (cluster.requests() - requests) / count,
                    (len(cluster.get("events")["items"]) - events) / count,
                    (cluster.processor_seconds() - spent) / count,
                    (bytes_in(cluster.folder / "log") - before) / count / 1000)
        finally:
            cluster.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("counts", metavar="COUNT", type=int, nargs="*", default=[1, 10])
    parser.add_argument("--bin", type=pathlib.Path, default=SOURCE / "build/release/bin")
    parser.add_argument("--images", type=pathlib.Path, default=cache_of_images())
    options = parser.parse_args()
    print(f"{'MySQLs':>7} {'at once':>8} {'answered s':>11} {'seconds':>8} {'peak MB':>8} "
          f"{'requests':>9} {'Events':>7} {'CPU s':>6} {'log kB':>7}"
          "   (the last four: of each upgrade)")
    for count in options.counts:
        row = measure(options.bin.resolve(), options.images.resolve(), count)
        print("{:>7} {:>8} {:>11.0f} {:>8.0f} {:>8.1f} {:>9.0f} {:>7.0f} {:>6.2f} {:>7.1f}"
              .format(*row), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
