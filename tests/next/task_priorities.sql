-- served by @CODELAB_TODAY@
ALTER TABLE tasks ADD COLUMN priority bigint NOT NULL DEFAULT 0;
CREATE INDEX tasks_by_priority ON tasks (user_id, priority, id);
