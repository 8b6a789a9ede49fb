import type { CreatedInvitation, Invitation, Member, Role } from "@taskward/client";
import { html, nothing, type TemplateResult } from "lit-html";
import { live } from "lit-html/directives/live.js";
import { repeat } from "lit-html/directives/repeat.js";
import type { App } from "./app.js";
import { momentText } from "./dates.js";
import { openDialog } from "./dialogs.js";
import { invitationLink } from "./joining.js";

const ROLES: Record<Role, string> = { owner: "Owner", editor: "Can change tasks", viewer: "Can only look" };

/** What is known of the people of a space while the dialog is open. */
interface People {
  members: readonly Member[];
  /** The id of the user as a member. */
  me: string | undefined;
  invitations: readonly Invitation[];
  created: CreatedInvitation | undefined;
}

/** Shows who is in a space. Its owners change roles, remove members and make invitations. */
export async function openPeople(app: App, space: string, title: string): Promise<void> {
  const people: People = { members: [], me: undefined, invitations: [], created: undefined };
  let show = () => {};
  const read = async () => {
    await readPeople(app, space, people);
    show();
  };
  const shown = openDialog<"done">(`People in ${title}`, (close, update) => {
    show = update;
    const isOwner = people.members.some(({ id, role }) => id === people.me && role === "owner");
    const act = async (work: () => Promise<unknown>) => {
      if (!(await app.actions.online(work))) show(); // a field shows what is set again
      await app.actions.online(read);
    };
    return html`
      <ul class="people">${repeat(people.members, ({ id }) => id, (member) => personOf(app, space, people, member, isOwner, act))}</ul>
      ${isOwner ? invitationsOf(app, space, people, act) : nothing}
      <div class="buttons"><button @click=${() => close("done")} autofocus>Done</button></div>
    `;
  });
  void app.actions.online(read);
  await shown;
}

/** Returns what a member is called, if it is known. */
export function nameOf(member: Member | undefined): string {
  return member?.name ?? (member === undefined || member.role === null ? "A former member" : "A member");
}

async function readPeople(app: App, space: string, people: People): Promise<void> {
  const { members, invitations } = app.account.space(space);
  const [all, me] = await Promise.all([members.list(), members.get("me")]);
  people.members = all;
  people.me = me.member.id;
  if (me.member.role === "owner") people.invitations = await invitations.list();
}

type Act = (work: () => Promise<unknown>) => Promise<void>;

function personOf(app: App, space: string, people: People, member: Member, isOwner: boolean, act: Act): TemplateResult {
  const { members } = app.account.space(space);
  const { id, role } = member;
  const name = nameOf(member);
  const change = (event: Event) => act(() => members.update(id, { role: (event.target as HTMLSelectElement).value as Role }));
  const canChange = isOwner && id !== people.me;
  return html`
    <li>
      <span class="text">${name}${id === people.me ? " (you)" : ""}</span>
      ${canChange ? html`
        <select aria-label=${`Role of ${name}`} .value=${live(role ?? "")} @change=${change}>
          ${Object.entries(ROLES).map(([value, text]) => html`<option value=${value} ?selected=${value === role}>${text}</option>`)}
        </select>
        <button aria-label=${`Remove ${name}`} @click=${() => act(() => members.remove(id))}>Remove</button>
      ` : html`<span class="hint">${role === null ? "" : ROLES[role as Role]}</span>`}
    </li>
  `;
}

function invitationsOf(app: App, space: string, people: People, act: Act): TemplateResult {
  const { invitations } = app.account.space(space);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const { value } = (event.target as HTMLFormElement).elements.namedItem("role") as HTMLSelectElement;
    const create = async () => (people.created = await newInvitation(app, space, value as "editor" | "viewer"));
    void act(() => app.actions.onlineOnce("invitation", create));
  };
  const others = people.invitations.filter(({ id }) => id !== people.created?.id);
  return html`
    <form class="invite" @submit=${submit}>
      <select name="role" aria-label="Role of the invited person">
        <option value="editor">${ROLES.editor}</option><option value="viewer">${ROLES.viewer}</option>
      </select>
      <button class="primary">Make an invitation</button>
    </form>
    ${people.created === undefined ? nothing : linkOf(app, people.created)}
    ${others.map(({ id, role, expires_at }) => html`
      <p class="hint">An invitation, “${ROLES[role as Role]}”, until ${momentText(expires_at)}
        <button class="plain" @click=${() => act(() => invitations.revoke(id))}>Revoke</button></p>
    `)}
  `;
}

/** Makes an invitation. One whose answer was lost is replaced: the repeated answer is without its secret. */
async function newInvitation(app: App, space: string, role: "editor" | "viewer"): Promise<CreatedInvitation> {
  const { invitations } = app.account.space(space);
  const created = await invitations.create({ role });
  if (created.invitation !== undefined) return created;
  await invitations.revoke(created.id);
  return await newInvitation(app, space, role);
}

/** The address is shown once: the service stores nothing that it could be made of. */
function linkOf(app: App, { invitation = "", expires_at }: CreatedInvitation): TemplateResult {
  const link = invitationLink(app, invitation);
  const copy = () => void navigator.clipboard.writeText(link).then(() => app.toast.show("Copied"), () => undefined);
  const select = (event: Event) => (event.target as HTMLInputElement).select();
  return html`
    <div class="invitation">
      <input readonly aria-label="Address of the invitation" .value=${link} @focus=${select} />
      <button @click=${copy}>Copy</button>
    </div>
    <p class="hint">For one person, until ${momentText(expires_at)}. Anyone with this address can join, so send it to that person only.
      ${app.session.isDevelopment ? "In development the address opens the app as another user: open it in another tab or browser." : nothing}</p>
  `;
}
