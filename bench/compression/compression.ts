import { deflateRawSync } from 'node:zlib';
import {
  CoordinateResponse,
  PeerUpdateKind,
  responseToJson,
  updatesResponse,
  uuidToBytes,
} from 'tailnet-coordinator/proto';
import { startChild } from '../childProcess.js';
import type { PartsCommand } from '../command.js';
import { createSpecimens } from '../micro/specimens.js';
import type { FromServer, ToServer } from './messages.js';
import { type Way, ways } from './ways.js';

export const compression: PartsCommand = {
  kind: 'parts',
  description: 'what compressed WebSockets would cost and save; needs no database',
  numbers: { connections: 1000 },
  texts: {},
  flags: [],
  run: async (run) => {
    const { connections = 0 } = run.numbers;
    const { ids, nodes } = createSpecimens(run.shape);
    const responses = nodes(1).map((node, index) =>
      updatesResponse([{ id: uuidToBytes(ids[index] ?? ''), kind: PeerUpdateKind.NODE, node, reason: 'update' }]),
    );
    const json = responses.map((response) => responseToJson(response));
    const protobuf = responses.map((response) => CoordinateResponse.encode(response).finish());
    const memory: Record<string, number> = {};
    for (const way of Object.keys(ways) as Way[]) {
      run.progress(`${connections} connections, compression: ${way}`);
      memory[way] = await memoryPerConnection(way, connections, json[0] ?? '');
    }
    return { rss_per_connection_bytes: memory, json: sizes(json), protobuf: sizes(protobuf) };
  },
};

/** Resident bytes of the server for each connection, its client included, after one message. */
const memoryPerConnection = async (way: Way, connections: number, message: string): Promise<number> => {
  await using server = startChild<ToServer, FromServer>('compression/server');
  server.send({ kind: 'connect', way, connections, message });
  const { before, after } = await server.next('connected');
  return Math.round((after - before) / connections);
};

/** Bytes of one update: as it is, and compressed by itself. */
const sizes = (messages: readonly (string | Uint8Array)[]) => {
  const mean = (bytes: readonly number[]) => Math.round(bytes.reduce((sum, one) => sum + one, 0) / bytes.length);
  return {
    plain_bytes: mean(messages.map((message) => Buffer.byteLength(message))),
    per_message_bytes: mean(messages.map((message) => deflateRawSync(message).length)),
  };
};
