-- served by 1
-- Automatic mode: plans of tasks. A step is a task of its own, which the plan's task (its parent) has done; whoever runs
-- the parent runs the step.
ALTER TABLE tasks ADD COLUMN kind text NOT NULL DEFAULT 'direct';
ALTER TABLE tasks ADD COLUMN parent_id uuid;

CREATE INDEX tasks_by_parent ON tasks (user_id, parent_id) WHERE parent_id IS NOT NULL;

-- The plan of a task. How it stands is how its task stands.
CREATE TABLE plans (
  user_id           uuid   NOT NULL,
  id                uuid   NOT NULL,
  session_id        uuid   NOT NULL,
  task_id           uuid   NOT NULL,
  goal              text   NOT NULL,
  -- What it cost to make it.
  prompt_tokens     bigint NOT NULL,
  completion_tokens bigint NOT NULL,
  cost_usd          double precision,
  created_at        bigint NOT NULL,
  updated_at        bigint NOT NULL,
  version           bigint NOT NULL,
  PRIMARY KEY (user_id, id),
  UNIQUE (user_id, task_id),
  FOREIGN KEY (user_id, session_id) REFERENCES chat_sessions (user_id, id) ON DELETE CASCADE
);

CREATE INDEX plans_by_session ON plans (user_id, session_id);

CREATE TABLE plan_nodes (
  user_id           uuid   NOT NULL,
  plan_id           uuid   NOT NULL,
  id                text   NOT NULL,
  -- Each behind those that it depends on.
  position          bigint NOT NULL,
  agent             text   NOT NULL,
  instruction       text   NOT NULL,
  expected_output   text   NOT NULL,
  -- A JSON array of ids.
  depends_on        text   NOT NULL,
  status            text   NOT NULL,
  -- Of its newest attempt.
  task_id           uuid,
  attempt           bigint NOT NULL,
  result            text,
  error_code        text,
  error_detail      text,
  prompt_tokens     bigint,
  completion_tokens bigint,
  cost_usd          double precision,
  PRIMARY KEY (user_id, plan_id, id),
  FOREIGN KEY (user_id, plan_id) REFERENCES plans (user_id, id) ON DELETE CASCADE
);

-- How messages are answered that name no agent. Made at its first use.
CREATE TABLE user_orchestrators (
  user_id    uuid   NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  id         uuid   NOT NULL,
  config     json   NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL
);

DO $$ DECLARE owned text; BEGIN
  FOREACH owned IN ARRAY ARRAY['plans', 'plan_nodes', 'user_orchestrators'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', owned);
    EXECUTE format('CREATE POLICY own_rows ON %I TO codelab_serving USING (user_id = (SELECT codelab_user())) '
      'WITH CHECK (user_id = (SELECT codelab_user()))', owned);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO codelab_serving', owned);
  END LOOP;
END $$;

-- Steps go with their plan's task.
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
      UPDATE tasks t SET runner = new_runner, attempt = t.attempt + CASE WHEN t.status = ''running'' THEN 1 ELSE 0 END
      FROM lost WHERE t.user_id = lost.user_id AND t.id = lost.id RETURNING t.user_id, t.id, t.attempt';
