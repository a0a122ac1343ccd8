#!/usr/bin/env python3
"""Tests of proxy.py: a server of two calls behind it, a write and a watch of three lines."""
import http.client
import http.server
import json
import pathlib
import tempfile
import threading
import time
import unittest
import urllib.parse

from proxy import Proxy

LINES = [json.dumps({"line": number}).encode() + b"\n" for number in range(3)]


class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    written = []

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for line in (*LINES, b""):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))

    def do_PUT(self):
        self.written.append((self.path, self.headers["Authorization"],
                             self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(409 if self.path == "/taken" else 201)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"made")


class ProxyTest(unittest.TestCase):
    def setUp(self):
        Server.written.clear()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.folder = tempfile.TemporaryDirectory()
        folder = pathlib.Path(self.folder.name)
        config = folder / "direct"
        config.write_text(f'server: "http://127.0.0.1:{self.server.server_address[1]}"\n')
        self.proxy = Proxy(config)
        through = pathlib.Path(self.proxy.write_kubeconfig(folder / "through")).read_text()
        url = urllib.parse.urlsplit(through.split('"')[1])
        self.client = http.client.HTTPConnection(url.hostname, url.port, timeout=10)

    def tearDown(self):
        self.client.close()
        self.proxy.close()
        self.server.shutdown()
        self.server.server_close()
        self.folder.cleanup()

    def write(self, path="/thing"):
        self.client.request("PUT", path, b"{}", {"Authorization": "Bearer me"})
        answer = self.client.getresponse()
        return answer.status, answer.read()

    def watch(self):
        self.client.request("GET", "/things?watch=1")
        return self.client.getresponse()

    def test_a_write_and_its_answer_pass_unchanged(self):
        self.assertEqual(self.write(), (201, b"made"))
        self.assertEqual(self.write("/taken"), (409, b"made"))
        self.assertEqual(Server.written, [("/thing", "Bearer me", b"{}"),
                                          ("/taken", "Bearer me", b"{}")])

    def test_a_watch_passes_to_its_end(self):
        self.assertEqual(self.watch().read(), b"".join(LINES))

    def test_who_stands_by_before_keeps_a_write_from_the_server(self):
        self.proxy.stands_by = lambda when, call: when == "before"
        self.assertRaises((http.client.HTTPException, OSError), self.write)
        self.assertEqual(Server.written, [])

    def test_who_stands_by_after_keeps_the_answer_from_the_client(self):
        self.proxy.stands_by = lambda when, call: when == "after"
        self.assertRaises((http.client.HTTPException, OSError), self.write)
        self.assertEqual(len(Server.written), 1)

    def test_what_was_refused_took_no_effect_to_stand_by_at(self):
        self.proxy.stands_by = lambda when, call: when == "after"
        self.assertEqual(self.write("/taken")[0], 409)

    def test_a_late_watch_says_all_of_it_later(self):
        self.proxy.lag = 0.5
        begun = time.monotonic()
        self.assertEqual(self.watch().read(), b"".join(LINES))
        self.assertGreaterEqual(time.monotonic(), begun + 0.5)
        self.assertGreater(self.proxy.late, 0)

    def test_a_cut_watch_ends_in_the_middle_of_its_second_line(self):
        self.proxy.cut = 5.0
        answer = self.watch()
        with self.assertRaises(http.client.IncompleteRead) as caught:
            answer.read()
        said = caught.exception.partial
        self.assertTrue(said.startswith(LINES[0]) and len(said) < len(LINES[0] + LINES[1]), said)
        self.assertEqual(self.proxy.cuts, 1)


if __name__ == "__main__":
    unittest.main()
