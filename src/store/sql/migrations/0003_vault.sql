-- Secrets of the gateway at rest: sealed under a key that is not in this database.
CREATE TABLE vault (
  name TEXT PRIMARY KEY,
  sealed TEXT NOT NULL,
  key_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

-- Who looked at which secret, when and why; never what was in it.
CREATE TABLE credential_accesses (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  credential TEXT NOT NULL,
  source TEXT NOT NULL,
  reason TEXT NOT NULL,
  outcome TEXT NOT NULL,
  duration_ms INTEGER NOT NULL
) STRICT;

-- One for all of them and for pruning, one for a single credential: looks are rare, so neither costs much.
CREATE INDEX credential_accesses_newest ON credential_accesses (at DESC, id DESC);

CREATE INDEX credential_accesses_of ON credential_accesses (credential, at DESC, id DESC);
