"""A peer on the library "websockets", with JSON, or with a protobuf encoder of its own, as simple as can be.

usage: peer.py URL SUBPROTOCOL OTHER_PEER

Opens a tunnel to the other peer, publishes a node at relay region 7, waits until it sees the other one at relay region 3,
pings, says goodbye, and prints what happened, one line of JSON each.
"""

import asyncio
import base64
import json
import sys
import uuid

import websockets


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def nested(field, content):
    return varint(field << 3 | 2) + varint(len(content)) + content


def fields(data):
    """The fields of a message: pairs of a number and what is in it, as a number or as bytes."""
    at = 0

    def read_varint():
        nonlocal at
        number = shift = 0
        while True:
            byte = data[at]
            at += 1
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return number

    while at < len(data):
        tag = read_varint()
        if tag & 7 == 0:
            yield tag >> 3, read_varint()
        elif tag & 7 == 2:
            length = read_varint()
            yield tag >> 3, data[at : at + length]
            at += length
        else:
            at += {1: 8, 5: 4}[tag & 7]


class Json:
    def tunnel(self, other):
        return json.dumps({"addTunnel": {"id": base64.b64encode(other.bytes).decode()}})

    def node(self, derp):
        return json.dumps({"updateSelf": {"node": {"preferredDerp": derp}}})

    def goodbye(self):
        return json.dumps({"disconnect": {}})

    def updates(self, message):
        for update in json.loads(message).get("peerUpdates", []):
            yield uuid.UUID(bytes=base64.b64decode(update["id"])), update.get("node", {}).get("preferredDerp")


class Protobuf:
    def tunnel(self, other):
        return nested(3, nested(1, other.bytes))

    def node(self, derp):
        return nested(1, nested(1, varint(5 << 3) + varint(derp)))

    def goodbye(self):
        return nested(2, b"")

    def updates(self, message):
        for field, content in fields(message):
            if field == 1:
                update = dict(fields(content))
                yield uuid.UUID(bytes=update[1]), dict(fields(update.get(2, b""))).get(5)


def say(**what):
    print(json.dumps(what), flush=True)


async def main(url, subprotocol, other):
    codec = {"tailnet.v2.json": Json, "tailnet.v2.proto": Protobuf}[subprotocol]()
    try:
        socket = await websockets.connect(url, subprotocols=[subprotocol])
    except websockets.InvalidStatusCode as refusal:
        return say(refused=refusal.status_code)
    say(subprotocol=socket.subprotocol, extensions=[extension.name for extension in socket.extensions])
    await socket.send(codec.tunnel(other))
    await socket.send(codec.node(7))
    async for message in socket:
        for peer, derp in codec.updates(message):
            say(peer=str(peer), derp=derp)
            if derp == 3:
                await (await socket.ping())
                await socket.send(codec.goodbye())
    say(code=socket.close_code, reason=socket.close_reason)


asyncio.run(main(sys.argv[1], sys.argv[2], uuid.UUID(sys.argv[3])))
