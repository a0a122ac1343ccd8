"""The history of a run as `ratchetctl history -o json` prints it, and how two histories compare."""
import json
import os
import queue
import subprocess
import threading
import time


def decisive(events):
    """The commands and completions; hints (attempts, probes, notes) come and go with crashes."""
    return [event for event in events if event["class"] in ("command", "completion")]


def kinds_of(events):
    """What the commands and completions of a run are in any run of the same workflow: the turn that
    each is in, counted among those that have any (numbers of turns shift with hints), and what."""
    turns = {}
    return [(turns.setdefault(event["turn"], len(turns) + 1), event["event"],
             event.get("name", ""), event.get("command", 0)) for event in decisive(events)]


def text_of(kind):
    turn, name, step, command = kind
    return " ".join(part for part in (name, step, f"#{command}" if command else "",
                                      f"in turn {turn}") if part)


def parted(expected, actual):
    """Where two lists of kinds part, as one line; "" if they are the same."""
    for place, (want, have) in enumerate(zip(expected, actual)):
        if want != have:
            return f"event {place + 1} is {text_of(have)}, not {text_of(want)}"
    if len(expected) != len(actual):
        longer = max(expected, actual, key=len)
        return (f"{len(actual)} commands and completions, not {len(expected)}; the first that only "
                f"one has: {text_of(longer[min(len(expected), len(actual))])}")
    return ""


class Follower:
    """`ratchetctl history RUN --follow` of a live log; its events can be waited for in order."""

    def __init__(self, ratchetctl, log, run, timeout):
        self.events = []
        self.came_now = True  # whether next() had to wait for the event that it gave last
        self._queue = queue.Queue()
        self._process = subprocess.Popen(
            [ratchetctl, "--log", log, "-o", "json", "history", run, "--follow",
             "--timeout", str(timeout)], stdout=subprocess.PIPE, text=True,
            env={**os.environ, "RATCHET_LOG": ""})
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._process.stdout:
            self._queue.put(json.loads(line))
        self._queue.put(None)

    def next(self, deadline):
        """The next command or completion, or None at the end of the run. TimeoutError."""
        self.came_now = False
        while True:
            self.came_now = self.came_now or self._queue.empty()
            try:
                event = self._queue.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                raise TimeoutError("nothing more was recorded; last: " + self.last()) from None
            if event is None:
                code = self._process.wait(timeout=10)
                if code != 0:
                    raise RuntimeError(f"ratchetctl history --follow ended with {code}")
                return None
            self.events.append(event)
            if event["class"] != "hint":
                return event

    def behind(self, event):
        """How many events of later turns are already known."""
        with self._queue.mutex:
            return sum(1 for later in self._queue.queue if later and later["turn"] > event["turn"])

    def last(self):
        kinds = kinds_of(self.events)
        return text_of(kinds[-1]) if kinds else "nothing"

    def close(self):
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(timeout=10)
