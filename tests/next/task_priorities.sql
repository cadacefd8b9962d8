-- served by @CODELAB_TODAY@
ALTER TABLE tasks ADD COLUMN priority bigint NOT NULL DEFAULT 0;
CREATE INDEX tasks_by_priority ON tasks (user_id, priority, id);

-- An event of a type that today's binaries do not know, in every session.
CREATE FUNCTION tell_priority() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  place bigint;
  moment bigint;
BEGIN
  UPDATE event_streams SET last_seq = last_seq + 1 WHERE user_id = NEW.user_id AND id = NEW.session_id
    RETURNING last_seq, last_event_at INTO place, moment;
  INSERT INTO events (user_id, stream_id, seq, type, task_id, agent, payload, at)
    VALUES (NEW.user_id, NEW.session_id, place, 'TASK_PRIORITISED', NEW.id, '', '{"priority":0}', moment);
  RETURN NEW;
END $$;
CREATE TRIGGER tell_priority AFTER INSERT ON tasks FOR EACH ROW EXECUTE FUNCTION tell_priority();
