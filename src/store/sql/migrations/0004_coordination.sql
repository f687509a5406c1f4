-- What instances of a gateway agree on: locks and breakers, each with a version that a writer has to know.
CREATE TABLE coordination_state (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL,
  version INTEGER NOT NULL,
  forget_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX coordination_state_forget ON coordination_state (forget_at);

-- Requests in flight, by what counts them; an owner that is not heard of loses its place.
CREATE TABLE coordination_slots (
  name TEXT NOT NULL,
  owner TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (name, owner)
) STRICT, WITHOUT ROWID;

CREATE INDEX coordination_slots_expiry ON coordination_slots (expires_at);
