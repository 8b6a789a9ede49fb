import { betterAuth } from "better-auth";
import { jwt } from "better-auth/plugins/jwt";
import { SqliteDialect } from "kysely";
import Database from "libsql";

const accounts = new SqliteDialect({ database: new Database("accounts.db") });

/** The accounts of the app, and the tokens that Taskward verifies: /api/auth/token, with the keys of /api/auth/jwks. */
export const auth = betterAuth({
  database: { dialect: accounts, type: "sqlite", transaction: true },
  emailAndPassword: { enabled: true },
  telemetry: { enabled: false },
  plugins: [
    jwt({
      jwt: {
        expirationTime: process.env.TOKEN_LIFETIME ?? "15m",
        definePayload: ({ user }) => ({ email: user.email }), // `sub`, the id of the user, is added
      },
    }),
  ],
});
