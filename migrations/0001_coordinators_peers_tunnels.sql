-- Who coordinates, who is connected where, and who may see whom. The names and types are those of a coder/coder
-- database, so that both kinds of coordinator can share one. Changes are announced by the statements that make them
-- (pg_notify), not by triggers.

-- One row per coordinator that ever lived, until it has been silent for a day.
CREATE TABLE tailnet_coordinators (
  id uuid NOT NULL PRIMARY KEY,
  heartbeat_at timestamp with time zone NOT NULL
);

COMMENT ON TABLE tailnet_coordinators IS 'Coordinators, each kept alive by its own heartbeats.';

-- ok: connected. lost: the connection broke; the peer may well be reachable still, and come back.
CREATE TYPE tailnet_status AS ENUM ('ok', 'lost');

-- What each peer published at each coordinator. A peer that moves from one coordinator to another has two rows for a
-- while; the newer one counts.
CREATE TABLE tailnet_peers (
  id uuid NOT NULL,
  coordinator_id uuid NOT NULL REFERENCES tailnet_coordinators (id) ON DELETE CASCADE,
  updated_at timestamp with time zone NOT NULL,
  node bytea NOT NULL,
  status tailnet_status NOT NULL DEFAULT 'ok',
  PRIMARY KEY (id, coordinator_id)
);

COMMENT ON TABLE tailnet_peers IS 'The nodes that peers published, per coordinator.';
COMMENT ON COLUMN tailnet_peers.node IS 'A serialised coder.tailnet.v2.Node.';

-- For what a coordinator asks about its own rows: marking them lost, and deleting them with their coordinator.
CREATE INDEX idx_tailnet_peers_coordinator ON tailnet_peers (coordinator_id);

-- A directed tunnel; what it makes visible goes both ways. There is no foreign key to the peers on purpose: a tunnel
-- may be opened before either end has published a node.
CREATE TABLE tailnet_tunnels (
  coordinator_id uuid NOT NULL REFERENCES tailnet_coordinators (id) ON DELETE CASCADE,
  src_id uuid NOT NULL,
  dst_id uuid NOT NULL,
  updated_at timestamp with time zone NOT NULL,
  PRIMARY KEY (coordinator_id, src_id, dst_id)
);

COMMENT ON TABLE tailnet_tunnels IS 'Who opened a tunnel to whom, per coordinator.';

-- For finding all neighbours of a peer. Only equality is ever asked for, and hash indexes stay small with uuids.
CREATE INDEX idx_tailnet_tunnels_src_id ON tailnet_tunnels USING hash (src_id);
CREATE INDEX idx_tailnet_tunnels_dst_id ON tailnet_tunnels USING hash (dst_id);
