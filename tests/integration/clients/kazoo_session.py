"""A kazoo client's day: nodes of every kind, watches, a transaction, identities, a lock, and a session that survives."""

import sys
import threading

from kazoo.client import KazooClient
from kazoo.exceptions import BadVersionError, NoAuthError, NodeExistsError, RolledBackError
from kazoo.recipe.lock import Lock
from kazoo.security import make_digest_acl

hosts = sys.argv[1]
client = KazooClient(hosts=hosts)
client.start()

client.ensure_path("/kazoo/a/b")
path, stat = client.create("/kazoo/n", b"one", include_data=True)
assert client.get("/kazoo/n")[0] == b"one"
assert client.set("/kazoo/n", b"two", version=0).version == 1
try:
    client.set("/kazoo/n", b"stale", version=0)
    raise AssertionError("a stale version was accepted")
except BadVersionError:
    pass
try:
    client.create("/kazoo/n", b"")
    raise AssertionError("a node was created twice")
except NodeExistsError:
    pass

names = [client.create("/kazoo/seq-", b"", sequence=True) for _ in range(3)]
assert names == sorted(names)

seen = threading.Event()
children = []


@client.ChildrenWatch("/kazoo/a")
def on_children(now):
    children.append(sorted(now))
    if "c" in now:
        seen.set()


client.create("/kazoo/a/c")
assert seen.wait(10), "the watch on children did not fire"

transaction = client.transaction()
transaction.create("/kazoo/t", b"x")
transaction.check("/kazoo/n", 99)
results = transaction.commit()
assert isinstance(results[0], RolledBackError) and isinstance(results[1], BadVersionError)
assert client.exists("/kazoo/t") is None

client.add_auth("digest", "me:secret")
client.create("/kazoo/mine", b"", acl=[make_digest_acl("me", "secret", all=True)])
other = KazooClient(hosts=hosts)
other.start()
try:
    other.get("/kazoo/mine")
    raise AssertionError("a stranger could read")
except NoAuthError:
    pass

order = []
held = threading.Event()


def take(connection, name):
    with Lock(connection, "/kazoo/lock", name):
        order.append(name)
        held.set()


with Lock(client, "/kazoo/lock", "first"):
    waiting = threading.Thread(target=take, args=(other, "second"))
    waiting.start()
    order.append("first")
waiting.join(10)
assert order == ["first", "second"], order

other.create("/kazoo/gone", b"", ephemeral=True)
gone = threading.Event()


@client.DataWatch("/kazoo/gone")
def on_data(data, node):
    if node is None:
        gone.set()


other.stop()
assert gone.wait(10), "the ephemeral node outlived its session"
client.stop()
print("kazoo is content")
