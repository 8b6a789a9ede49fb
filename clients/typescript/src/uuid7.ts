let last = 0n;

/**
 * Returns an id for a new task or list: a UUID of version 7 (RFC 9562), whose time becomes `created_at`. The ids of a
 * process ascend, also within a millisecond and if the clock is set back.
 */
export function uuid7(now = Date.now()): string {
  const random = crypto.getRandomValues(new Uint8Array(10));
  // 48 bits of milliseconds and 12 of a counter that begins at random
  const start = (BigInt(now) << 12n) | BigInt((((random[0] ?? 0) << 8) | (random[1] ?? 0)) & 0x7ff);
  last = start > last ? start : last + 1n;
  const head = last.toString(16).padStart(15, "0");
  const tail = [...random.slice(2)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const variant = ((parseInt(tail.slice(0, 1), 16) & 0x3) | 0x8).toString(16);
  return `${head.slice(0, 8)}-${head.slice(8, 12)}-7${head.slice(12)}-${variant}${tail.slice(1, 4)}-${tail.slice(4, 16)}`;
}

/** Returns the time in an id, in milliseconds. */
export function timeOf(id: string): number {
  return parseInt(id.replaceAll("-", "").slice(0, 12), 16);
}
