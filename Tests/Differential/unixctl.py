"""A client of the unixctl control socket: JSON-RPC 1.0 over one lasting connection."""

import json
import socket


class UnixctlError(Exception):
    """The daemon refused a command; the text is what ovs-appctl would print."""


class Unixctl:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(20)
        self.socket.connect(path)
        self.decoder = json.JSONDecoder()
        self.buffer = ""
        self.number = 0

    def call(self, command, *arguments):
        self.number += 1
        request = {"id": self.number, "method": command, "params": list(arguments)}
        self.socket.sendall(json.dumps(request).encode())
        while True:
            try:
                self.buffer = self.buffer.lstrip()
                answer, end = self.decoder.raw_decode(self.buffer)
                self.buffer = self.buffer[end:]
                break
            except json.JSONDecodeError:
                chunk = self.socket.recv(65536)
                if not chunk:
                    raise ConnectionError("the daemon closed its control socket") from None
                self.buffer += chunk.decode()
        if answer.get("error") is not None:
            raise UnixctlError(answer["error"])
        return answer.get("result") or ""
