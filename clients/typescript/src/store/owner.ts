import { OtherUserError, TaskwardError } from "../errors.js";
import type { Value } from "./records.js";
import type { Transaction } from "./storage.js";

/** Another store, as that of another tab, has deleted everything: `Store.open` opens a new one. */
export class StoreClearedError extends TaskwardError {
  override name = "StoreClearedError";
}

/** Returns who owns what is stored, as `Taskward.identity` returns it; undefined if nobody does. */
export function ownerOf(transaction: Transaction): Promise<string | undefined> {
  return transaction.get<string>("meta", "owner");
}

/** Makes a user the owner of what is stored. Throws an OtherUserError if somebody else is, or if writes of nobody are there. */
export async function setOwner(transaction: Transaction, identity: string): Promise<void> {
  const owner = await ownerOf(transaction);
  if (owner === identity) return;
  const isEmpty = owner === undefined && (await transaction.getAll("writes")).length === 0;
  if (!isEmpty) throw new OtherUserError("What is stored belongs to another user");
  transaction.put("meta", "owner", identity);
}

/** The user tries to change what the role of the user does not allow to change. */
export class RoleError extends TaskwardError {
  override name = "RoleError";
}

/** Throws an OtherUserError if the service has sent objects of another owner than before, who is known of a space. */
export async function checkUser(transaction: Transaction, values: readonly Value[]): Promise<void> {
  const known = await transaction.get<string>("meta", "user");
  const users = new Set(values.map(({ user_id }) => user_id)).add(known ?? values[0]?.user_id ?? "");
  if (users.size > 1) throw new OtherUserError("The service has sent objects of another user than before");
  const [user] = users;
  if (known === undefined && user !== "") transaction.put("meta", "user", user);
}
