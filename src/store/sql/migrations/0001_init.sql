-- The first schema. Shared by D1 and local SQLite, so: no BEGIN, no PRAGMA, nothing newer than SQLite 3.45.
-- A statement ends with a semicolon and an empty line (or the end of the file); the runner splits there.
-- A file that was released is never edited again: the next change is the next number.

-- Published configuration documents, one row per revision; the highest is in force.
CREATE TABLE config_documents (
  revision INTEGER PRIMARY KEY,
  document TEXT NOT NULL,
  published_at INTEGER NOT NULL
) STRICT;

CREATE TABLE leases (
  name TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE counters (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row per request: metadata only, never a body.
CREATE TABLE traces (
  request_id TEXT NOT NULL UNIQUE,
  started_at INTEGER NOT NULL,
  revision TEXT NOT NULL,
  dialect TEXT NOT NULL,
  path TEXT NOT NULL,
  key_id TEXT,
  tenant TEXT,
  inbound_model TEXT,
  route TEXT,
  provider TEXT,
  account TEXT,
  model TEXT,
  upstream_dialect TEXT,
  streamed INTEGER NOT NULL,
  status INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  error_code TEXT,
  finish TEXT,
  duration_ms INTEGER NOT NULL,
  ttft_ms INTEGER,
  input_tokens INTEGER,
  cache_read_tokens INTEGER,
  cache_write_tokens INTEGER,
  output_tokens INTEGER,
  reasoning_tokens INTEGER,
  usage_evidence TEXT,
  detail TEXT NOT NULL
) STRICT;

-- Serves the listing and its paging. The filter columns ride along so that a rare outcome is found by
-- walking this index alone, without fetching every row it passes; one wide index costs D1 one written row, three cost three.
CREATE INDEX traces_newest ON traces (started_at DESC, request_id, outcome, provider, route);
