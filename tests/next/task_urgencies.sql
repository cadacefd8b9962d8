ALTER TABLE tasks RENAME COLUMN priority TO urgency;
