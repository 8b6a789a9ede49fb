import * as oauth from "oauth4webapi";

/** How users sign in, as the service says: docs/web-app.md#sign-in. */
interface SignIn {
  issuer: string;
  client_id: string;
  scope: string;
  resource: string | null;
}

/** The answer of a service without a provider: its app asks for a token. */
interface NoSignIn {
  issuer: null;
}

/** What a provider has issued: the token for the service, and what renews it and ends the session at the provider. */
export interface Tokens {
  token: string;
  refresh: string | undefined;
  id: string | undefined;
}

/** A sign-in that has begun: what its answer is checked against, and the view to return to. */
interface Started {
  state: string;
  nonce: string;
  verifier: string;
  hash: string;
}

const STARTED = "taskward.sign-in";

/** An OpenID Connect provider, with the app as a public client: the authorization code with PKCE. */
export class Provider {
  readonly #signIn: SignIn;
  readonly #client: oauth.Client;
  readonly #http: { [oauth.allowInsecureRequests]: boolean };
  #server: Promise<oauth.AuthorizationServer> | undefined;

  constructor(signIn: SignIn) {
    this.#signIn = signIn;
    this.#client = { client_id: signIn.client_id };
    this.#http = { [oauth.allowInsecureRequests]: signIn.issuer.startsWith("http:") }; // of this machine
  }

  /** Returns the provider of this service; undefined if it has none. */
  static async ofService(): Promise<Provider | undefined> {
    const response = await fetch("/app/sign-in", { cache: "no-store" });
    if (!response.ok) throw new Error(`The sign-in has status ${response.status}`);
    const signIn = (await response.json()) as SignIn | NoSignIn;
    return signIn.issuer === null ? undefined : new Provider(signIn);
  }

  get name(): string {
    return new URL(this.#signIn.issuer).host;
  }

  /** Leaves this page for that of the provider. */
  async authorize(): Promise<void> {
    const { authorization_endpoint } = await this.#discover();
    if (authorization_endpoint === undefined) throw new Error(`${this.name} has no page to sign in at`);
    const verifier = oauth.generateRandomCodeVerifier();
    const started: Started = {
      state: oauth.generateRandomState(),
      nonce: oauth.generateRandomNonce(),
      verifier,
      hash: location.hash,
    };
    sessionStorage.setItem(STARTED, JSON.stringify(started));
    const { scope } = this.#signIn;
    location.assign(
      urlWith(authorization_endpoint, {
        response_type: "code",
        redirect_uri: here(),
        client_id: this.#client.client_id,
        scope,
        ...this.#resource(),
        state: started.state,
        nonce: started.nonce,
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: "S256",
        // OpenID Connect asks for it: else providers leave this scope out.
        ...(scope.split(" ").includes("offline_access") ? { prompt: "consent" } : {}),
      }),
    );
  }

  /** Exchanges the code that the provider has sent the user back with. Throws an error if the answer is not of a sign-in that this tab began. */
  async complete(answer: URL, started: Started): Promise<Tokens> {
    const server = await this.#discover();
    const parameters = oauth.validateAuthResponse(server, this.#client, answer, started.state);
    const response = await oauth.authorizationCodeGrantRequest(
      server, this.#client, oauth.None(), parameters, here(), started.verifier,
      { ...this.#http, additionalParameters: this.#resource() },
    );
    const checks = { expectedNonce: started.nonce, requireIdToken: true };
    const tokens = tokensOf(await oauth.processAuthorizationCodeResponse(server, this.#client, response, checks));
    if (tokens === undefined) throw new Error(`${this.name} issued no JSON Web Token`);
    return tokens;
  }

  /** Returns new tokens; undefined if the provider issues none without the user. */
  async renew(tokens: Tokens): Promise<Tokens | undefined> {
    if (tokens.refresh === undefined) return undefined;
    const server = await this.#discover();
    const options = { ...this.#http, additionalParameters: this.#resource() };
    const response = await oauth.refreshTokenGrantRequest(server, this.#client, oauth.None(), tokens.refresh, options);
    try {
      const renewed = tokensOf(await oauth.processRefreshTokenResponse(server, this.#client, response));
      return renewed && { ...renewed, refresh: renewed.refresh ?? tokens.refresh, id: renewed.id ?? tokens.id };
    } catch (error) {
      if (error instanceof oauth.ResponseBodyError && error.status < 500) return undefined; // it was revoked, or is over
      throw error;
    }
  }

  /** Revokes the tokens; returns the page that ends the session at the provider, if it has one. */
  async end(tokens: Tokens): Promise<string | undefined> {
    const server = await this.#discover();
    if (server.revocation_endpoint !== undefined && tokens.refresh !== undefined) {
      const response = await oauth.revocationRequest(server, this.#client, oauth.None(), tokens.refresh, this.#http);
      await oauth.processRevocationResponse(response);
    }
    if (server.end_session_endpoint === undefined) return undefined;
    const hint: Record<string, string> = tokens.id === undefined ? {} : { id_token_hint: tokens.id };
    const client = { client_id: this.#client.client_id, post_logout_redirect_uri: here() };
    return urlWith(server.end_session_endpoint, { ...hint, ...client });
  }

  #discover(): Promise<oauth.AuthorizationServer> {
    const issuer = new URL(this.#signIn.issuer);
    this.#server ??= oauth
      .discoveryRequest(issuer, this.#http)
      .then((response) => oauth.processDiscoveryResponse(issuer, response))
      .then((server) => onlyAtIssuer(server, issuer))
      .catch((error: unknown) => {
        this.#server = undefined; // the next call tries again
        throw error;
      });
    return this.#server;
  }

  #resource(): Record<string, string> {
    const { resource } = this.#signIn;
    return resource === null ? {} : { resource };
  }
}

/** Returns the sign-in that the address of this page answers, once, and removes the answer; undefined if it is none. */
export function takeAnswer(): { answer: URL; started: Started } | undefined {
  const answer = new URL(location.href);
  const stored = sessionStorage.getItem(STARTED);
  if (stored === null || !answer.searchParams.has("state")) return undefined;
  sessionStorage.removeItem(STARTED);
  const started = JSON.parse(stored) as Started;
  history.replaceState(null, "", `/${started.hash}`);
  return { answer, started };
}

/** Returns what was issued: the access token, or the ID token of a provider whose access tokens only itself can read. */
function tokensOf(response: oauth.TokenEndpointResponse): Tokens | undefined {
  const { access_token, id_token, refresh_token } = response;
  const token = isWebToken(access_token) ? access_token : id_token;
  return token === undefined ? undefined : { token, refresh: refresh_token, id: id_token };
}

/** Returns the server; throws an error if the policy of the page would block its endpoints. */
function onlyAtIssuer(server: oauth.AuthorizationServer, issuer: URL): oauth.AuthorizationServer {
  for (const name of ["token_endpoint", "revocation_endpoint"] as const) {
    const endpoint = server[name];
    if (endpoint !== undefined && new URL(endpoint).origin !== issuer.origin) {
      throw new Error(`its ${name} is not at ${issuer.origin}, the only site that this page may reach`);
    }
  }
  return server;
}

function isWebToken(token: string): boolean {
  return /^eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+$/.test(token);
}

function here(): string {
  return new URL("/", location.href).href;
}

function urlWith(url: string, parameters: Record<string, string>): string {
  const whole = new URL(url);
  for (const [name, value] of Object.entries(parameters)) whole.searchParams.set(name, value);
  return whole.href;
}
