-- served by 6
-- When the first node of a plan began.
ALTER TABLE plans ADD COLUMN begun_at bigint;

CREATE INDEX plan_nodes_by_task ON plan_nodes (user_id, task_id) WHERE task_id IS NOT NULL;

-- A task that waits for its user's decision belongs to nobody, and is taken when that is made, or its time is over.
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
          AND NOT EXISTS (SELECT FROM approval_requests a WHERE a.user_id = t.user_id AND a.task_id = t.id
            AND a.status = ''pending'' AND a.expires_at > codelab_now())
        ORDER BY t.user_id, t.id LIMIT most FOR UPDATE OF t SKIP LOCKED)
      UPDATE tasks t SET runner = new_runner, attempt = t.attempt + CASE WHEN t.status = ''running'' THEN 1 ELSE 0 END,
        stalled = t.stalled + CASE WHEN t.status = ''running'' THEN 1 ELSE 0 END
      FROM lost WHERE t.user_id = lost.user_id AND t.id = lost.id RETURNING t.user_id, t.id, t.attempt';
