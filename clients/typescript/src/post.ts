import type { Request, RequestOptions } from "./transport.js";

/** The options of every POST. */
export interface KeyOptions extends RequestOptions {
  /** Identifies the request, so that it runs once however often it is sent. Without it, each call makes one. */
  idempotencyKey?: string;
}

/** Returns a POST, which has an Idempotency-Key and so may be repeated. */
export function post(path: string, body: unknown, { idempotencyKey, signal }: KeyOptions): Request {
  const headers = { "Idempotency-Key": idempotencyKey ?? crypto.randomUUID() };
  return { method: "POST", path, body, headers, repeatable: true, ...(signal && { signal }) };
}
