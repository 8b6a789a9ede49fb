"use client";

import { useRouter } from "next/navigation";
import { useState, type FormEvent } from "react";
import { authClient } from "@/lib/auth-client";
import { messageOf, taskwardClient } from "@/lib/taskward";
import { useLiveTasks } from "@/lib/use-live-tasks";

export function Tasks({ email }: { email: string }) {
  const router = useRouter();
  const [client] = useState(taskwardClient);
  const { tasks, state, error } = useLiveTasks(client);
  const [problem, setProblem] = useState("");

  /** Runs a write and shows its error; the change itself comes with the live updates. */
  async function run(write: () => Promise<unknown>): Promise<boolean> {
    const error = await write().then(() => undefined, messageOf);
    setProblem(error ?? "");
    return error === undefined;
  }

  async function add(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const input = event.currentTarget.elements.namedItem("title") as HTMLInputElement;
    const title = input.value;
    input.value = ""; // at once, so that the next one can be typed
    const isAdded = await run(() => client.tasks.create({ title }));
    if (!isAdded) input.value ||= title;
  }

  async function signOut() {
    await authClient.signOut();
    router.refresh();
  }

  return (
    <>
      <header className="row">
        <h1>Tasks</h1>
        <span role="status" className={`state ${state}`}>
          {state}
        </span>
        <span className="email" title={email}>
          {email}
        </span>
        <button className="quiet" onClick={signOut}>
          Sign out
        </button>
      </header>
      <form className="row" onSubmit={add}>
        <input name="title" aria-label="New task" placeholder="Buy milk" autoFocus />
        <button>Add</button>
      </form>
      <p role="alert">{problem || (error !== undefined && messageOf(error))}</p>
      {state === "live" && tasks.length === 0 && <p className="empty">No tasks yet</p>}
      <ul>
        {tasks.map(({ id, title, is_completed }) => (
          <li key={id} className="row">
            <label>
              <input
                type="checkbox"
                checked={is_completed}
                onChange={() => run(() => client.tasks.update(id, { is_completed: !is_completed }))}
              />
              {title}
            </label>
            <button className="quiet" aria-label={`Delete ${title}`} onClick={() => run(() => client.tasks.delete(id))}>
              ×
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}
