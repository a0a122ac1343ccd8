"""An application that writes, through the primary service if not told otherwise, and remembers what
was acknowledged."""
import contextlib
import os
import threading
import time

from cluster import check


def lost(acknowledged, rows):
    """The ids that were acknowledged and are not among the rows."""
    return sorted(set(acknowledged) - set(rows))


class Writer:
    """One row after another until `stop`. An id is on disk before the next is tried; one whose
    answer did not come is not tried again: it may be there or not. `connect` gives another way to a
    server, or None; `first` is the id before its first; `pause` in seconds."""

    def __init__(self, group, path, connect=None, first=0, pause=0.02, table="shop.orders"):
        self.group = group
        self.path = path
        self.table = table
        self.first, self.pause = first, pause
        self._connect = connect or self._through_service
        self.acknowledged = []
        self.times = []  # of the acknowledgements
        self.unknown = []
        self._over = threading.Event()
        self._trying = threading.Lock()  # while a row is on its way
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._thread.start()

    def stop(self):
        self._over.set()
        if self._thread.ident is not None:  # it was started
            self._thread.join(timeout=90)
        check(not self._thread.is_alive(), f"the writer to {self.path} does not come to rest")

    @contextlib.contextmanager
    def held(self):
        """No row is on its way meanwhile."""
        with self._trying:
            yield

    def longest_gap(self, since):
        """Seconds between two acknowledgements in a row, the longest that ended after `since`."""
        times = list(self.times)
        return max((b - a for a, b in zip(times, times[1:]) if b >= since), default=0.0)

    def await_more(self, count, seconds):
        """Whether so many more rows are acknowledged in time."""
        until, wanted = time.monotonic() + seconds, len(self.acknowledged) + count
        while len(self.acknowledged) < wanted and time.monotonic() < until:
            time.sleep(0.05)
        return len(self.acknowledged) >= wanted

    def _run(self):
        client, number = None, self.first
        with open(self.path, "w", encoding="ascii") as file:
            while not self._over.is_set():
                client = client or self._connect()
                if client is None:
                    time.sleep(0.1)
                    continue
                number += 1
                with self._trying:
                    acknowledged = self._try(client, number, file)
                if not acknowledged:
                    client.close()
                    client = None
                self._over.wait(self.pause if acknowledged else 0.1)
        if client is not None:
            client.close()

    def _try(self, client, number, file):
        """Whether the row was acknowledged; then it is on disk that it was."""
        if client.ask(f"INSERT INTO {self.table} VALUES ({number})", 5) is None:
            self.unknown.append(number)
            return False
        file.write(f"{number}\n")
        file.flush()
        os.fsync(file.fileno())
        self.acknowledged.append(number)
        self.times.append(time.monotonic())
        return True

    def _through_service(self):
        primary = self.group.primary()
        return self.group.client_of_writer(primary[1]) if primary else None
