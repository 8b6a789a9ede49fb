import { NetworkError } from "./errors.js";
import type { Request, Transport } from "./transport.js";

/** Milliseconds without even a comment after which a connection counts as dead. */
export const SILENCE = 45_000;

/** One of the Server-Sent Events. */
export interface ServerEvent {
  id: string | undefined;
  data: string;
}

interface StreamRequest extends Pick<Request, "path" | "query" | "headers"> {
  signal?: AbortSignal | undefined;
  silence?: number | undefined;
}

/**
 * Opens an event stream. Yields nothing at first, once it is open, then the events, all that arrived together at once; nothing
 * for a comment. Ends when the service ends the stream.
 *
 * Throws a NetworkError if the connection breaks, if nothing arrives for `silence` milliseconds, or the device is offline.
 */
export async function* serverEvents(transport: Transport, request: StreamRequest): AsyncGenerator<ServerEvent[], void, undefined> {
  const { signal, silence = SILENCE, ...asked } = request;
  const connection = new AbortController();
  const timer = setTimeout(() => connection.abort(new NetworkError("No response")), silence);
  const cut = () => connection.abort(new NetworkError("The device is offline"));
  globalThis.addEventListener?.("offline", cut);
  const either = signal === undefined ? connection.signal : AbortSignal.any([connection.signal, signal]);
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  try {
    const response = await transport.open({ ...asked, timeout: Infinity, retries: 0, signal: either });
    clearTimeout(timer);
    reader = response.body?.getReader();
    yield [];
    if (reader !== undefined) yield* eventsOf(reader, silence);
  } finally {
    clearTimeout(timer);
    globalThis.removeEventListener?.("offline", cut);
    reader?.cancel().catch(() => undefined); // it has broken off
    connection.abort();
  }
}

async function* eventsOf(reader: ReadableStreamDefaultReader<Uint8Array>, silence: number) {
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await within(silence, reader.read());
    if (done) return;
    const blocks = (rest + decoder.decode(value, { stream: true })).split("\n\n");
    rest = blocks.pop() ?? "";
    yield blocks.map(parse).filter((event) => event !== undefined);
  }
}

async function within<Value>(milliseconds: number, promise: Promise<Value>): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silent = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Nothing was received for ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([promise, silent]);
  } catch (error) {
    throw new NetworkError("The event stream broke off", { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

function parse(block: string): ServerEvent | undefined {
  let id: string | undefined;
  const data: string[] = [];
  for (const line of block.split("\n")) {
    const [, name, value = ""] = /^([^:]*): ?(.*)$/.exec(line) ?? [];
    if (name === "id") id = value;
    else if (name === "data") data.push(value);
  }
  return data.length === 0 ? undefined : { id, data: data.join("\n") }; // without data, it is a comment
}
