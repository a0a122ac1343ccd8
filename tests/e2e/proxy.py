"""Between a program and the API server: HTTP on loopback, TLS beyond. It passes on what it gets;
its watches can be late, or cut, and somebody may stand by at each call."""
import dataclasses
import http.client
import http.server
import queue
import re
import ssl
import sys
import threading
import time
import urllib.parse

SECONDS = 20  # for an answer; watches have no limit
HOP = {"connection", "content-length", "transfer-encoding", "host"}


@dataclasses.dataclass
class Call:
    """What a client asked for, in which of its lives."""
    method: str
    path: str  # without the query
    body: bytes
    life: int


class Proxy:
    """Serves until `close`."""

    def __init__(self, kubeconfig):
        self.text = kubeconfig.read_text()
        self.server = urllib.parse.urlsplit(re.search(r'server: "([^"]+)"', self.text)[1])
        authority = re.search(r'certificate-authority: "([^"]+)"', self.text)
        self.trust = authority and ssl.create_default_context(cafile=authority[1])
        self.lag = 0.0  # seconds by which what a watch says is late
        self.cut = 0.0  # seconds until a watch is cut; 0: never
        self.late = self.cuts = 0  # lines, streams
        self.stands_by = lambda when, call: False
        self.life = 0  # of the client; whoever starts a new one counts it
        self.over = threading.Event()
        self._listener = _Listener(("127.0.0.1", 0), _Passing)
        self._listener.proxy = self
        threading.Thread(target=self._listener.serve_forever, daemon=True).start()

    def write_kubeconfig(self, path):
        """The client's way through this proxy."""
        port = self._listener.server_address[1]
        path.write_text(self.text.replace(self.server.geturl(), f"http://127.0.0.1:{port}"))
        return str(path)

    def connect(self):
        """A connection to the API server."""
        place = self.server.hostname, self.server.port
        if self.trust is None:
            return http.client.HTTPConnection(*place, timeout=SECONDS)
        return http.client.HTTPSConnection(*place, timeout=SECONDS, context=self.trust)

    def close(self):
        self.over.set()
        self._listener.shutdown()


class _Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that was killed is no news."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Passing(http.server.BaseHTTPRequestHandler):
    """One connection of the client's."""
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        self.proxy = self.server.proxy
        self.life = self.proxy.life

    def log_message(self, *_):
        pass

    def _pass_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        call = Call(self.command, urllib.parse.urlsplit(self.path).path, body, self.life)
        self.close_connection = self.close_connection or self._answer(call)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass_on

    def _answer(self, call):
        """True if the connection is of no more use."""
        if self.proxy.stands_by("before", call):
            return True
        watch = "watch=" in self.path
        upstream = self.proxy.connect()
        try:
            answer = self._ask(upstream, call)
            if watch and answer.status == 200:
                if upstream.sock is not None:
                    upstream.sock.settimeout(None)
                self._stream(answer)
                return True
            data = answer.read()
            if answer.status < 300 and self.proxy.stands_by("after", call):
                return True
            self._head(answer, {"Content-Length": str(len(data))})
            self.wfile.write(data)
            return False
        except (OSError, http.client.HTTPException):  # either side is gone; so is the other, then
            return True
        finally:
            upstream.close()

    def _ask(self, upstream, call):
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
        upstream.request(call.method, self.path, call.body or None, headers)
        return upstream.getresponse()

    def _head(self, answer, more):
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP:
                self.send_header(name, value)
        for name, value in more.items():
            self.send_header(name, value)
        self.end_headers()

    def _stream(self, answer):
        """A watch, line by line. One that is cut ends in the middle of a line if there is one,
        after at least one whole line, so that the client gets on."""
        self._head(answer, {"Transfer-Encoding": "chunked"})
        lines, proxy = queue.Queue(), self.proxy
        threading.Thread(target=_read, args=(answer, lines), daemon=True).start()
        opened, passed = time.monotonic(), 0
        while not proxy.over.is_set():
            due = proxy.cut and time.monotonic() > opened + proxy.cut
            try:
                came, line = lines.get(timeout=0.1)
            except queue.Empty:
                if due:
                    proxy.cuts += 1
                    return
                continue
            self._wait_until_due(came)
            if proxy.cut and line and passed:
                proxy.cuts += 1
                self._chunk(line[:len(line) // 2])
                return
            self._chunk(line)
            passed += 1
            if not line:
                return

    def _wait_until_due(self, came):
        proxy = self.proxy
        proxy.late += proxy.lag > 0
        while time.monotonic() < came + proxy.lag and not proxy.over.wait(0.02):
            pass

    def _chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))


def _read(answer, lines):
    """Each line with the time at which it came; an empty one at the end."""
    try:
        while line := answer.readline():
            lines.put((time.monotonic(), line))
    except (OSError, ValueError, AttributeError, http.client.HTTPException):
        pass  # closed, here or there
    lines.put((time.monotonic(), b""))
