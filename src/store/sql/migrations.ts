// Generated from migrations/*.sql by test/store/generate-migrations.ts; a test fails when it is stale. Do not edit.
export const migrations = [
  {
    name: '0001_init.sql',
    statements: [
      `CREATE TABLE config_documents (
  revision INTEGER PRIMARY KEY,
  document TEXT NOT NULL,
  published_at INTEGER NOT NULL
) STRICT`,
      `CREATE TABLE leases (
  name TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID`,
      `CREATE TABLE counters (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID`,
      `CREATE TABLE traces (
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
) STRICT`,
      'CREATE INDEX traces_newest ON traces (started_at DESC, request_id, outcome, provider, route)',
    ],
  },
  {
    name: '0002_reasoning-state.sql',
    statements: [
      `CREATE TABLE reasoning_state (
  key TEXT PRIMARY KEY,
  sealed TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT`,
      'CREATE INDEX reasoning_state_expiry ON reasoning_state (expires_at)',
    ],
  },
  {
    name: '0003_vault.sql',
    statements: [
      `CREATE TABLE vault (
  name TEXT PRIMARY KEY,
  sealed TEXT NOT NULL,
  key_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT`,
      `CREATE TABLE credential_accesses (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  credential TEXT NOT NULL,
  source TEXT NOT NULL,
  reason TEXT NOT NULL,
  outcome TEXT NOT NULL,
  duration_ms INTEGER NOT NULL
) STRICT`,
      'CREATE INDEX credential_accesses_newest ON credential_accesses (at DESC, id DESC)',
      'CREATE INDEX credential_accesses_of ON credential_accesses (credential, at DESC, id DESC)',
    ],
  },
  {
    name: '0004_coordination.sql',
    statements: [
      `CREATE TABLE coordination_state (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL,
  version INTEGER NOT NULL,
  forget_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID`,
      'CREATE INDEX coordination_state_forget ON coordination_state (forget_at)',
      `CREATE TABLE coordination_slots (
  name TEXT NOT NULL,
  owner TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (name, owner)
) STRICT, WITHOUT ROWID`,
      'CREATE INDEX coordination_slots_expiry ON coordination_slots (expires_at)',
    ],
  },
]
