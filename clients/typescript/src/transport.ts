import { Backoff, sleep } from "./backoff.js";
import { ApiError, NetworkError, TaskwardError } from "./errors.js";
import { pathOf } from "./path.js";
import { identityOf, invalidToken, Tokens, type TokenSource } from "./token.js";

export interface ClientOptions {
  /** Where the service is, as `https://tasks.example.com`. Without it: the origin of the page. */
  baseUrl?: string;
  token: TokenSource;
  /** How many times a request is repeated where that is safe; 3 if it is not given. */
  retries?: number;
  /** Milliseconds until a request without a response has failed; 30 000 if it is not given. */
  timeout?: number;
  /** The function that sends requests, in place of the global `fetch`. */
  fetch?: typeof fetch;
}

/** The last argument of every method. */
export interface RequestOptions {
  signal?: AbortSignal;
}

export interface Request extends RequestOptions {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** As `/api/tasks`, in a space too. */
  path: string;
  query?: Readonly<Record<string, string | number | boolean | undefined>>;
  headers?: Readonly<Record<string, string | undefined>>;
  body?: unknown;
  /** Whether it may run twice. If not, it is repeated only if the service has refused to run it. */
  repeatable?: boolean;
  /** In place of those of the client. */
  retries?: number;
  /** Milliseconds; Infinity for a response that does not end. */
  timeout?: number;
}

/** What the path of each request begins with. */
const API = "/api";
const MIN_RETRY_DELAY = 500;
const MAX_RETRY_DELAY = 10_000;
/** Seconds. If the service asks for more, the caller gets the error at once. */
const MAX_RETRY_AFTER = 60;
/** The statuses of a proxy that had no response of the service. */
const GATEWAY_STATUSES = [502, 503, 504];

/** Sends requests: with a token, a time limit, and repeats where they are safe. */
export class Transport {
  readonly #baseUrl: string;
  readonly #tokens: Tokens;
  readonly #retries: number;
  readonly #timeout: number;
  readonly #fetch: typeof fetch;

  /** In a space, the paths of its requests have that of the space in place of `/api`. */
  constructor(
    private readonly options: ClientOptions,
    private readonly space?: string,
    tokens = new Tokens(options.token),
  ) {
    this.#baseUrl = (options.baseUrl ?? "").replace(/\/+$/, "");
    this.#tokens = tokens;
    this.#retries = options.retries ?? 3;
    this.#timeout = options.timeout ?? 30_000;
    // Called as a method of another object, the fetch of a browser throws.
    const send = options.fetch ?? globalThis.fetch;
    this.#fetch = (input, init) => send(input, init);
  }

  /** Returns a transport for the same paths in a space, with the same token. */
  inSpace(id: string): Transport {
    return new Transport(this.options, id, this.#tokens);
  }

  /** Returns what `identityOf` makes of the token. Throws an ApiError with status 401 if that names no user. */
  async identity(): Promise<string> {
    const identity = identityOf(await this.#tokens.get());
    if (identity !== undefined) return identity;
    throw invalidToken("The token is no JSON Web Token that names a user");
  }

  /** Sends a request and returns what `read` makes of its success. What that leaves of the body is cancelled. */
  send<Value>(request: Request, read: (response: Response) => Promise<Value>): Promise<Value> {
    return this.#repeated(request, async (response) => {
      try {
        return await read(response);
      } finally {
        if (!response.bodyUsed) await response.body?.cancel().catch(() => undefined); // it has broken off
      }
    });
  }

  /** Sends a request and returns its success, whose body the caller has to read or to cancel. */
  open(request: Request): Promise<Response> {
    return this.#repeated(request, (response) => Promise.resolve(response));
  }

  async #repeated<Value>(request: Request, read: (response: Response) => Promise<Value>): Promise<Value> {
    const backoff = new Backoff(MIN_RETRY_DELAY, MAX_RETRY_DELAY);
    const retries = request.retries ?? this.#retries;
    let maybeExecuted = false;
    for (let attempts = 1; ; attempts += 1) {
      try {
        return await this.#authorized(request, read);
      } catch (error) {
        request.signal?.throwIfAborted();
        if (error instanceof ApiError) error.maybeExecuted = maybeExecuted;
        if (attempts > retries || !mayRepeat(error, request.repeatable ?? false)) throw error;
        maybeExecuted ||= !wasRefused(error);
        const after = error instanceof ApiError ? (error.retryAfter ?? 0) : 0;
        await sleep(backoff.next(after * 1000), request.signal);
      }
    }
  }

  /** Sends it, and once more with a renewed token if the first one is rejected. */
  async #authorized<Value>(request: Request, read: (response: Response) => Promise<Value>): Promise<Value> {
    const token = await this.#tokens.get();
    try {
      return await this.#once(request, token, read);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
      const renewed = await this.#tokens.renewed(token);
      if (renewed === undefined) throw error;
      return await this.#once(request, renewed, read);
    }
  }

  async #once<Value>(
    request: Request,
    token: string,
    read: (response: Response) => Promise<Value>,
  ): Promise<Value> {
    const { method = "GET", query, body, signal, timeout = this.#timeout } = request;
    const prefix = this.space === undefined ? API : pathOf("/api/spaces", this.space);
    const path = prefix + request.path.slice(API.length);
    const signals = [signal, Number.isFinite(timeout) ? AbortSignal.timeout(timeout) : undefined];
    try {
      const response = await this.#fetch(`${this.#baseUrl}${path}${search(query)}`, {
        method,
        cache: "no-store",
        headers: headersOf(request, token),
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.any(signals.filter((one) => one !== undefined)),
      });
      if (!response.ok && response.status !== 304) throw await ApiError.of(response);
      return await read(response);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof TaskwardError) throw error;
      throw new NetworkError(`${method} ${path}: no response, or a part of one`, { cause: error });
    }
  }
}

function headersOf({ headers, body }: Request, token: string): Record<string, string> {
  const given = Object.entries(headers ?? {}).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const type = body === undefined ? {} : { "Content-Type": "application/json" };
  return { ...type, ...Object.fromEntries(given), Authorization: `Bearer ${token}` };
}

function mayRepeat(error: unknown, repeatable: boolean): boolean {
  if (error instanceof NetworkError) return repeatable;
  if (!(error instanceof ApiError) || (error.retryAfter ?? 0) > MAX_RETRY_AFTER) return false;
  return wasRefused(error) || (repeatable && (error.code === "DATABASE_ERROR" || GATEWAY_STATUSES.includes(error.status)));
}

/** Returns whether the response says that the service has not run the request, and may be asked again. */
function wasRefused(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  if (error.code === "RATE_LIMITED" || error.code === "IDEMPOTENCY_KEY_IN_USE") return true;
  return error.status === 503 && error.retryAfter !== undefined;
}

function search(query: Request["query"]): string {
  const entries = Object.entries(query ?? {}).filter(([, value]) => value !== undefined);
  const text = new URLSearchParams(entries.map(([name, value]) => [name, String(value)])).toString();
  return text === "" ? "" : `?${text}`;
}
