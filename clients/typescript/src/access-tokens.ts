import { isDeletedBefore } from "./errors.js";
import { pathOf } from "./path.js";
import { post, type KeyOptions } from "./post.js";
import type { Request, RequestOptions, Transport } from "./transport.js";
import type { AccessToken, CreatedAccessToken, NewAccessToken, Revoked } from "./types.js";

/** The tokens that the user has made for scripts and agents. */
export class AccessTokens {
  constructor(private readonly transport: Transport) {}

  /** Returns the tokens without their secrets, the newest first. */
  async list(options: RequestOptions = {}): Promise<AccessToken[]> {
    const request: Request = { method: "GET", path: PATH, repeatable: true, ...options };
    const { tokens } = await this.transport.send(request, (response) => response.json() as Promise<{ tokens: AccessToken[] }>);
    return tokens;
  }

  /** Makes a token. Its text is `token`, in this response only: where a lost response is repeated, there is none. */
  create(token: NewAccessToken, options: KeyOptions = {}): Promise<CreatedAccessToken> {
    return this.transport.send(post(PATH, token, options), (response) => response.json());
  }

  /** Revokes a token; within 5 s the service does not accept it any more. */
  async revoke(id: string, options: RequestOptions = {}): Promise<Revoked> {
    const request: Request = { method: "DELETE", path: pathOf(PATH, id), repeatable: true, ...options };
    try {
      return await this.transport.send(request, (response) => response.json());
    } catch (error) {
      if (!isDeletedBefore(error)) throw error;
      return { message: "Token revoked successfully", id };
    }
  }

  /** Revokes all tokens; returns how many the last attempt has revoked. */
  revokeAll(options: RequestOptions = {}): Promise<{ revoked: number }> {
    const request: Request = { method: "DELETE", path: PATH, repeatable: true, ...options };
    return this.transport.send(request, (response) => response.json());
  }
}

const PATH = "/api/tokens";
