import type { BrokenField, Comment, ErrorBody, List, Task } from "./types.js";

/** The codes of the contract. A later version of the service may have others. */
export type ErrorCode =
  | "UNAUTHORIZED"
  | "INVALID_TOKEN"
  | "TOKEN_EXPIRED"
  | "VALIDATION_ERROR"
  | "INVALID_REQUEST"
  | "NOT_FOUND"
  | "METHOD_NOT_ALLOWED"
  | "LIST_NOT_EMPTY"
  | "SPACE_NOT_EMPTY"
  | "LAST_OWNER"
  | "IDEMPOTENCY_KEY_IN_USE"
  | "IDEMPOTENCY_KEY_REUSED"
  | "GONE"
  | "CURSOR_EXPIRED"
  | "PRECONDITION_FAILED"
  | "PAYLOAD_TOO_LARGE"
  | "NOT_APPLIED"
  | "RATE_LIMITED"
  | "INTERNAL_ERROR"
  | "DATABASE_ERROR"
  | "SERVICE_UNAVAILABLE"
  | (string & {});

interface ErrorFields {
  details?: BrokenField[];
  task?: Task;
  list?: List;
  comment?: Comment;
  etag?: string;
}

/** Any failure of a request. */
export class TaskwardError extends Error {
  override name = "TaskwardError";
}

/** There was no response: the network, a timeout, or a body that broke off. A write may have been executed. */
export class NetworkError extends TaskwardError {
  override name = "NetworkError";
}

/** The token, or what the service has sent, is of another user than before. Nothing was sent or stored. */
export class OtherUserError extends TaskwardError {
  override name = "OtherUserError";
}

/** A response that is not a success. */
export class ApiError extends TaskwardError {
  override name = "ApiError";
  readonly status: number;
  /** Of a response that is not the service's, the one that the status stands for. */
  readonly code: ErrorCode;
  /** Whether the service has sent it. If not, a proxy in between did, and the service may never have had the request. */
  readonly isOfService: boolean;
  /** The fields that break a rule, by name. */
  readonly details: readonly BrokenField[];
  /** The id under which the log of the service has the request. */
  readonly requestId: string | undefined;
  /** Seconds after which the request may be repeated. */
  readonly retryAfter: number | undefined;
  /** Whether an earlier attempt of the same request had no response, and may have been executed. */
  maybeExecuted = false;
  /** The object as it is now, in the 412 of a creation at an id that exists. */
  readonly current: { task?: Task; list?: List; comment?: Comment; etag?: string };

  constructor(response: Response, body: Partial<ErrorBody> | undefined) {
    super(body?.error ?? `HTTP status ${response.status}`);
    this.status = response.status;
    this.isOfService = body?.code !== undefined;
    this.code = body?.code ?? codeWithoutBody(response.status);
    const { details = [], task, list, comment, etag } = (body ?? {}) as ErrorFields;
    this.details = details;
    this.requestId = response.headers.get("X-Request-ID") ?? undefined;
    this.retryAfter = seconds(response.headers.get("Retry-After"));
    const found = { ...(task && { task }), ...(list && { list }), ...(comment && { comment }) };
    this.current = { ...found, ...(etag !== undefined && { etag }) };
  }

  /** Returns the error of a response, whose body is read. */
  static async of(response: Response): Promise<ApiError> {
    const body: unknown = await response.json().catch(() => undefined);
    return new ApiError(response, isErrorBody(body) ? body : undefined);
  }
}

/** Returns whether an error is about the token, so that only another token can help. */
export function isAboutToken(error: unknown): boolean {
  return error instanceof OtherUserError || (error instanceof ApiError && error.status === 401);
}

/** Returns whether there is no such space for the caller, who may have been removed from it. */
export function isSpaceNotFound(error: unknown): error is ApiError {
  return error instanceof ApiError && error.status === 404 && error.message === "Space not found";
}

/** Returns whether what a repeated request deletes is gone: an attempt whose response was lost, or another device, did it. */
export function isDeletedBefore(error: unknown): boolean {
  if (isSpaceNotFound(error) || !(error instanceof ApiError)) return false;
  return error.isOfService && error.maybeExecuted && error.status === 404;
}

function isErrorBody(body: unknown): body is ErrorBody {
  const { error, code } = (body ?? {}) as Partial<ErrorBody>;
  return typeof error === "string" && typeof code === "string";
}

/** Returns the code for a response of a proxy, which has none. */
function codeWithoutBody(status: number): ErrorCode {
  if (status === 401) return "UNAUTHORIZED";
  if (status === 404) return "NOT_FOUND";
  if (status === 413) return "PAYLOAD_TOO_LARGE";
  if (status === 429) return "RATE_LIMITED";
  return status < 500 ? "INVALID_REQUEST" : "SERVICE_UNAVAILABLE";
}

function seconds(header: string | null): number | undefined {
  if (header === null) return undefined;
  if (/^\d+$/.test(header)) return Number(header);
  const date = Date.parse(header); // a proxy may send a date
  return Number.isNaN(date) ? undefined : Math.max(0, (date - Date.now()) / 1000);
}
