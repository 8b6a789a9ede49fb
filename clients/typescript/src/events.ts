import { NetworkError } from "./errors.js";
import type { Change } from "./types.js";

export interface FeedEvent {
  change: Change;
  /** The cursor after the change. */
  cursor: string;
}

/**
 * Yields the events of a response, all that arrived together at once; nothing for a comment. Ends when the service
 * ends the stream.
 *
 * Throws a NetworkError if the connection breaks, or if nothing arrives for `silence` milliseconds.
 */
export async function* events(response: Response, silence: number): AsyncGenerator<FeedEvent[], void, undefined> {
  if (response.body === null) return;
  const reader = response.body.getReader();
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

function parse(block: string): FeedEvent | undefined {
  let id: string | undefined;
  const data: string[] = [];
  for (const line of block.split("\n")) {
    const [, name, value = ""] = /^([^:]*): ?(.*)$/.exec(line) ?? [];
    if (name === "id") id = value;
    else if (name === "data") data.push(value);
  }
  if (id === undefined || data.length === 0) return undefined; // a comment
  return { change: JSON.parse(data.join("\n")) as Change, cursor: id };
}
