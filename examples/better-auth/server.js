// An identity provider in one file: Better Auth, with everything in memory.
// People sign up here; Taskward verifies the tokens that they get, with the keys published here.

import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { toNodeHandler } from "better-auth/node";
import { jwt } from "better-auth/plugins";

const port = Number(process.env.PORT ?? 3000);
const url = `http://localhost:${port}`;
const aMonth = 30 * 24 * 60 * 60; // seconds

const auth = betterAuth({
  baseURL: url,
  secret: process.env.BETTER_AUTH_SECRET ?? crypto.randomUUID() + crypto.randomUUID(),
  database: memoryAdapter({ user: [], session: [], account: [], verification: [], jwks: [] }),
  emailAndPassword: { enabled: true },
  telemetry: { enabled: false },
  plugins: [
    jwt({
      jwks: {
        rotationInterval: Number(process.env.NEW_KEY_EVERY ?? aMonth),
        gracePeriod: Number(process.env.OLD_KEYS_FOR ?? aMonth),
      },
    }),
  ],
});

createServer(toNodeHandler(auth)).listen(port, "localhost", () => {
  console.log(`People sign up at ${url}/api/auth. Start Taskward beside it:

  JWT_JWKS_URL=${url}/api/auth/jwks JWT_ISSUER=${url} JWT_AUDIENCE=${url} make serve
`);
});
