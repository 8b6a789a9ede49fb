// An OpenID Connect provider: node oidc_provider.js <issuer> <origin of the app> <seconds that access tokens are valid>
// SIGUSR2 revokes all refresh tokens.
import { Provider } from "oidc-provider";

const [issuer, origin, seconds] = process.argv.slice(2);
const refreshTokens = new Set();

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "web-app",
      token_endpoint_auth_method: "none",
      redirect_uris: [`${origin}/`],
      post_logout_redirect_uris: [`${origin}/`],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
    },
  ],
  clientBasedCORS: (_, asking) => asking === origin,
  cookies: { keys: ["a key of a test"] },
  features: {
    devInteractions: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      getResourceServerInfo: (_, resource) => ({
        audience: resource,
        scope: "",
        accessTokenFormat: "jwt",
        accessTokenTTL: Number(seconds),
        jwt: { sign: { alg: "RS256" } },
      }),
    },
  },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  rotateRefreshToken: true,
});
provider.on("refresh_token.saved", (token) => refreshTokens.add(token));
process.on("SIGUSR2", async () => {
  for (const token of refreshTokens) await token.destroy();
  console.log("revoked");
});
provider.listen(Number(new URL(issuer).port), "127.0.0.1", () => console.log("ready"));
