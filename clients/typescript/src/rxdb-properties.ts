// Written by `make clients` from the OpenAPI document. Do not edit.

/** Each field of a task in a response, except those of a newer version. */
export const TASK_PROPERTIES = {
  id: { type: "string" },
  user_id: { type: "string" },
  title: { type: "string" },
  description: { type: ["string", "null"] },
  is_completed: { type: "boolean" },
  created_at: { type: "string" },
  updated_at: { type: "string" },
  completed_at: { type: "string" },
  due: { type: "object" },
  start: { type: "object" },
  priority: { type: "string" },
  labels: { type: "array", items: { type: "string" } },
  list_id: { type: "string" },
  parent_id: { type: "string" },
  position: { type: "string" },
  metadata: { type: "object" },
  reminders: { type: "array", items: { type: "object" } },
  recurrence: { type: "object" },
  series_id: { type: "string" },
  next_id: { type: "string" },
  assigned_to: { type: "string" },
  created_by: { type: ["string", "null"] },
  updated_by: { type: "string" },
};

/** Each field of a list in a response, except those of a newer version. */
export const LIST_PROPERTIES = {
  id: { type: "string" },
  user_id: { type: "string" },
  title: { type: "string" },
  is_archived: { type: "boolean" },
  position: { type: "string" },
  metadata: { type: "object" },
  created_at: { type: "string" },
  updated_at: { type: "string" },
};
