import type { App } from "./app.js";
import { askForText } from "./dialogs.js";
import { secondUserLink } from "./session.js";

const PREFIX = "#/join/";

/**
 * Returns the address at which an invitation is redeemed, in development that of another user.
 *
 * Browsers do not send what follows the number sign.
 */
export function invitationLink(app: App, invitation: string): string {
  const other = app.session.isDevelopment ? secondUserLink() : undefined;
  return `${other ?? `${location.origin}/`}${PREFIX}${invitation}`;
}

/** Asks whether to join the space of the invitation in the address, which is removed from there. */
export async function joinByLink(app: App): Promise<void> {
  const { hash } = location;
  if (!hash.startsWith(PREFIX)) return;
  history.replaceState(null, "", "#/inbox");
  const invitation = hash.slice(PREFIX.length);
  if (invitation === "") return app.toast.error("The address of the invitation is incomplete: ask for it again");
  const hint = "You were invited to share tasks. Everybody in the space sees this name.";
  const name = await askForText("Join a space", "Your name there", { hint, action: "Join", maxLength: 100 });
  if (name === undefined) return;
  await app.actions.online(async () => {
    const { space } = await app.account.spaces.redeem(invitation, { name });
    app.show({ name: "all", space: space.id });
    app.toast.show(`You are in ${space.title} now`);
  });
}
