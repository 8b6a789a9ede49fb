// Starts the app, and Taskward with the settings that verify the app's tokens; ends both together.
// With TASKWARD_URL, uses the Taskward that runs there.

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";

const { PORT: port = "3000", TASKWARD_URL: taskward } = process.env;
const app = `http://localhost:${port}`;

// The secret protects sessions and signing keys, so it must stay the same. Next.js reads this file.
if (!existsSync(".env.local")) {
  writeFileSync(".env.local", `BETTER_AUTH_SECRET=${randomBytes(32).toString("base64url")}\n`, { mode: 0o600 });
}

start("node_modules/.bin/next", ["dev", "--hostname", "localhost", "--port", port], {
  BETTER_AUTH_URL: app,
  NEXT_PUBLIC_TASKWARD_URL: taskward ?? "http://127.0.0.1:8000",
  NEXT_TELEMETRY_DISABLED: "1",
});
await answer(`${app}/api/auth/jwks`);
if (taskward === undefined) {
  start("make", ["--no-print-directory", "-C", "../..", "serve"], {
    JWT_JWKS_URL: `${app}/api/auth/jwks`,
    JWT_ISSUER: app,
    JWT_AUDIENCE: app,
    FRONTEND_URL: app,
  });
  await answer("http://127.0.0.1:8000/health/ready");
}
console.log(`\nOpen ${app}\n`);

/**
 * @param {string} program
 * @param {string[]} words
 * @param {Record<string, string>} settings
 */
function start(program, words, settings) {
  const child = spawn(program, words, { stdio: "inherit", env: { ...process.env, ...settings } });
  process.on("exit", () => child.kill());
  child.on("exit", (status) => process.exit(status ?? 1));
}

/**
 * Waits until a URL answers with a success.
 *
 * @param {string} url
 */
async function answer(url) {
  while (!(await fetch(url).then(({ ok }) => ok, () => false))) await setTimeout(200);
}

process.on("SIGTERM", () => process.exit());
process.on("SIGINT", () => process.exit());
