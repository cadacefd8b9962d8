-- served by 1
-- An attempt is one that was begun: a task that waited for its agent in a process that ended has not had one.
CREATE OR REPLACE FUNCTION codelab_take_over(new_runner uuid, most bigint, running uuid[], begun_before bigint)
  RETURNS TABLE (user_id uuid, task_id uuid, attempt bigint)
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
  AS 'DELETE FROM runners r WHERE r.alive_until < codelab_now() - 3600000000;
      WITH lost AS (
        SELECT t.user_id, t.id FROM tasks t
        WHERE t.status IN (''queued'', ''running'')
          AND t.id <> ALL (running)
          AND CASE WHEN t.runner = new_runner THEN t.created_at < begun_before
            ELSE t.runner <> ALL (ARRAY(SELECT r.id FROM runners r WHERE r.alive_until >= codelab_now())) END
          AND NOT EXISTS (SELECT FROM moved_users m WHERE m.user_id = t.user_id)
        ORDER BY t.user_id, t.id LIMIT most FOR UPDATE OF t SKIP LOCKED)
      UPDATE tasks t SET runner = new_runner, attempt = t.attempt + CASE WHEN t.status = ''running'' THEN 1 ELSE 0 END
      FROM lost WHERE t.user_id = lost.user_id AND t.id = lost.id RETURNING t.user_id, t.id, t.attempt';
