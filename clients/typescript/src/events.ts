import { NetworkError } from "./errors.js";
import type { SharedChange } from "./types.js";

export interface FeedEvent {
  change: SharedChange;
  /** The cursor after the change. */
  cursor: string;
}

/** The event stream of a response. */
export class EventStream {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;

  constructor(response: Response) {
    this.#reader = response.body?.getReader();
  }

  /**
   * Yields the events, all that arrived together at once; nothing for a comment. Ends when the service ends the stream.
   *
   * Throws a NetworkError if the connection breaks, or if nothing arrives for `silence` milliseconds.
   */
  async *events(silence: number): AsyncGenerator<FeedEvent[], void, undefined> {
    const decoder = new TextDecoder();
    let rest = "";
    while (this.#reader !== undefined) {
      const { done, value } = await within(silence, this.#reader.read());
      if (done) return;
      const blocks = (rest + decoder.decode(value, { stream: true })).split("\n\n");
      rest = blocks.pop() ?? "";
      yield blocks.map(parse).filter((event) => event !== undefined);
    }
  }

  /** Ends it, and the connection, without the rest. */
  cancel(): void {
    this.#reader?.cancel().catch(() => undefined); // it has broken off
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
  return { change: JSON.parse(data.join("\n")) as SharedChange, cursor: id };
}
