-- served by 1
-- What is held until its user has decided.
CREATE TABLE approval_requests (
  user_id     uuid   NOT NULL,
  id          uuid   NOT NULL,
  session_id  uuid   NOT NULL,
  task_id     uuid   NOT NULL,
  type        text   NOT NULL,
  payload     json   NOT NULL,
  -- As it was resolved; one that is pending may have expired, or its task may have ended.
  status      text   NOT NULL,
  created_at  bigint NOT NULL,
  expires_at  bigint NOT NULL,
  resolved_at bigint,
  -- The user's own words.
  decision    text,
  PRIMARY KEY (user_id, id),
  FOREIGN KEY (user_id, task_id) REFERENCES tasks (user_id, id) ON DELETE CASCADE
);

CREATE INDEX approvals_by_task ON approval_requests (user_id, task_id);

DO $$ BEGIN
  ALTER TABLE approval_requests ENABLE ROW LEVEL SECURITY;
  CREATE POLICY own_rows ON approval_requests TO codelab_serving USING (user_id = (SELECT codelab_user()))
    WITH CHECK (user_id = (SELECT codelab_user()));
  GRANT SELECT, INSERT, UPDATE, DELETE ON approval_requests TO codelab_serving;
END $$;

-- What a plan was thought to take when it was made.
ALTER TABLE plans ADD COLUMN estimated_seconds double precision;
ALTER TABLE plans ADD COLUMN estimated_tokens bigint;
ALTER TABLE plans ADD COLUMN estimated_cost_usd double precision;

-- How often the task was taken over since something of it was finished.
ALTER TABLE tasks ADD COLUMN stalled bigint NOT NULL DEFAULT 0;

CREATE OR REPLACE FUNCTION codelab_take_over(new_runner uuid, most bigint, running uuid[], begun_before bigint)
  RETURNS TABLE (user_id uuid, task_id uuid, attempt bigint)
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
  AS 'DELETE FROM runners r WHERE r.alive_until < codelab_now() - 3600000000;
      WITH lost AS (
        SELECT t.user_id, t.id FROM tasks t
        WHERE t.status IN (''queued'', ''running'')
          AND t.parent_id IS NULL
          AND t.id <> ALL (running)
          AND CASE WHEN t.runner = new_runner THEN t.created_at < begun_before
            ELSE t.runner <> ALL (ARRAY(SELECT r.id FROM runners r WHERE r.alive_until >= codelab_now())) END
          AND NOT EXISTS (SELECT FROM moved_users m WHERE m.user_id = t.user_id)
        ORDER BY t.user_id, t.id LIMIT most FOR UPDATE OF t SKIP LOCKED)
      UPDATE tasks t SET runner = new_runner, attempt = t.attempt + CASE WHEN t.status = ''running'' THEN 1 ELSE 0 END,
        stalled = t.stalled + CASE WHEN t.status = ''running'' THEN 1 ELSE 0 END
      FROM lost WHERE t.user_id = lost.user_id AND t.id = lost.id RETURNING t.user_id, t.id, t.attempt';
