// What a coordinator of coder/coder asks its database, written from the description. It assigns the wall clock of UTC to
// columns with a time zone: what comes of that depends on the time zone of the session.

const now = `now() at time zone 'utc'`;
const dayAgo = `${now} - interval '24 hours'`;

export const referenceQueries = {
  upsertCoordinator: `
    insert into tailnet_coordinators (id, heartbeat_at) values ($1, ${now})
    on conflict (id) do update set heartbeat_at = ${now}`,
  deleteCoordinator: 'delete from tailnet_coordinators where id = $1',

  upsertPeer: `
    insert into tailnet_peers (id, coordinator_id, node, status, updated_at) values ($1, $2, $3, $4, ${now})
    on conflict (id, coordinator_id) do update set node = $3, status = $4, updated_at = ${now}`,
  deletePeer: 'delete from tailnet_peers where id = $1 and coordinator_id = $2',
  setPeersOfCoordinator: 'update tailnet_peers set status = $2 where coordinator_id = $1 returning id',

  upsertTunnel: `
    insert into tailnet_tunnels (coordinator_id, src_id, dst_id, updated_at) values ($1, $2, $3, ${now})
    on conflict (coordinator_id, src_id, dst_id) do update set updated_at = ${now}`,
  deleteTunnel: 'delete from tailnet_tunnels where coordinator_id = $1 and src_id = $2 and dst_id = $3',
  deleteAllTunnels: 'delete from tailnet_tunnels where coordinator_id = $1 and src_id = $2 returning src_id, dst_id',

  tunnelPeerIds: `
    select dst_id as peer_id from tailnet_tunnels where src_id = $1
    union
    select src_id from tailnet_tunnels where dst_id = $1`,
  tunnelPeerBindings: `
    select peer.id as peer_id, peer.coordinator_id, peer.node, peer.status,
      extract(epoch from peer.updated_at)::float8 as updated_at
    from tailnet_peers as peer
    where peer.id in (
      select dst_id from tailnet_tunnels where src_id = $1
      union
      select src_id from tailnet_tunnels where dst_id = $1
    )`,

  cleanCoordinators: `delete from tailnet_coordinators where heartbeat_at < ${dayAgo}`,
  cleanLostPeers: `delete from tailnet_peers where updated_at < ${dayAgo} and status = 'lost'`,
  cleanTunnels: `
    delete from tailnet_tunnels as tunnel
    where updated_at < ${dayAgo} and not exists (
      select from tailnet_peers as peer where peer.id = tunnel.src_id and peer.coordinator_id = tunnel.coordinator_id
    )`,
} as const;
