-- When the first node of a plan began.
ALTER TABLE plans ADD COLUMN begun_at INTEGER;

CREATE INDEX plan_nodes_by_task ON plan_nodes (user_id, task_id) WHERE task_id IS NOT NULL;
