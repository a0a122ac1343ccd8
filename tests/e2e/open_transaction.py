"""A root session with an open transaction, whose COMMIT comes right after its server was fenced."""
import threading
import time

from cluster import check
from members import Client


class OpenTransaction:
    """Has written a row on the server of that pod, and commits as soon as the server takes no
    writes any more, or has gone; at once when `commit_now` is called."""

    def __init__(self, group, pod, row):
        self.pod, self.row = pod, row
        self.closed = self.committed = False
        address, password = group.address(pod), group.password()
        self._session, self._watching = (Client(address, password) for _ in range(2))
        check(self._session.ask(f"BEGIN; INSERT INTO shop.orders VALUES ({row})") is not None,
              f"{pod} does not take the row {row}")
        self._now = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._now.is_set():
            answer = self._watching.ask("SELECT @@GLOBAL.super_read_only")
            if answer != ["0"]:
                self.closed = answer == ["1"]
                break
            time.sleep(0.01)
        self.committed = self._session.ask("COMMIT", 5) is not None
        for client in (self._session, self._watching):
            client.close()

    def commit_now(self):
        self._now.set()
        self._thread.join(timeout=15)

    def check(self, group):
        """After the fence: it failed, and no member has the row."""
        self.commit_now()
        check(self.closed, f"{self.pod} was never seen closed, although its session was there")
        check(not self.committed, f"{self.pod} committed a transaction after it was fenced")
        check(not self.holders(group), f"the row of a failed COMMIT is on {self.holders(group)}")

    def holders(self, group):
        return [pod for pod in group.pods if group.ask(
            pod, f"SELECT COUNT(*) FROM shop.orders WHERE id = {self.row}") != ["0"]]


def check_control(group, pod, row):
    """The negative control: without a fence it commits, and that is noticed."""
    late = OpenTransaction(group, pod, row)
    late.commit_now()
    check(late.committed and pod in late.holders(group),
          f"without a fence the COMMIT on {pod} was not noticed")
    group.ask(pod, f"DELETE FROM shop.orders WHERE id = {row}")
