import { AccessTokens } from "./access-tokens.js";
import { Me } from "./me.js";
import { Owner } from "./owner.js";
import { post, type KeyOptions } from "./post.js";
import { SpaceClient, Spaces } from "./spaces.js";
import { Transport, type ClientOptions } from "./transport.js";
import type { Move, Moved } from "./types.js";

/** A client of one service, for one user. */
export class Taskward extends Owner {
  readonly spaces: Spaces;
  readonly tokens: AccessTokens;
  readonly me: Me;

  constructor(options: ClientOptions) {
    super(new Transport(options));
    this.spaces = new Spaces(this.transport);
    this.tokens = new AccessTokens(this.transport);
    this.me = new Me(this.transport);
  }

  /** Returns a client of what belongs to a space. Whether the user is its member is checked for each request. */
  space(id: string): SpaceClient {
    return new SpaceClient(this.transport.inSpace(id));
  }

  /** Moves tasks with all below them, or a list with all its tasks, to a space, from one, or between two: all or nothing. */
  move(body: Move, options: KeyOptions = {}): Promise<Moved> {
    return this.transport.send(post("/api/moves", body, options), (response) => response.json());
  }

  /**
   * Returns a text that identifies the user of the token. It never changes: with a token of another user every request
   * fails with an OtherUserError, and is not sent.
   *
   * Throws an ApiError with status 401 if the token names no user.
   */
  identity(): Promise<string> {
    return this.transport.identity();
  }
}
