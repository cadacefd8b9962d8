-- Automatic mode: plans of tasks. A step is a task of its own, which the plan's task (its parent) has done; whoever runs
-- the parent runs the step.
ALTER TABLE tasks ADD COLUMN kind TEXT NOT NULL DEFAULT 'direct';
ALTER TABLE tasks ADD COLUMN parent_id BLOB;

CREATE INDEX tasks_by_parent ON tasks (user_id, parent_id) WHERE parent_id IS NOT NULL;

-- The plan of a task. How it stands is how its task stands.
CREATE TABLE plans (
  user_id           BLOB    NOT NULL,
  id                BLOB    NOT NULL,
  session_id        BLOB    NOT NULL,
  task_id           BLOB    NOT NULL,
  goal              TEXT    NOT NULL,
  -- What it cost to make it.
  prompt_tokens     INTEGER NOT NULL,
  completion_tokens INTEGER NOT NULL,
  cost_usd          REAL,
  created_at        INTEGER NOT NULL,
  updated_at        INTEGER NOT NULL,
  version           INTEGER NOT NULL,
  PRIMARY KEY (user_id, id),
  UNIQUE (user_id, task_id),
  FOREIGN KEY (user_id, session_id) REFERENCES chat_sessions (user_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX plans_by_session ON plans (user_id, session_id);

CREATE TABLE plan_nodes (
  user_id           BLOB    NOT NULL,
  plan_id           BLOB    NOT NULL,
  id                TEXT    NOT NULL,
  -- Each behind those that it depends on.
  position          INTEGER NOT NULL,
  agent             TEXT    NOT NULL,
  instruction       TEXT    NOT NULL,
  expected_output   TEXT    NOT NULL,
  -- A JSON array of ids.
  depends_on        TEXT    NOT NULL,
  status            TEXT    NOT NULL,
  -- Of its newest attempt.
  task_id           BLOB,
  attempt           INTEGER NOT NULL,
  result            TEXT,
  error_code        TEXT,
  error_detail      TEXT,
  prompt_tokens     INTEGER,
  completion_tokens INTEGER,
  cost_usd          REAL,
  PRIMARY KEY (user_id, plan_id, id),
  FOREIGN KEY (user_id, plan_id) REFERENCES plans (user_id, id) ON DELETE CASCADE
) STRICT;

-- How messages are answered that name no agent. Made at its first use.
CREATE TABLE user_orchestrators (
  user_id    BLOB    NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  id         BLOB    NOT NULL,
  config     TEXT    NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
