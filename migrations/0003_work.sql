-- What is finished of tasks that are not: the answers of their models that call tools, and the results of the calls.
-- Whoever takes such a task over does not do it again.
CREATE TABLE task_work (
  user_id BLOB    NOT NULL,
  task_id BLOB    NOT NULL,
  -- Counts the answers of the task's model, from 1.
  turn    INTEGER NOT NULL,
  -- 0: the answer; n: the result of its nth call.
  call    INTEGER NOT NULL,
  content TEXT    NOT NULL,
  PRIMARY KEY (user_id, task_id, turn, call),
  FOREIGN KEY (user_id, task_id) REFERENCES tasks (user_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
