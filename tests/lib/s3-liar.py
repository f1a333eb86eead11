#!/usr/bin/env python3
"""s3-liar.py PORT HEADER: the S3 store of the environment, on 127.0.0.1, as one that ignores a header. The header is taken out of each request, which is signed anew, since it was signed
with it."""
import http.client
import http.server
import os
import sys
import urllib.parse

from s3sign import sign

upstream = urllib.parse.urlsplit(os.environ["S3_ENDPOINT"]).netloc
# The others are signed by each upload anew, or are the connection's.
dropped = {sys.argv[2].lower(), "host", "authorization", "x-amz-date", "x-amz-content-sha256", "connection", "expect"}


class Liar(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path, _, query = self.path.partition("?")
        # What may be signed in the URL is signed in headers here.
        query = "&".join(sorted(part for part in query.split("&") if not part.startswith("X-Amz-")))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in dropped}
        headers |= sign(self.command, path, query, upstream, self.headers.get("x-amz-content-sha256", "UNSIGNED-PAYLOAD"))
        connection = http.client.HTTPConnection(upstream, timeout=60)
        connection.request(self.command, f"{path}?{query}" if query else path, body or None, headers)
        got = connection.getresponse()
        content = got.read()
        self.send_response(got.status)
        for name, value in got.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding", "connection") or self.command == "HEAD" and name.lower() == "content-length":
                self.send_header(name, value)
        if self.command != "HEAD":
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        connection.close()

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = answer

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Liar)
print("s3-liar listens", flush=True)
server.serve_forever()
