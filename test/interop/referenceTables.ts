import type { Generation } from './generations.js';

// The tables of coder/coder, made from their description.

const tables = `
  create table tailnet_coordinators (id uuid not null primary key, heartbeat_at timestamptz not null);
  create type tailnet_status as enum ('ok', 'lost');
  create table tailnet_peers (
    id uuid not null,
    coordinator_id uuid not null references tailnet_coordinators (id) on delete cascade,
    updated_at timestamptz not null,
    node bytea not null,
    status tailnet_status default 'ok'::tailnet_status not null,
    primary key (id, coordinator_id)
  );
  create index idx_tailnet_peers_coordinator on tailnet_peers (coordinator_id);
  create table tailnet_tunnels (
    coordinator_id uuid not null references tailnet_coordinators (id) on delete cascade,
    src_id uuid not null,
    dst_id uuid not null,
    updated_at timestamptz not null,
    primary key (coordinator_id, src_id, dst_id)
  );`;

/** What the API before this one left behind, which goes with a coordinator as well. */
const olderTables = `
  create table tailnet_agents (
    id uuid not null,
    coordinator_id uuid not null references tailnet_coordinators (id) on delete cascade,
    updated_at timestamptz not null,
    node jsonb not null,
    primary key (id, coordinator_id)
  );
  create function tailnet_notify_agent_change() returns trigger language plpgsql as $$
  begin
    perform pg_notify('tailnet_agent_update', coalesce(old.id, new.id)::text);
    return null;
  end $$;
  create trigger tailnet_notify_agent_change after insert or update or delete on tailnet_agents
    for each row execute procedure tailnet_notify_agent_change();`;

const triggers = `
  create function tailnet_notify_coordinator_heartbeat() returns trigger language plpgsql as $$
  begin
    perform pg_notify('tailnet_coordinator_heartbeat', new.id::text);
    return null;
  end $$;
  create trigger tailnet_notify_coordinator_heartbeat after insert or update on tailnet_coordinators
    for each row execute procedure tailnet_notify_coordinator_heartbeat();

  create function tailnet_notify_peer_change() returns trigger language plpgsql as $$
  begin
    if old is not null then
      perform pg_notify('tailnet_peer_update', old.id::text);
      return null;
    end if;
    perform pg_notify('tailnet_peer_update', new.id::text);
    return null;
  end $$;
  create trigger tailnet_notify_peer_change after insert or update or delete on tailnet_peers
    for each row execute procedure tailnet_notify_peer_change();

  create function tailnet_notify_tunnel_change() returns trigger language plpgsql as $$
  begin
    if new is not null then
      perform pg_notify('tailnet_tunnel_update', new.src_id || ',' || new.dst_id);
      return null;
    end if;
    perform pg_notify('tailnet_tunnel_update', old.src_id || ',' || old.dst_id);
    return null;
  end $$;
  create trigger tailnet_notify_tunnel_change after insert or update or delete on tailnet_tunnels
    for each row execute procedure tailnet_notify_tunnel_change();`;

const tunnelIndexes = `
  create index idx_tailnet_tunnels_src_id on tailnet_tunnels using hash (src_id);
  create index idx_tailnet_tunnels_dst_id on tailnet_tunnels using hash (dst_id);`;

/** Makes the tables as they are in the database of that generation. */
export const referenceTables = ({ hasTriggers, hasTunnelIndexes }: Generation): string =>
  [tables, ...(hasTriggers ? [olderTables, triggers] : []), ...(hasTunnelIndexes ? [tunnelIndexes] : [])].join('\n');
