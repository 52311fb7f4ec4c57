"""An agent that speaks V1, on the library "websockets", as simple as can be.

usage: v1Peer.py URL

Sends its node, at relay region 7, in two pieces, and prints the nodes that it sees, one array on each line; when it sees one
at relay region 3 it hangs up. Then it prints how its connection was closed.
"""

import asyncio
import json
import sys

import websockets

KEYS = ("id", "key", "disco", "preferred_derp", "addresses")


async def main(url):
    try:
        socket = await websockets.connect(url)
    except websockets.InvalidStatusCode as refusal:
        return print(json.dumps({"refused": refusal.status_code}))
    node = {
        "id": 2**63 - 1,
        "as_of": "2026-03-04T05:06:07.89Z",
        "key": "nodekey:" + 32 * "07",
        "disco": "discokey:" + 32 * "08",
        "preferred_derp": 7,
        "derp_latency": {"7-v4": 0.0125},
        "derp_forced_websockets": None,
        "addresses": [],
        "allowed_ips": None,
        "endpoints": ["192.0.2.7:41641"],
    }
    data = json.dumps(node).encode()
    await socket.send(data[:50])
    await socket.send(data[50:])
    async for message in socket:
        nodes = json.loads(message)
        print(json.dumps([{key: node[key] for key in KEYS} for node in nodes]), flush=True)
        if any(node["preferred_derp"] == 3 for node in nodes):
            await socket.close()
    print(json.dumps({"code": socket.close_code}))


asyncio.run(main(sys.argv[1]))
