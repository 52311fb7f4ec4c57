-- A secret that all who may read this table share: the coordinators. Everybody who may connect to a database may notify
-- in it, and some notifications of coordinators hold rows; by the secret they know which of those are their own.
--
-- One that is there already was left over, by whoever dropped the other tables, or is somebody else's.
DROP TABLE IF EXISTS tailnet_coordinator_secret;

CREATE TABLE tailnet_coordinator_secret (
  id boolean NOT NULL PRIMARY KEY DEFAULT true CHECK (id),
  secret bytea NOT NULL
);

COMMENT ON TABLE tailnet_coordinator_secret IS 'What only coordinators may read: by it they know the hints of one another.';

REVOKE ALL ON tailnet_coordinator_secret FROM PUBLIC;

-- Of 244 random bits, from the server's strong source.
INSERT INTO tailnet_coordinator_secret (secret)
VALUES (sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())));
