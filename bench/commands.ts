import type { Command } from './command.js';
import { compression } from './compression/compression.js';
import { micro } from './micro/micro.js';
import { sweep } from './suites/sweep.js';
import { table } from './suites/table.js';
import { cluster } from './workloads/cluster.js';
import { leak } from './workloads/leak.js';
import { sockets } from './workloads/sockets.js';
import { mesh } from './workloads/mesh.js';
import { floor } from './workloads/floor.js';
import { w1Propagation } from './workloads/w1Propagation.js';
import { w2Throughput } from './workloads/w2Throughput.js';
import { w3Hub } from './workloads/w3Hub.js';
import { w4Mesh } from './workloads/w4Mesh.js';
import { w5Failover } from './workloads/w5Failover.js';
import { w6Memory } from './workloads/w6Memory.js';

/** What `npm run bench` can do, by name. */
export const commands: Readonly<Record<string, Command>> = {
  W1: w1Propagation,
  W2: w2Throughput,
  W3: w3Hub,
  W4: w4Mesh,
  W5: w5Failover,
  W6: w6Memory,
  floor,
  sockets,
  leak,
  mesh,
  cluster,
  micro,
  compression,
  sweep,
  table,
};
