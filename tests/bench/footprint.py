#!/usr/bin/env python3
"""footprint.py [--bin DIR] [--images DIR] [--seconds N] [COUNT…]: what an idle ratchetd costs.

For each COUNT of MySQLs (0, 10, 100), on a cluster of its own (localcluster, from DIR): memory,
processor time and API requests of one ratchetd with both roles, over N seconds (60) after all was
made and ratchetd has given back what its start had needed. Of the memory the most in that time, and
how much is the process's own; the rest are pages of files, which the kernel can take away and read
again. The pods stay pending: their image is nowhere. Then one more MySQL is applied, a real MariaDB
from IMAGES (where tools/demo keeps them): after what time its pod was ready, and after what time it
was. Needs root. Prints a table; figures, not verdicts.
"""
import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
USER = "ratchetd"
SETTLED = 70  # seconds after the last object; every minute ratchetd gives back memory
VERSION = """
apiVersion: catalog.kubedb.com/v1alpha1
kind: MySQLVersion
metadata: {name: "9.7.4"}
spec: {version: "9.7.4", distribution: Official, db: {image: "nowhere/mysql:9.7.4"}}
"""
REAL = "mariadb-trixie"
MYSQL = """
apiVersion: kubedb.com/v1
kind: MySQL
metadata: {{name: {0}, namespace: demo}}
spec:
  version: "{1}"
  storageType: Durable
  storage:
    storageClassName: standard
    accessModes: [ReadWriteOnce]
    resources: {{requests: {{storage: 1Gi}}}}
  deletionPolicy: WipeOut
"""


class Cluster:
    """localcluster and one ratchetd, in a folder of their own."""

    def __init__(self, programs, folder, images):
        self.programs, self.folder = programs, folder
        self.kubeconfig = folder / "kubeconfig"
        self.server = self._run("localcluster", "serve", "--dir", folder / "cluster", "--images",
                                images, "--kubeconfig-out", self.kubeconfig, "--user", USER)
        await_("the API server", self.kubeconfig.exists, 20)
        self.daemon = None

    def _run(self, program, *words):
        with open(self.folder / f"{program}.out", "ab") as out:
            return subprocess.Popen([self.programs / program, *words], stdout=out, stderr=out,
                                    stdin=subprocess.DEVNULL)

    def start_ratchetd(self):
        """As a user of its own, so that its requests can be told from others'."""
        config = json.loads(self.kubeconfig.read_text()) | {"current-context": USER}
        own = self.folder / "kubeconfig-of-ratchetd"
        own.write_text(json.dumps(config))
        self.daemon = self._run("ratchetd", "--role", "all", "--log", self.folder / "log",
                                "--kubeconfig", own)

    def prepare(self, catalogue):
        for crd in sorted((SOURCE / "k8s/manifests/crds").glob("*.yaml")):
            self.apply(crd.read_text())
        self.apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: demo}\n")
        self.apply(catalogue)

    def apply(self, manifests):
        subprocess.run([self.programs / "localcluster", "apply", "--kubeconfig", self.kubeconfig,
                        "-f", "-"], input=manifests, text=True, check=True, capture_output=True)

    def get(self, *words):
        done = subprocess.run([self.programs / "localcluster", "get", "--kubeconfig",
                               self.kubeconfig, "-n", "demo", *words, "-o", "json"],
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"localcluster get {' '.join(words)} failed: {done.stderr}")
        return json.loads(done.stdout)

    def requests(self):
        """How many ratchetd has made."""
        with open(self.folder / "cluster/audit.log", encoding="utf-8") as log:
            return sum(json.loads(line)["user"]["username"] == USER for line in log)

    def processor_seconds(self):
        fields = pathlib.Path(f"/proc/{self.daemon.pid}/stat").read_text().rsplit(") ", 1)[1]
        return sum(map(int, fields.split()[11:13])) / os.sysconf("SC_CLK_TCK")

    def memory(self, field):
        """In megabytes (10^6 bytes); VmRSS: all that is resident, RssAnon: its own part of it."""
        status = pathlib.Path(f"/proc/{self.daemon.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith(field + ":"))
        return int(line.split()[1]) * 1024 / 1e6

    def most_memory(self, seconds):
        """The most that is resident within that time, and its own part then."""
        end, most = time.monotonic() + seconds, (0, 0)
        while time.monotonic() < end:
            if self.daemon.poll() is not None:
                raise SystemExit(f"footprint: ratchetd ended with {self.daemon.returncode}")
            most = max(most, (self.memory("VmRSS"), self.memory("RssAnon")))
            time.sleep(1)
        return most

    def stop(self):
        for process in (self.daemon, self.server):
            if process is None or process.poll() is not None:
                continue
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def versions(images):
    """By name, from the index of the images."""
    rows = [line.split("\t") for line in (images / "index.tsv").read_text().splitlines()]
    return {row[0]: row[2] for row in rows[1:]}


def catalogue(images, names):
    """MySQLVersions of these images."""
    if not (images / "index.tsv").exists():
        raise SystemExit(f"{images} has no images: `tools/setup demo` makes them")
    index = (images / "index.tsv").read_text().splitlines()
    chosen = index[:1] + [line for line in index if line.split("\t")[0] in names]
    done = subprocess.run([SOURCE / "k8s/manifests/catalogue"], input="\n".join(chosen) + "\n",
                          text=True, check=True, capture_output=True)
    return done.stdout


def await_(what, ready, seconds):
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise SystemExit(f"footprint: not within {seconds} s: {what}")
        time.sleep(0.2)


def pod_is_ready(cluster, name):
    pods = [pod for pod in cluster.get("pod")["items"] if pod["metadata"]["name"] == f"{name}-0"]
    conditions = [c for pod in pods for c in pod.get("status", {}).get("conditions", [])]
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def time_to_ready(cluster, version):
    """From apply, in seconds: until the pod is ready, until the MySQL is."""
    begun = time.monotonic()
    cluster.apply(MYSQL.format("real", version))
    await_("the pod of a real server is ready", lambda: pod_is_ready(cluster, "real"), 300)
    pod = time.monotonic() - begun
    await_("the MySQL of a real server is Ready", lambda: cluster.get("mysql", "real").get(
        "status", {}).get("phase") == "Ready", 300)
    return pod, time.monotonic() - begun


def measure(programs, images, count, seconds):
    """One row: count, MB, MB of its own, requests a minute, processor time in thousandths, seconds
    until a real server's pod was ready, and its MySQL."""
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(programs, pathlib.Path(folder), images)
        try:
            cluster.prepare(VERSION)
            cluster.apply(catalogue(images, [REAL]))
            cluster.start_ratchetd()
            if count > 0:
                cluster.apply("---".join(MYSQL.format(f"db-{i}", "9.7.4") for i in range(count)))
            await_("every StatefulSet is there",
                   lambda: len(cluster.get("statefulset")["items"]) == count, 120)
            time.sleep(SETTLED)
            requests, spent = cluster.requests(), cluster.processor_seconds()
            resident, own = cluster.most_memory(seconds)
            idle = (count, resident, own, (cluster.requests() - requests) * 60 / seconds,
                    (cluster.processor_seconds() - spent) * 1000 / seconds)
            return idle + time_to_ready(cluster, versions(images)[REAL])
        finally:
            cluster.stop()


def cache_of_images():
    cache = os.environ.get("RATCHET_CACHE") or pathlib.Path.home() / ".cache/ratchet"
    return pathlib.Path(cache) / "images"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("counts", metavar="COUNT", type=int, nargs="*", default=[0, 10, 100])
    parser.add_argument("--bin", type=pathlib.Path, default=SOURCE / "build/release/bin")
    parser.add_argument("--images", type=pathlib.Path, default=cache_of_images())
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    print(f"{'MySQLs':>8} {'resident MB':>12} {'its own':>8} {'requests/min':>13} "
          f"{'CPU, 1/1000':>12} {'pod ready s':>12} {'Ready s':>8}")
    for count in options.counts:
        row = measure(options.bin.resolve(), options.images.resolve(), count, options.seconds)
        print("{:>8} {:>12.1f} {:>8.1f} {:>13.0f} {:>12.1f} {:>12.1f} {:>8.1f}".format(*row),
              flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
