import type { Task, Taskward } from "@taskward/client";
import { useEffect, useState } from "react";

export interface LiveTasks {
  /** The newest first. */
  tasks: readonly Task[];
  state: "connecting" | "live" | "offline";
  /** Why it is offline. */
  error?: unknown;
}

/** Returns the tasks as they are, and renders again with each change of them, from wherever it comes. */
export function useLiveTasks(client: Taskward): LiveTasks {
  const [live, setLive] = useState<LiveTasks>({ tasks: [], state: "connecting" });
  useEffect(() => {
    const ending = new AbortController();
    const show = (changed: Partial<LiveTasks>) => setLive((before) => ({ ...before, ...changed }));
    // It connects again by itself, and ends with an error only if Taskward rejects a new token.
    follow(client, ending.signal, show).catch((error: unknown) => show({ state: "offline", error }));
    return () => ending.abort();
  }, [client]);
  return live;
}

async function follow(client: Taskward, signal: AbortSignal, show: (changed: Partial<LiveTasks>) => void): Promise<void> {
  const known = new Map<string, Task>();
  for await (const step of client.changes.follow({ kinds: "tasks", signal })) {
    if (step.type === "live") show({ state: "live", error: undefined });
    if (step.type === "offline") show({ state: "offline", error: step.error });
    if (step.type === "restart") known.clear(); // everything follows
    if (step.type !== "changes") continue;
    for (const change of step.changes) {
      if ("task" in change) known.set(change.task.id, change.task);
      else if (change.op === "delete") known.delete(change.id);
    }
    if (step.complete) show({ tasks: [...known.values()].sort((one, other) => (one.id < other.id ? 1 : -1)) });
  }
}
