-- The peer's own table of tasks with optional fields: the columns and the indexes of Taskward's, labels in the
-- row, and foreign keys to the owner and to the list. It holds the same tasks.

CREATE TABLE peer_tasks (LIKE tasks INCLUDING ALL, due_zone text, labels text[]);

INSERT INTO peer_tasks
SELECT t.*, extra::json #>> '{due,time_zone}', (SELECT array_agg(label ORDER BY label_folded)
    FROM task_labels l WHERE l.user_id = t.user_id AND l.task_id = t.id)
FROM tasks t WHERE list_id IS NOT NULL;

CREATE INDEX ON peer_tasks USING gin (labels);
ALTER TABLE peer_tasks
  ADD FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
  ADD FOREIGN KEY (user_id, list_id) REFERENCES lists (user_id, id);
VACUUM (ANALYZE, FREEZE) peer_tasks;
