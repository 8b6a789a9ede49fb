import { Reconnection } from "./backoff.js";
import { isAboutToken, isDeletedBefore, isSpaceNotFound } from "./errors.js";
import { serverEvents } from "./events.js";
import { Owner } from "./owner.js";
import { pathOf } from "./path.js";
import { post, type KeyOptions } from "./post.js";
import type { ConditionalRead, ConditionalWrite } from "./resource.js";
import { readTagged } from "./tasks.js";
import type { Request, RequestOptions, Transport } from "./transport.js";
import type {
  ActivityPage,
  ActivityQuery,
  CreatedInvitation,
  Invitation,
  InvitationRevoked,
  Member,
  MemberChanges,
  MemberRemoved,
  NewInvitation,
  NewSpace,
  OwnReminders,
  Redeemed,
  RemindersOfTask,
  Space,
  SpaceChanges,
  SpaceDeleted,
  SpaceExport,
  SpaceOfMember,
  TaggedMember,
  TaggedSpace,
} from "./types.js";

/** The state of a space, which is another one after each change; or that the user is not in the space any more. */
export type SpaceState = { space_id: string; state: string } | { space_id: string; gone: true };

export type SpaceStep =
  | ({ type: "state" } & SpaceState)
  /** The connection failed; it is tried again after `retryIn` milliseconds. */
  | { type: "offline"; error: unknown; retryIn: number };

export interface FollowSpacesOptions extends RequestOptions {
  /** As of `Feed.follow`. */
  silence?: number;
}

interface AllSpaces {
  spaces: SpaceOfMember[];
  etag: string;
}

/** The spaces that the user is in. */
export class Spaces {
  constructor(private readonly transport: Transport) {}

  /** Returns all of them, by the time of joining, with the user as their member. */
  list(options: ConditionalRead): Promise<AllSpaces | undefined>;
  list(options?: RequestOptions): Promise<AllSpaces>;
  list(options: RequestOptions & { ifNoneMatch?: string } = {}): Promise<AllSpaces | undefined> {
    return readTagged<{ spaces: SpaceOfMember[] }>(this.transport, { path: SPACES }, options);
  }

  /**
   * Yields the state of each space, and a new one when the space has changed, until the signal is aborted. It connects again by
   * itself, and begins with all spaces each time.
   *
   * Throws an ApiError with status 401 if the token is rejected and cannot be renewed.
   */
  async *follow({ signal, silence }: FollowSpacesOptions = {}): AsyncGenerator<SpaceStep, void, undefined> {
    const reconnection = new Reconnection();
    while (!signal?.aborted) {
      try {
        for await (const arrived of serverEvents(this.transport, { path: `${SPACES}/events`, signal, silence })) {
          for (const { data } of arrived) yield { type: "state", ...(JSON.parse(data) as SpaceState) };
          if (arrived.length > 0) reconnection.succeeded();
        }
        reconnection.ended();
      } catch (error) {
        if (signal?.aborted) return;
        if (isAboutToken(error)) throw error;
        yield { type: "offline", error, retryIn: reconnection.ended(error) };
      }
      await reconnection.wait(signal);
    }
  }

  /** Creates a space, whose owner the user becomes. `name` is what the user is called in it. */
  create(body: NewSpace, options: KeyOptions = {}): Promise<TaggedSpace> {
    return this.transport.send(post(SPACES, body, options), space);
  }

  async get(id: string, options: RequestOptions = {}): Promise<TaggedSpace> {
    return this.transport.send({ path: pathOf(SPACES, id), repeatable: true, ...options }, space);
  }

  /** Changes the fields that are given. */
  async update(id: string, changes: SpaceChanges, options: ConditionalWrite = {}): Promise<TaggedSpace> {
    return this.transport.send(change(pathOf(SPACES, id), changes, options), space);
  }

  /** Deletes a space for all its members. Of one with tasks, `tasks` must be "delete"; else the code is SPACE_NOT_EMPTY. */
  async delete(id: string, { tasks, ifMatch, ...options }: { tasks?: "delete" } & ConditionalWrite = {}): Promise<SpaceDeleted> {
    const request = { method: "DELETE", path: pathOf(SPACES, id), query: { tasks }, headers: { "If-Match": ifMatch } } as const;
    return this.transport.send({ ...request, ...options }, (response) => response.json());
  }

  /** Joins a space by an invitation; the user may be its member already. `name` is what the user is called in it. */
  redeem(invitation: string, { name, ...options }: { name?: string } & KeyOptions = {}): Promise<Redeemed> {
    const body = { invitation, ...(name !== undefined && { name }) };
    return this.transport.send(post("/api/invitations/redeem", body, options), (response) => response.json());
  }
}

/** What belongs to one space. Its methods fail with the status 404 and "Space not found" for those who are no members. */
export class SpaceClient extends Owner {
  readonly members: Members;
  readonly invitations: Invitations;
  readonly reminders: SpaceReminders;

  constructor(transport: Transport) {
    super(transport);
    this.members = new Members(transport);
    this.invitations = new Invitations(transport);
    this.reminders = new SpaceReminders(transport);
  }

  /** Returns a page of what members did in the space, newest first. */
  activity(query: ActivityQuery = {}, options: RequestOptions = {}): Promise<ActivityPage> {
    const request = { path: "/api/activity", query, repeatable: true, ...options };
    return this.transport.send(request, (response) => response.json());
  }

  /** Returns everything that is in the space, with its members. `client.me.import` makes private tasks of it. */
  export(options: RequestOptions = {}): Promise<SpaceExport> {
    const request = { path: "/api/export", repeatable: true, timeout: Infinity, ...options };
    return this.transport.send(request, (response) => response.json());
  }
}

/** The reminders that the user has for the tasks of a space. No other member sees them. */
export class SpaceReminders {
  constructor(private readonly transport: Transport) {}

  async get(task: string, options: RequestOptions = {}): Promise<OwnReminders> {
    return (await this.transport.send({ path: remindersOf(task), repeatable: true, ...options }, reminders)).reminders;
  }

  /** Replaces those for a task; an empty array removes them. */
  async set(task: string, given: OwnReminders, options: RequestOptions = {}): Promise<OwnReminders> {
    const body = { reminders: given };
    const request = { method: "PUT", path: remindersOf(task), body, repeatable: true, ...options } as const;
    return (await this.transport.send(request, reminders)).reminders;
  }

  /** Yields all tasks for which the user has reminders, page by page. */
  async *all(options: RequestOptions = {}): AsyncGenerator<RemindersOfTask, void, undefined> {
    let page: { tasks: RemindersOfTask[]; next_cursor: string | null } | undefined;
    while (page?.next_cursor !== null) {
      const query = page === undefined ? {} : { cursor: page.next_cursor };
      const request = { path: "/api/reminders", query, repeatable: true, ...options };
      page = await this.transport.send(request, (response) => response.json() as Promise<NonNullable<typeof page>>);
      yield* page.tasks;
    }
  }
}

/** The members of a space. */
export class Members {
  constructor(private readonly transport: Transport) {}

  /** Returns those who have a role, by the time of joining. */
  async list(options: RequestOptions = {}): Promise<Member[]> {
    const request: Request = { path: MEMBERS, repeatable: true, ...options };
    const { members } = await this.transport.send(request, (response) => response.json() as Promise<{ members: Member[] }>);
    return members;
  }

  /** Returns a member, or one who has left; `me` is the user. */
  async get(id: string, options: RequestOptions = {}): Promise<TaggedMember> {
    return this.transport.send({ path: pathOf(MEMBERS, id), repeatable: true, ...options }, member);
  }

  /** Changes the role of a member, as an owner, or the name, as that member. */
  async update(id: string, changes: MemberChanges, options: ConditionalWrite = {}): Promise<TaggedMember> {
    return this.transport.send(change(pathOf(MEMBERS, id), changes, options), member);
  }

  /** Removes a member; `me` leaves the space. The last owner cannot: the code is LAST_OWNER. */
  async remove(id: string, { ifMatch, ...options }: ConditionalWrite = {}): Promise<MemberRemoved> {
    const request = { method: "DELETE", path: pathOf(MEMBERS, id), headers: { "If-Match": ifMatch } } as const;
    try {
      return await this.transport.send({ ...request, repeatable: true, ...options }, (response) => response.json());
    } catch (error) {
      const hasLeft = id === "me" && isSpaceNotFound(error) && error.maybeExecuted;
      if (!hasLeft && !isDeletedBefore(error)) throw error;
      return { message: "Member removed successfully", id };
    }
  }
}

/** The open invitations of a space, which its owners make. */
export class Invitations {
  constructor(private readonly transport: Transport) {}

  /** Returns them without their secrets, the newest first. */
  async list(options: RequestOptions = {}): Promise<Invitation[]> {
    const request: Request = { path: INVITATIONS, repeatable: true, ...options };
    const { invitations } = await this.transport.send(
      request,
      (response) => response.json() as Promise<{ invitations: Invitation[] }>,
    );
    return invitations;
  }

  /**
   * Makes an invitation. Its text, which the app sends to those who are invited, is `invitation`, in this response only:
   * where a lost response is repeated, there is none.
   */
  create(body: NewInvitation = {}, options: KeyOptions = {}): Promise<CreatedInvitation> {
    return this.transport.send(post(INVITATIONS, body, options), (response) => response.json());
  }

  async revoke(id: string, options: RequestOptions = {}): Promise<InvitationRevoked> {
    const request: Request = { method: "DELETE", path: pathOf(INVITATIONS, id), repeatable: true, ...options };
    try {
      return await this.transport.send(request, (response) => response.json());
    } catch (error) {
      if (!isDeletedBefore(error)) throw error;
      return { message: "Invitation revoked successfully", id };
    }
  }
}

const SPACES = "/api/spaces";
const MEMBERS = "/api/members";
const INVITATIONS = "/api/invitations";

function remindersOf(task: string): string {
  return `${pathOf("/api/tasks", task)}/reminders`;
}

function reminders(response: Response): Promise<{ reminders: OwnReminders }> {
  return response.json();
}

function change(path: string, body: unknown, { ifMatch, ...options }: ConditionalWrite): Request {
  const headers = { "If-Match": ifMatch };
  // Repeated after a success whose response was lost, a conditional change fails.
  return { method: "PATCH", path, body, headers, repeatable: ifMatch === undefined, ...options };
}

async function space(response: Response): Promise<TaggedSpace> {
  return { space: (await response.json()) as Space, etag: response.headers.get("ETag") ?? "" };
}

async function member(response: Response): Promise<TaggedMember> {
  return { member: (await response.json()) as Member, etag: response.headers.get("ETag") ?? "" };
}
