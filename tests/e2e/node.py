"""The node of the test cluster, from beneath: its processes, the cables of its pods, its kubelet,
a disk that is small. All of it is in namespaces that tests/cluster/run has made."""
import errno
import json
import os
import pathlib
import signal
import subprocess

import cluster
from cluster import Failed, await_, check

BRIDGE = "cni0"  # of tests/cluster/node
VOLUMES = "/tmp/hostpath_pv"  # as the node's programs see them


def process_of(program, variable=""):
    """The id of the process of this name that has this in its environment."""
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            named = (folder / "comm").read_text().strip() == program
            ours = variable.encode() in [b"", *(folder / "environ").read_bytes().split(b"\0")]
        except OSError:
            continue
        if named and ours:
            return int(folder.name)
    raise Failed(f"no {program} {variable and 'with ' + variable} on this node")


def server_process(pod):
    """The process of a pod's server."""
    return process_of("mysqld", f"POD_NAME={pod}")


def kill(program, variable, number):
    os.kill(process_of(program, variable), number)


def stop_kubelet():
    kill("kubelet", "", signal.SIGSTOP)


def continue_kubelet():
    kill("kubelet", "", signal.SIGCONT)


def ip(*words):
    """The answer of `ip`, in JSON if -j is among the words."""
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    check(done.returncode == 0, f"ip {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def cable_of(pod):
    """The node's end of a pod's cable."""
    network = f"--net=/proc/{server_process(pod)}/ns/net"
    inside = subprocess.run(["nsenter", network, "ip", "-j", "link", "show", "eth0"],
                            capture_output=True, text=True, check=True)
    other_end = json.loads(inside.stdout)[0]["link_index"]
    return next(link["ifname"] for link in json.loads(ip("-j", "link"))
                if link["ifindex"] == other_end)


class Cut:
    """A cut between some pods and everybody else: the node, its API server and the other pods.
    Their cables go from the node's bridge into one of their own, so they hear each other. Inside of
    a pod loopback goes on. What is sent over the cut is lost without a word, both ways."""
    island = "island"

    def __init__(self, *pods):
        self.cables = [cable_of(pod) for pod in pods]
        self.is_cut = False
        if not any(link["ifname"] == self.island for link in json.loads(ip("-j", "link"))):
            ip("link", "add", self.island, "type", "bridge")
            ip("link", "set", self.island, "up")

    def cut(self):
        self._plug_into(self.island)
        self.is_cut = True

    def heal(self):
        if self.is_cut:
            self._plug_into(BRIDGE)
        self.is_cut = False

    def _plug_into(self, bridge):
        for cable in self.cables:
            ip("link", "set", cable, "master", bridge)


class SmallDisk:
    """A filesystem of so many MiB, which a claim made here is bound to; a StatefulSet takes a claim
    of the right name as it finds it."""

    def __init__(self, name, mebibytes):
        self.name, self.mebibytes = name, mebibytes
        self.kubelet = process_of("kubelet")
        # As its mount namespace sees it, and no other.
        self.folder = pathlib.Path(f"/proc/{self.kubelet}/root{VOLUMES}/{name}")
        self.ballast = self.folder / ".ballast"

    def make(self, space, claim, labels):
        self.folder.mkdir()
        subprocess.run(["nsenter", f"--mount=/proc/{self.kubelet}/ns/mnt", "mount", "-t", "tmpfs",
                        "-o", f"size={self.mebibytes}m", "ratchet-small",
                        f"{VOLUMES}/{self.name}"], check=True)
        cluster.apply(f"""
apiVersion: v1
kind: PersistentVolume
metadata: {{name: {self.name}}}
spec:
  capacity: {{storage: 1Gi}}
  accessModes: [ReadWriteOnce]
  storageClassName: standard
  persistentVolumeReclaimPolicy: Retain
  claimRef: {{namespace: {space}, name: {claim}}}
  hostPath: {{path: {VOLUMES}/{self.name}}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: {claim}, namespace: {space}, labels: {json.dumps(labels)}}}
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: standard
  volumeName: {self.name}
  resources: {{requests: {{storage: 1Gi}}}}
""")

    def fill(self):
        """To the last byte, also of what its server frees meanwhile."""
        await_(f"{self.name} is full", self._is_full, 30, lambda: f"{self.room()} bytes are free")

    def room(self):
        """Bytes that are free."""
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize

    def _is_full(self):
        with open(self.ballast, "ab", buffering=0) as file:
            for size in (1 << 20, 1 << 12):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
        return self.room() < 1 << 13

    def free(self):
        self.ballast.unlink(missing_ok=True)
