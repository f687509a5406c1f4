-- What a model's provider wants back with the next request, where the client's wire has no room for it: sealed, and only
-- until it expires.
CREATE TABLE reasoning_state (
  key TEXT PRIMARY KEY,
  sealed TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX reasoning_state_expiry ON reasoning_state (expires_at);
