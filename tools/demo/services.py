"""What the workloads serve: HTTP, an FTP server with data connections, and UDP echo.

Each is small, single purpose and bound inside its workload's namespace; the kernel's own TCP and
UDP stacks carry the traffic.
"""

import http.server
import socket
import socketserver

TEXT = b"A vedette is the mounted sentry posted ahead of the lines.\n"


class DualStackServer(socketserver.ThreadingTCPServer):
    """A TCP server on both address families."""

    address_family = socket.AF_INET6
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


class Page(http.server.BaseHTTPRequestHandler):
    """One page, over connections that stay open."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):  # the name that the library calls
        self.send_response(200)
        self.send_header("Content-Length", str(len(TEXT)))
        self.end_headers()
        self.wfile.write(TEXT)

    def log_message(self, *_):
        pass


class Row(socketserver.StreamRequestHandler):
    """A database of one row: a line in, the row out."""

    def handle(self):
        if self.rfile.readline():
            self.wfile.write(b"1 row\n")


class FTPSession(socketserver.StreamRequestHandler):
    """Enough of RFC 959 and RFC 2428 for one file by a passive data connection."""

    def handle(self):
        self.listener = None
        self.reply("220 ready")
        while line := self.rfile.readline(1024):
            verb = line.decode("ascii", "replace").split()[0].upper() if line.strip() else ""
            answer = getattr(self, f"on_{verb.lower()}", None)
            if answer is None:
                self.reply("502 not here")
            elif answer() is False:
                return

    def reply(self, text):
        """Sends one line of the control connection."""
        self.wfile.write(text.encode("ascii") + b"\r\n")

    def on_user(self):
        self.reply("230 welcome")

    def on_type(self):
        self.reply("200 so be it")

    def on_pasv(self):
        host, port = self.listen()
        numbers = host.split(".") + [str(port >> 8), str(port & 0xFF)]
        self.reply(f"227 Entering Passive Mode ({','.join(numbers)})")

    def on_epsv(self):
        _, port = self.listen()
        self.reply(f"229 Entering Extended Passive Mode (|||{port}|)")

    def on_retr(self):
        self.reply("150 here it comes")
        data, _ = self.listener.accept()
        with data:
            data.sendall(TEXT)
        self.listener.close()
        self.reply("226 done")

    def on_quit(self):
        self.reply("221 farewell")
        return False

    def listen(self):
        """Opens a port for the data connection: its address and number."""
        host = self.connection.getsockname()[0].replace("::ffff:", "")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = socket.create_server((host, 0), family=family, backlog=1)
        self.listener.settimeout(10)
        return host, self.listener.getsockname()[1]


def echo(port):
    """Answers every datagram with itself."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as server:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        server.bind(("::", port))
        while True:
            data, sender = server.recvfrom(2048)
            server.sendto(data, sender)


def swallow(port):
    """Takes every datagram and never answers."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as server:
        server.bind(("::", port))
        while True:
            server.recv(2048)


def serve(workload, port, handler):
    """Listens in the workload's namespace before returning; serves on a thread there."""
    server = workload.call(DualStackServer, ("::", port), handler)
    workload.spawn(server.serve_forever)


def start(web, database):
    """Starts every service of the demo."""
    serve(web, 80, Page)
    serve(web, 21, FTPSession)
    serve(database, 5432, Row)
    web.spawn(echo, 53)
    web.spawn(swallow, 514)
