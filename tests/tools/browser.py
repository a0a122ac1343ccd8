"""A headless Chromium, spoken to through a pipe (the Chrome DevTools Protocol), and its pictures.

Every wait has an end. The browser has no network: no name resolves for it.
"""
import base64
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
import zlib

ANSWER_SECONDS = 60
SETTLE_MILLISECONDS = 200  # what a page does on its own accord after it has loaded

FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
         "--no-first-run", "--no-default-browser-check", "--disable-extensions",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--hide-scrollbars", "--force-color-profile=srgb", "--font-render-hinting=none",
         "--host-resolver-rules=MAP * ~NOTFOUND", "--remote-debugging-pipe")


class BrowserFailed(Exception):
    """The browser is missing, ended, does not answer, or refuses a command."""


def installed(program):
    """Its path. What is missing is a failure: the set-up brings it."""
    path = shutil.which(program)
    if path is None:
        raise BrowserFailed(f"{program} is not installed: `tools/setup tests` does that")
    return path


def _pipe():
    """Two ends above the numbers that the browser wants them at."""
    ends = []
    for end in os.pipe():
        ends.append(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10))
        os.close(end)
    return ends


class Browser:
    """One process with a profile of its own, for a `with`. It reads at 3 and answers at 4."""

    def __enter__(self):
        program = installed("chromium")
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        home = self._folder.name
        reads, self._to = _pipe()
        self._from, writes = _pipe()
        self._said = open(os.path.join(home, "stderr"), "w+", encoding="utf-8", errors="replace")
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$0" "$@" 3<&{reads}- 4>&{writes}-', program, *FLAGS,
             f"--user-data-dir={home}/profile", "about:blank"],
            pass_fds=(reads, writes), stdin=subprocess.DEVNULL, stdout=self._said,
            stderr=self._said, start_new_session=True,
            env={"PATH": os.environ["PATH"], "HOME": home, "LANG": "C.UTF-8"})
        os.close(reads)
        os.close(writes)
        self._last_id, self._buffer = 0, bytearray()
        self.listeners = {}  # of events, by session
        try:
            self.version = self.call("Browser.getVersion")["product"]
        except BrowserFailed:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        try:
            self.call("Browser.close")
        except BrowserFailed:
            pass
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)  # a group of its own
            self._process.wait(10)
        for end in (self._to, self._from):
            os.close(end)
        self._said.close()
        self._folder.cleanup()

    def send(self, method, session=None, **parameters):
        """Its number; the answer comes later."""
        self._last_id += 1
        message = {"id": self._last_id, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        try:
            while data:
                data = data[os.write(self._to, data):]
        except OSError as error:
            raise self._failed(f"takes no commands: {error}") from error
        return self._last_id

    def call(self, method, session=None, **parameters):
        """The answer; events that come before it go to their listeners."""
        number = self.send(method, session, **parameters)
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            message = self._message(deadline, method)
            if message.get("id") == number:
                if "error" in message:
                    raise self._failed(f"refuses {method}: {message['error']}")
                return message["result"]
            self._tell(message)

    def hear_until(self, holds, what):
        """Takes events until something holds."""
        deadline = time.monotonic() + ANSWER_SECONDS
        while not holds():
            self._tell(self._message(deadline, what))

    def _tell(self, message):
        listener = self.listeners.get(message.get("sessionId"))
        if listener is not None and "method" in message:
            listener(message["method"], message.get("params", {}))

    def _message(self, deadline, awaited):
        while True:
            end = self._buffer.find(b"\0")
            if end >= 0:
                message = json.loads(self._buffer[:end].decode())
                del self._buffer[:end + 1]
                return message
            left = max(deadline - time.monotonic(), 0)
            if not select.select([self._from], [], [], left)[0]:
                raise self._failed(f"does not answer within {ANSWER_SECONDS} s: {awaited}")
            data = os.read(self._from, 1 << 20)
            if not data:
                raise self._failed(f"ended; awaited was {awaited}")
            self._buffer += data

    def _failed(self, why):
        self._said.flush()
        self._said.seek(0)
        return BrowserFailed(f"chromium {why}\nit said: {self._said.read()[-2000:]}")


class Page:
    """A tab, for a `with`: a file that it has opened, and whatever that did."""

    def __init__(self, browser, url, width, height, scheme):
        self._browser = browser
        self.requests = []  # URLs that the page asked for, its own among them
        self.said = []      # on the console, by the page or by the browser about it
        self.dialogs = []
        self._loaded = set()
        self._target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = browser.call("Target.attachToTarget", targetId=self._target,
                                     flatten=True)["sessionId"]
        browser.listeners[self._session] = self._hear
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Page.setLifecycleEventsEnabled", enabled=True)
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=False)
        self.emulate(scheme)
        loader = self.call("Page.navigate", url=url)
        if "errorText" in loader:
            raise BrowserFailed(f"chromium cannot open {url}: {loader['errorText']}")
        browser.hear_until(lambda: loader["loaderId"] in self._loaded, f"load of {url}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        del self._browser.listeners[self._session]
        self._browser.call("Target.closeTarget", targetId=self._target)

    def call(self, method, **parameters):
        return self._browser.call(method, self._session, **parameters)

    def emulate(self, scheme, medium=""):
        """What the page's media queries find from now on; no medium: the screen."""
        self.call("Emulation.setEmulatedMedia", media=medium,
                  features=[{"name": "prefers-color-scheme", "value": scheme}])

    def evaluate(self, function):
        """What a JavaScript function without parameters returns, once the page has settled."""
        answer = self.call("Runtime.evaluate", returnByValue=True, awaitPromise=True, expression=(
            f"new Promise(done => setTimeout(done, {SETTLE_MILLISECONDS})).then({function})"))
        if "exceptionDetails" in answer:
            raise BrowserFailed(f"the question is wrong: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def picture(self, left, top, width, height, scale=1):
        """A PNG of this part of the page, seen or not."""
        clip = {"x": left, "y": top, "width": width, "height": height, "scale": scale}
        answer = self.call("Page.captureScreenshot", format="png", clip=clip,
                           captureBeyondViewport=True)
        return base64.b64decode(answer["data"])

    def printed(self):
        """A PDF, on A4."""
        answer = self.call("Page.printToPDF", printBackground=True, paperWidth=8.27,
                           paperHeight=11.69)
        return base64.b64decode(answer["data"])

    def _hear(self, event, about):
        if event == "Page.lifecycleEvent" and about["name"] == "load":
            self._loaded.add(about["loaderId"])
        elif event == "Network.requestWillBeSent":
            self.requests.append(about["request"]["url"])
        elif event == "Log.entryAdded":
            if about["entry"]["level"] in ("warning", "error"):
                self.said.append(about["entry"]["text"])
        elif event == "Runtime.consoleAPICalled":
            self.said.append(f"{about['type']}: {about['args']}")
        elif event == "Runtime.exceptionThrown":
            self.said.append(about["exceptionDetails"]["text"])
        elif event == "Page.javascriptDialogOpening":
            self.dialogs.append(about["message"])
            self._browser.send("Page.handleJavaScriptDialog", self._session, accept=True)


def text_of_pdf(pdf):
    """Its pages as text, each with a form feed at its end."""
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(pdf)
        file.flush()
        done = subprocess.run([installed("pdftotext"), file.name, "-"], capture_output=True,
                              text=True, timeout=ANSWER_SECONDS, check=False)
    if done.returncode != 0:
        raise BrowserFailed(f"pdftotext cannot read what was printed: {done.stderr}")
    return done.stdout


class Pixels:
    """A PNG as browsers write them (8 bits a channel, not interlaced): colours by place."""

    def __init__(self, png):
        if png[:8] != b"\x89PNG\r\n\x1a\n":
            raise ValueError("no PNG")
        packed, at = b"", 8
        while at < len(png):
            size, kind = int.from_bytes(png[at:at + 4], "big"), png[at + 4:at + 8]
            data = png[at + 8:at + 8 + size]
            at += size + 12
            if kind == b"IHDR":
                self.width, self.height = (int.from_bytes(data[i:i + 4], "big") for i in (0, 4))
                if data[8] != 8 or data[9] not in (2, 6) or data[12] != 0:
                    raise ValueError(f"a PNG of another kind: {data[8:].hex()}")
                self._step = 3 if data[9] == 2 else 4
            elif kind == b"IDAT":
                packed += data
        self._rows = self._unfiltered(zlib.decompress(packed))

    def at(self, x, y):
        return tuple(self._rows[y][x * self._step:x * self._step + 3])

    def share_unlike(self, colour):
        """How much of it has another colour."""
        unlike = sum(self.at(x, y) != colour
                     for y in range(self.height) for x in range(self.width))
        return unlike / (self.width * self.height)

    def _unfiltered(self, data):
        rows, size = [], self.width * self._step
        above = bytearray(size)
        for row in range(self.height):
            begin = row * (size + 1)
            line = bytearray(data[begin + 1:begin + 1 + size])
            _unfilter(data[begin], line, above, self._step)
            rows.append(line)
            above = line
        return rows


def _unfilter(kind, line, above, step):
    """RFC 2083, section 6: each byte is the difference to a guess from those before it."""
    for i in range(len(line)) if kind != 0 else ():
        left = line[i - step] if i >= step else 0
        over = above[i]
        if kind == 1:
            guess = left
        elif kind == 2:
            guess = over
        elif kind == 3:
            guess = (left + over) // 2
        else:
            corner = above[i - step] if i >= step else 0
            off_left, off_over = abs(over - corner), abs(left - corner)
            off_corner = abs(left + over - corner - corner)
            if off_left <= off_over and off_left <= off_corner:
                guess = left
            else:
                guess = over if off_over <= off_corner else corner
        line[i] = (line[i] + guess) & 255
