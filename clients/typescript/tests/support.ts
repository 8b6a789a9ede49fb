// What the tests share: services that misbehave, and users of a real one.

import { createHmac, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { Taskward, type ClientOptions } from "@taskward/client";

export interface Received {
  method: string;
  path: string;
  headers: IncomingMessage["headers"];
  body: string;
}

export type Handler = (received: Received, response: ServerResponse, number: number) => void;

/** Starts a server whose responses the test writes; returns its URL and what it has received. */
export async function server(t: TestContext, handler: Handler): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = [];
  const http = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const { method = "", url: path = "", headers } = request;
      const one = { method, path, headers, body: Buffer.concat(parts).toString() };
      handler(one, response, received.push(one));
    });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    http.closeAllConnections();
    http.close();
  });
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, received };
}

export function answer(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(JSON.stringify(body));
}

export function fail(response: ServerResponse, status: number, code: string, headers: Record<string, string> = {}): void {
  answer(response, status, { error: `It is ${code}`, code }, headers);
}

export const TASK = {
  id: "01a1fbfc-4844-7a1c-8c5e-5d1f3c2b1a00",
  user_id: "01a1fbfc-4844-7a1c-8c5e-5d1f3c2b1a01",
  title: "Buy milk",
  description: null,
  is_completed: false,
  created_at: "2026-11-21T10:00:00.000000Z",
  updated_at: "2026-11-21T10:00:00.000000Z",
};

const { JWT_SECRET } = process.env;
export const SERVICE_URL = process.env["SERVICE_URL"] ?? "";

/** The reason to skip the tests that need a running service; pytest starts one for them. */
export const withoutService: string | false = SERVICE_URL === "" ? "SERVICE_URL is not set" : false;

export function token(sub: string, seconds = 600): string {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${encode({ alg: "HS256" })}.${encode({ sub, exp: Date.now() / 1000 + seconds })}`;
  return `${signed}.${createHmac("sha256", JWT_SECRET ?? "").update(signed).digest("base64url")}`;
}

/** Returns a client of the running service, for a new user or the given one. */
export function person(sub: string = randomUUID(), options: Partial<ClientOptions> = {}): Taskward {
  return new Taskward({ baseUrl: SERVICE_URL, token: token(sub), ...options });
}

/** Waits until a condition holds. */
export async function until(condition: () => boolean | Promise<boolean>, what: string, seconds = 10): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`After ${seconds} s not yet: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
