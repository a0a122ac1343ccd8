"""How long this machine stood still: a limit of time that the product keeps is one of the time in
which it could run."""
import threading
import time

BEAT = 0.05  # seconds
LATE = 0.2  # from which on a beat that came late counts


class Stalls:
    """Notes, from now on, each beat of its own that came late."""

    def __init__(self):
        self._found = []  # (from, to) in which nothing ran
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        before = time.monotonic()
        while True:
            time.sleep(BEAT)
            now = time.monotonic()
            self.note(before + BEAT, now)
            before = now

    def note(self, due, came):
        if came - due > LATE:
            self._found.append((due, came))

    def between(self, begun, ended):
        """Seconds of that time in which it stood still."""
        return sum(max(0.0, min(to, ended) - max(since, begun)) for since, to in list(self._found))
