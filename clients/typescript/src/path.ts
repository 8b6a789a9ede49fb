import { ApiError } from "./errors.js";

/** The collections, each with what an object of it is called. */
const KINDS = {
  "/api/tasks": "Task",
  "/api/trash": "Task",
  "/api/lists": "List",
  "/api/comments": "Comment",
  "/api/tokens": "Token",
  "/api/spaces": "Space",
  "/api/members": "Member",
  "/api/invitations": "Invitation",
} as const;

/** A UUID, or the member that the user is; the service refuses `me` elsewhere. */
const ID = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|me)$/i;

/**
 * Returns the path of an object. Any other text than an id could lead to another resource, as `..` and `summary` do: it throws the
 * ApiError with which the service refuses it.
 */
export function pathOf(collection: keyof typeof KINDS, id: string): string {
  if (ID.test(id)) return `${collection}/${id}`;
  const kind = KINDS[collection];
  const details = [{ field: `${kind.toLowerCase()}_id`, message: `${kind} id must be a UUID` }];
  throw new ApiError(new Response(null, { status: 400 }), { error: "Validation failed", code: "VALIDATION_ERROR", details });
}
