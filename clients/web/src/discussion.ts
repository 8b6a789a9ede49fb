import type { Comment, Task } from "@taskward/client";
import { html, nothing, type TemplateResult } from "lit-html";
import { live } from "lit-html/directives/live.js";
import { repeat } from "lit-html/directives/repeat.js";
import type { App } from "./app.js";
import { momentText } from "./dates.js";
import { icon } from "./icons.js";
import { nameOf } from "./people.js";

/** The comments on a task, and a field for one more. */
export function discussion(app: App, task: Task): TemplateResult {
  const { all = [], problem } = app.comments;
  return html`
    <div class="field discussion">
      <span id="comments-of-task">Comments</span>
      ${problem === undefined ? nothing : html`<p class="hint" role="status">${problem}</p>`}
      <ul aria-labelledby="comments-of-task">${repeat(all, ({ id }) => id, (comment) => row(app, comment))}</ul>
      ${app.canWrite ? addComment(app, task) : nothing}
    </div>
  `;
}

function row(app: App, { id, author_id, text, created_at }: Comment): TemplateResult {
  const { member } = app.store;
  const author = author_id === null ? "" : `${nameOf(app.store.members.find((one) => one.id === author_id))} · `;
  const canRemove = member === undefined || member.id === author_id || member.role === "owner";
  const remove = () => void app.actions.online(() => app.comments.remove(id));
  return html`
    <li>
      <p class="hint">${author}${momentText(created_at)}
        ${canRemove ? html`<button class="plain" aria-label="Delete the comment" @click=${remove}>${icon("trash")}</button>` : nothing}
      </p>
      <p class="comment">${text}</p>
    </li>
  `;
}

/** What is typed is a draft until the service has the comment. */
function addComment(app: App, { id }: Task): TemplateResult {
  const field = `${id} comment`;
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const text = app.drafts.value(field, "").trim();
    if (text === "" || !(await app.actions.online(() => app.comments.add(text)))) return;
    app.drafts.end(field);
    app.update();
  };
  return html`
    <form @submit=${submit}>
      <textarea name="comment" rows="1" maxlength="4000" placeholder="Add a comment" aria-label="Add a comment"
        .value=${live(app.drafts.value(field, ""))}
        @input=${(event: InputEvent) => app.drafts.set(field, (event.target as HTMLTextAreaElement).value, "")}></textarea>
      <button>Send</button>
    </form>
  `;
}
