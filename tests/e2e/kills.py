"""Who kills ratchetd, and when: the ops manager at each event of its log and at moments of the API,
the provisioner at each of its writes."""
import collections
import contextlib
import json
import subprocess
import threading
import time

import audit
from cluster import Failed, check, conditions_of, kubectl
from daemons import STARTED
from history import Follower, kinds_of, parted


def follower_of(programs, run, seconds):
    return Follower(str(programs.folder / "ratchetctl"), programs.log, run, seconds)


def follow_to_end(programs, run, seconds):
    """The events of a run, from the live log."""
    deadline = time.monotonic() + seconds
    follower = follower_of(programs, run, seconds)
    try:
        while follower.next(deadline) is not None:
            pass
    finally:
        follower.close()
    return follower.events


def kill_at_each_event(programs, run, way, seconds):
    """Kills the ops manager once at each command and completion of the run, as the live log shows
    them, and starts it again at once. Failed unless those are `way`, the kinds of the fault-free
    run. Returns the events, and a line about how close the kills came.

    The ops manager runs in short slices meanwhile, so that it cannot run ahead of what is shown."""
    deadline = time.monotonic() + seconds
    follower = follower_of(programs, run, seconds)
    daemon, killed, close = programs.ops_manager, [], 0
    try:
        with daemon.sliced(0.004, 0.06):  # a follower looks at the log every 50 ms
            while (event := follower.next(deadline)) is not None:
                if not follower.came_now:  # one turn has recorded several: killed in recovery too
                    daemon.await_text(STARTED)
                close += follower.behind(event) == 0
                daemon.kill()
                daemon.start()
                killed.append(event)
    finally:
        follower.close()
    problem = parted(way, kinds_of(killed))
    check(not problem, f"the commands and completions were not those without faults: {problem}")
    return follower.events, (f"{len(killed)} kills, one at each command and completion; {close} of "
                             "them before the next turn was recorded")


def kill_at_steps(programs, run, steps, seconds):
    """Kills the ops manager at each decision of one of these steps, and at the first of them at its
    completion too; starts it again at once. The events, and how many kills that were."""
    deadline = time.monotonic() + seconds
    follower = follower_of(programs, run, seconds)
    daemon, kills, completed = programs.ops_manager, 0, set()
    try:
        while (event := follower.next(deadline)) is not None:
            name = event.get("name", "")
            if name not in steps or (event["class"] == "completion" and name in completed):
                continue
            if event["class"] == "completion":
                completed.add(name)
            daemon.await_text(STARTED)
            daemon.kill()
            daemon.start()
            kills += 1
    finally:
        follower.close()
    return follower.events, kills


class Watch:
    """`kubectl get --watch` of one object; calls `seen(object)` for each change, on a thread."""

    def __init__(self, space, kind, name, seen):
        self._process = subprocess.Popen(
            ["kubectl", "get", kind, "-n", space, f"--field-selector=metadata.name={name}", "-o",
             "json", "--watch"], stdout=subprocess.PIPE, text=True)
        self._seen = seen
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        lines = []
        for line in self._process.stdout:
            lines.append(line)
            if line.startswith("}"):  # objects end with a brace at the margin
                self._seen(json.loads("".join(lines)))
                lines = []

    def close(self):
        self._process.terminate()
        self._process.wait(timeout=10)
        self._thread.join(timeout=10)


class Moments:
    """Kills once at each of three moments that only the API shows."""
    names = ["MySQL paused", "StatefulSet changed", "pod deleted"]

    def __init__(self, programs, upgrade):
        self.hit = []
        self._failure = None
        self._daemon = programs.ops_manager
        self._lock = threading.Lock()
        space, name, pod = upgrade.database.space, upgrade.database.name, upgrade.database.pod
        self._old_image = f":{upgrade.source}"
        self._watches = [Watch(space, "mysqls.kubedb.com", name, self._mysql),
                         Watch(space, "statefulsets", name, self._set),
                         Watch(space, "pods", pod, self._pod)]

    def _mysql(self, thing):
        if any(c["type"] == "Paused" and c["status"] == "True" for c in conditions_of(thing)):
            self._kill("MySQL paused")

    def _set(self, thing):
        image = thing["spec"]["template"]["spec"]["containers"][0]["image"]
        if not image.endswith(self._old_image) or "deletionTimestamp" in thing["metadata"]:
            self._kill("StatefulSet changed")

    def _pod(self, thing):
        if "deletionTimestamp" in thing["metadata"]:
            self._kill("pod deleted")

    def _kill(self, moment):
        with self._lock:
            if moment in self.hit:
                return
            self.hit.append(moment)
            try:
                self._daemon.kill()
                self._daemon.start()
            except Failed as failure:
                self._failure = failure

    def close(self):
        for watch in self._watches:
            watch.close()
        if self._failure:
            raise self._failure
        check(sorted(self.hit) == sorted(self.names), f"of the API's moments only {self.hit} came")


class AtWrites:
    """Kills the provisioner at each write that it sends through a proxy, twice: before the API
    server has it, and when it took effect and nobody has heard of it. Its Lease is taken away, so
    that the next one need not wait until it runs out, and begins at once.

    Two writes are the same if they say the same about the same object, whatever the time; of those
    that differ a few are enough."""
    MOST = 8  # kills at writes to one object
    LEASE = "ratchet-provisioner"

    def __init__(self, proxy, daemon, space):
        self.proxy, self.daemon, self.space = proxy, daemon, space
        self.kills = collections.Counter()  # by when
        self._at = collections.Counter()  # by object
        self._next = {}  # by write: when it is killed next
        self._failure = None
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def meanwhile(self):
        self.proxy.stands_by = self._stands_by
        try:
            yield self
        finally:
            self.proxy.stands_by = lambda when, call: False
            with self._lock:  # nobody is killed any more from here on
                failure = self._failure
        if failure:
            raise failure

    def _stands_by(self, when, call):
        place = call.method, call.path
        if call.method == "GET" or "/leases" in call.path or "/events" in call.path:
            return False
        with self._lock:
            write = (*place, self._masked(call))
            if (call.life != self.proxy.life or self._at[place] >= self.MOST or self._failure
                    or self._next.get(write, "before") != when):
                return False  # of one that is dead already, or seen often enough
            self._next[write] = "after" if when == "before" else "never"
            self._at[place] += 1
            self.kills[when] += 1
            try:
                self._kill()
            except Failed as failure:
                self._failure = failure
        return True

    def _masked(self, call):
        """What a write says; what a secret says is drawn anew each time."""
        if "/secrets" in call.path or not call.body:
            return ""
        return json.dumps(audit.mask(json.loads(call.body), self.space), sort_keys=True)

    def _kill(self):
        self.daemon.kill()
        self.proxy.life += 1
        kubectl("delete", "lease", self.LEASE, "--ignore-not-found")
        self.daemon.start()


def found_done(events):
    """How many steps a later process found done: their effect had landed, but no result."""
    return sum(bool(event.get("found_done")) for event in events)


def same_way(events, way):
    """Failed unless the run went the way of the one without faults."""
    problem = parted(way, kinds_of(events))
    check(not problem, f"the run went another way than the one without faults: {problem}")
