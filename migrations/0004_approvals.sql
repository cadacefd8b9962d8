-- What is held until its user has decided.
CREATE TABLE approval_requests (
  user_id     BLOB    NOT NULL,
  id          BLOB    NOT NULL,
  session_id  BLOB    NOT NULL,
  task_id     BLOB    NOT NULL,
  type        TEXT    NOT NULL,
  payload     TEXT    NOT NULL,
  -- As it was resolved; one that is pending may have expired, or its task may have ended.
  status      TEXT    NOT NULL,
  created_at  INTEGER NOT NULL,
  expires_at  INTEGER NOT NULL,
  resolved_at INTEGER,
  -- The user's own words.
  decision    TEXT,
  PRIMARY KEY (user_id, id),
  FOREIGN KEY (user_id, task_id) REFERENCES tasks (user_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX approvals_by_task ON approval_requests (user_id, task_id);

-- What a plan was thought to take when it was made.
ALTER TABLE plans ADD COLUMN estimated_seconds REAL;
ALTER TABLE plans ADD COLUMN estimated_tokens INTEGER;
ALTER TABLE plans ADD COLUMN estimated_cost_usd REAL;

-- How often the task was taken over since something of it was finished.
ALTER TABLE tasks ADD COLUMN stalled INTEGER NOT NULL DEFAULT 0;
