-- served by 1
-- What is finished of tasks that are not: the answers of their models that call tools, and the results of the calls.
-- Whoever takes such a task over does not do it again.
CREATE TABLE task_work (
  user_id uuid   NOT NULL,
  task_id uuid   NOT NULL,
  -- Counts the answers of the task's model, from 1.
  turn    bigint NOT NULL,
  -- 0: the answer; n: the result of its nth call.
  call    bigint NOT NULL,
  content text   NOT NULL,
  PRIMARY KEY (user_id, task_id, turn, call),
  FOREIGN KEY (user_id, task_id) REFERENCES tasks (user_id, id) ON DELETE CASCADE
);

DO $$ BEGIN
  ALTER TABLE task_work ENABLE ROW LEVEL SECURITY;
  CREATE POLICY own_rows ON task_work TO codelab_serving USING (user_id = (SELECT codelab_user()))
    WITH CHECK (user_id = (SELECT codelab_user()));
  GRANT SELECT, INSERT, UPDATE, DELETE ON task_work TO codelab_serving;
END $$;
