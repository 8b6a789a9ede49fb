// Better Auth as an OpenID Connect provider: node better_auth.js <issuer> <origin of the app> <seconds that access tokens are valid>
// SIGUSR2 revokes all refresh tokens.
import { createServer } from "node:http";
import { oauthProvider } from "@better-auth/oauth-provider";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { toNodeHandler } from "better-auth/node";
import { jwt } from "better-auth/plugins";

const [issuer, origin, seconds] = process.argv.slice(2);
const { origin: baseURL, port, pathname: basePath } = new URL(issuer);
const MODELS = ["Client", "AccessToken", "RefreshToken", "Consent", "Resource", "ClientResource", "ClientAssertion"];
const NAMES = ["user", "session", "account", "verification", "jwks", ...MODELS.map((model) => `oauth${model}`)];
const tables = Object.fromEntries(NAMES.map((name) => [name, []]));

const auth = betterAuth({
  baseURL,
  basePath,
  secret: crypto.randomUUID() + crypto.randomUUID(),
  database: memoryAdapter(tables),
  emailAndPassword: { enabled: true },
  telemetry: { enabled: false },
  rateLimit: { enabled: false },
  disabledPaths: ["/token"],
  plugins: [
    jwt({ jwt: { issuer } }),
    oauthProvider({
      loginPage: "/sign-in",
      consentPage: "/consent",
      resources: ["https://tasks.example.com"],
      accessTokenExpiresIn: Number(seconds),
      enforcePerClientResources: false,
    }),
  ],
});

/** A form whose values `submit` sends; it returns the response with the address at which the flow continues. */
const page = (fields, submit) => `<!doctype html><title>Provider</title><form>${fields}<button>Continue</button></form>
<script>
const oauth_query = location.search.slice(1);
async function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  const response = await fetch("${basePath}" + path, { method: "POST", headers, body: JSON.stringify({ ...body, oauth_query }) });
  return response.ok ? await response.json() : undefined;
}
document.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { login, password } = Object.fromEntries(new FormData(event.target));
  const { url, redirect_uri } = await (async () => ${submit})();
  location.href = url ?? redirect_uri;
});
</script>`;

// Whoever signs in for the first time is signed up.
const ACCOUNT = '{ email: login + "@example.com", password, name: login }';
const PAGES = {
  "/sign-in": page(
    "<input name=login><input name=password type=password>",
    `(await post("/sign-in/email", ${ACCOUNT})) ?? (await post("/sign-up/email", ${ACCOUNT}))`,
  ),
  "/consent": page("", 'await post("/oauth2/consent", { accept: true })'),
};

const handler = toNodeHandler(auth);
const server = createServer((request, response) => {
  if (request.headers.origin === origin) {
    response.setHeader("Access-Control-Allow-Origin", origin);
    response.setHeader("Access-Control-Allow-Headers", "content-type, authorization");
    if (request.method === "OPTIONS") return response.writeHead(204).end();
  }
  const shown = PAGES[new URL(request.url, baseURL).pathname];
  if (shown !== undefined) return response.setHeader("Content-Type", "text/html").end(shown);
  return handler(request, response);
});
process.on("SIGUSR2", () => {
  tables.oauthRefreshToken.length = 0;
  console.log("revoked");
});
const { adapter } = await auth.$context;
await adapter.create({
  model: "oauthClient",
  data: {
    clientId: "web-app",
    redirectUris: [`${origin}/`],
    postLogoutRedirectUris: [`${origin}/`],
    tokenEndpointAuthMethod: "none",
    public: true,
    grantTypes: ["authorization_code", "refresh_token"],
    responseTypes: ["code"],
    scopes: ["openid", "offline_access"],
    skipConsent: true,
    enableEndSession: true,
    createdAt: new Date(),
    updatedAt: new Date(),
  },
});
server.listen(Number(port), "127.0.0.1", () => console.log("ready"));
