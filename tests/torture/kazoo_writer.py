"""A kazoo client that asks what it is told to: orders come in as lines of JSON, what becomes of them goes out the same way.

    kazoo_writer.py <hosts> <session timeout, ms> <beginning of the run, ns>

An order is noted before its bytes leave and after its answer came, on the clock that all processes of a machine share, so that
"answered before the other was asked" can be said of two processes. (record.ts tells what the lines mean.)
"""

import json
import os
import sys
import threading
import time

import kazoo.client
from kazoo.exceptions import KazooException
from kazoo.protocol.connection import ConnectionHandler
from kazoo.protocol.serialization import (
    CheckVersion,
    Close,
    Create,
    Delete,
    Exists,
    GetChildren2,
    GetData,
    SetData,
    Sync,
    Transaction,
)
from kazoo.protocol.states import ZnodeStat
from kazoo.security import OPEN_ACL_UNSAFE

HOSTS, TIMEOUT_MS, BEGAN_NS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
FLAGS = {
    "persistent": 0,
    "ephemeral": 1,
    "persistent-sequential": 2,
    "ephemeral-sequential": 3,
}

printing = threading.Lock()


def say(line):
    with printing:
        os.write(1, (json.dumps(line) + "\n").encode())


def now():
    return time.monotonic_ns() - BEGAN_NS


class RecordingHandler(ConnectionHandler):
    """Notes what leaves and what arrives. Numbers go on over connections, so that a number and a session name one request."""

    number = 0

    @property
    def _xid(self):
        return self.number

    @_xid.setter
    def _xid(self, value):
        self.number = max(self.number, value or 0)

    def _connect(self, *args):
        timeouts = super()._connect(*args)
        session = str(self.client._session_id)
        say({"event": "connected", "at": now(), "session": session, "timeoutMs": timeouts[0] * 3 / 2})
        return timeouts

    def _submit(self, request, timeout, xid=None):
        if xid is not None and xid > 0:
            waiting = self.client._queue[0][1]
            order = "close" if isinstance(request, Close) else waiting.order
            session = str(self.client._session_id)
            say({"event": "ask", "at": now(), "order": order, "session": session, "xid": xid})
        super()._submit(request, timeout, xid)

    def _read_response(self, header, buffer, offset):
        at = now()
        request, waiting, _ = self.client._pending[0]
        if waiting is not None:
            waiting.is_told = True
        result = super()._read_response(header, buffer, offset)
        if waiting is not None:
            value = waiting.get_nowait() if waiting.successful() else None
            answer = dict(NOTHING, code=header.err, **facts(request, value))
            say({"event": "told", "at": at, "order": waiting.order, "zxid": header.zxid, "answer": answer})
        return result


kazoo.client.ConnectionHandler = RecordingHandler

NOTHING = {"path": None, "stat": None, "data": None, "names": None, "parts": None}


def facts(request, value):
    if value is None:
        return {}
    if isinstance(request, Create):
        return {"path": value}
    if isinstance(request, (SetData, Exists)):
        return {"stat": stat(value)}
    if isinstance(request, GetData):
        return {"data": value[0].decode("latin1"), "stat": stat(value[1])}
    if isinstance(request, GetChildren2):
        return {"names": sorted(value[0]), "stat": stat(value[1])}
    if isinstance(request, Transaction):
        return {"parts": [part(result) for result in value]}
    return {}


def part(result):
    if isinstance(result, KazooException):
        return {"code": result.code, "path": None, "stat": None}
    path = result if isinstance(result, str) else None
    return {"code": 0, "path": path, "stat": stat(result) if isinstance(result, ZnodeStat) else None}


def stat(of):
    return dict(of._asdict(), ephemeralOwner=str(of.ephemeralOwner))


def request_of(order):
    kind, path = order["kind"], order.get("path")
    if kind == "create":
        return Create(path, order["data"].encode("latin1"), OPEN_ACL_UNSAFE, FLAGS[order["mode"]])
    if kind == "set":
        return SetData(path, order["data"].encode("latin1"), order["version"])
    if kind == "delete":
        return Delete(path, order["version"])
    if kind == "check":
        return CheckVersion(path, order["version"])
    if kind == "multi":
        return Transaction([request_of(step) for step in order["steps"]])
    if kind == "get":
        return GetData(path, None)
    if kind == "exists":
        return Exists(path, None)
    if kind == "children":
        return GetChildren2(path, None)
    if kind == "sync":
        return Sync(path)
    raise ValueError(kind)


def ask(client, number, order):
    waiting = client.handler.async_result()
    waiting.order, waiting.is_told = number, False

    def settled(result):
        if not result.is_told:
            say({"event": "lost", "at": now(), "order": number})

    waiting.rawlink(settled)
    client._call(request_of(order), waiting)


client = kazoo.client.KazooClient(
    hosts=HOSTS,
    timeout=TIMEOUT_MS / 1000,
    connection_retry={"max_tries": -1, "delay": 0.05, "max_delay": 0.5},
)
client.start_async()
for line in sys.stdin:
    said = json.loads(line)
    if said["order"] == "close":
        break
    ask(client, said["number"], said["order"])
client.stop()
