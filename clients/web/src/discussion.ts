import type { Comment, Task } from "@taskward/client";
import { html, nothing, type TemplateResult } from "lit-html";
import { live } from "lit-html/directives/live.js";
import { repeat } from "lit-html/directives/repeat.js";
import type { App } from "./app.js";
import { momentText } from "./dates.js";
import { notStorable } from "./draft-problem.js";
import { icon } from "./icons.js";
import { nameOf } from "./people.js";

const MAX_MENTIONS = 20;

/** The comments on a task, and a field for one more. */
export function discussion(app: App, task: Task): TemplateResult {
  const { all = [], problem } = app.comments;
  return html`
    <div class="field discussion">
      <span id="comments-of-task">Comments</span>
      ${problem === undefined ? nothing : html`<p class="hint" role="status">${problem}</p>`}
      <ul aria-labelledby="comments-of-task">${repeat(all, ({ id }) => id, (comment) => row(app, comment))}</ul>
      ${app.canWrite || app.drafts.value(`${task.id} comment`, "") !== "" ? addComment(app, task) : nothing}
    </div>
  `;
}

function row(app: App, comment: Comment): TemplateResult {
  const { id, author_id, text, mentions, created_at, updated_at } = comment;
  if (app.comments.edited === id) return html`<li>${change(app, comment)}</li>`;
  const { member, members } = app.store;
  const name = (one: string) => nameOf(members.find((known) => known.id === one));
  const isMine = member === undefined || member.id === author_id;
  const edit = () => {
    app.comments.edited = id;
    app.update();
  };
  const remove = () => void app.actions.online(() => app.comments.remove(id));
  return html`
    <li>
      <p class="hint">
        <span>${author_id === null ? "" : `${name(author_id)} · `}${momentText(created_at)}${updated_at === created_at ? "" : " · changed"}</span>
        ${isMine && app.canWrite ? html`<button class="plain" aria-label="Change the comment" @click=${edit}>Change</button>` : nothing}
        ${isMine || member?.role === "owner" ? html`<button class="plain" aria-label="Delete the comment" @click=${remove}>${icon("trash")}</button>` : nothing}
      </p>
      <p class="comment">${text}</p>
      ${mentions === undefined ? nothing : html`<p class="hint">To ${mentions.map(name).join(", ")}</p>`}
    </li>
  `;
}

function change(app: App, comment: Comment): TemplateResult {
  const close = () => {
    if (app.comments.edited === comment.id) app.comments.edited = undefined;
  };
  return form(app, `${comment.task_id} ${comment.id}`, comment, { label: "Change the comment", action: "Save", close }, (text, mentions) =>
    app.comments.change(comment.id, text, mentions),
  );
}

function addComment(app: App, { id }: Task): TemplateResult {
  return form(app, id, { text: "" }, { label: "Add a comment", action: "Send" }, (text, mentions) => app.comments.add(text, mentions));
}

/** A text, and in a space who is mentioned. Both are drafts until the service has the comment. */
function form(
  app: App,
  of: string,
  stored: Pick<Comment, "text" | "mentions">,
  { label, action, close }: { label: string; action: string; close?: () => void },
  send: (text: string, mentions: string[]) => Promise<void>,
): TemplateResult {
  const field = `${of} comment`;
  const before = (stored.mentions ?? []).join(" ");
  const typed = () => app.drafts.value(field, stored.text);
  const mentioned = () => app.drafts.value(`${of} mentions`, before).split(" ").filter(Boolean);
  const mention = (ids: string[]) => {
    app.drafts.set(`${of} mentions`, ids.join(" "), before);
    app.update();
  };
  const end = () => {
    for (const part of ["comment", "mentions"]) app.drafts.end(`${of} ${part}`);
    close?.();
    app.update();
  };
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const [text, to] = [typed(), mentioned()];
    if (text.trim() === "" || !(await app.actions.onlineOnce(field, () => send(text.trim(), to)))) return;
    if (typed() === text && mentioned().join() === to.join()) end(); // else the user goes on typing
  };
  const buttons = html`
    ${close === undefined ? nothing : html`<button type="button" @click=${end}>Cancel</button>`}
    <button>${action}</button>
    ${mentions(app, mentioned(), mention)}
  `;
  return html`
    <form @submit=${submit}>
      <textarea name="comment" rows="1" maxlength="4000" placeholder=${label} aria-label=${label}
        ?readonly=${!app.canWrite} .value=${live(typed())}
        @input=${(event: InputEvent) => app.drafts.set(field, (event.target as HTMLTextAreaElement).value, stored.text)}></textarea>
      ${app.canWrite ? buttons : notStorable(end)}
    </form>
  `;
}

function mentions(app: App, mentioned: string[], mention: (ids: string[]) => void): TemplateResult | typeof nothing {
  const { member, members } = app.store;
  const others = members.filter(({ id, role }) => role !== null && id !== member?.id && !mentioned.includes(id));
  if (others.length + mentioned.length === 0) return nothing;
  const add = (event: Event) => mention([...mentioned, (event.target as HTMLSelectElement).value]);
  return html`
    <div class="labels">
      ${mentioned.map((id) => {
        const name = nameOf(members.find((one) => one.id === id));
        const remove = () => mention(mentioned.filter((one) => one !== id));
        return html`<span class="chip">${name}<button type="button" aria-label=${`Do not mention ${name}`} @click=${remove}>${icon("close")}</button></span>`;
      })}
      ${others.length === 0 || mentioned.length >= MAX_MENTIONS ? nothing : html`
        <select aria-label="Mention a member" .value=${live("")} @change=${add}>
          <option value="">Mention…</option>
          ${others.map((one) => html`<option value=${one.id}>${nameOf(one)}</option>`)}
        </select>
      `}
    </div>
  `;
}
