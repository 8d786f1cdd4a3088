// A third-party OAuth server on loopback: oidc-provider with the paths of the service. Prints one line of JSON with its
// address when it is ready, and stops when its standard input is closed.

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

// oidc-provider warns repeatedly that this configuration is not for production; here it is only used for tests.
console.info = console.warn = () => {};
const { Provider } = await import("oidc-provider");

const server = createServer();
server.listen(0, "127.0.0.1");
await once(server, "listening");
const url = `http://127.0.0.1:${server.address().port}`;

const clients = JSON.parse(readFileSync(new URL("clients.json", import.meta.url)));
const USER = "ada.keller@example.com";
const SCOPE = "oauth";

const provider = new Provider(url, {
  clients,
  routes: { authorization: "/oauth/authorize", token: "/oauth/token" },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    introspection: { enabled: true },
  },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  interactions: { url: (_, interaction) => `/sign-in/${interaction.uid}` },
  scopes: [SCOPE],
  // By default both depend on the scope `offline_access`, which the clients do not request.
  issueRefreshToken: (_, client) => client.grantTypeAllowed("refresh_token"),
  expiresWithSession: () => false,
  rotateRefreshToken: true,
  ttl: { AccessToken: 300, ClientCredentials: 300 },
});

// The service's clients request no scope. The server then chooses a default (RFC 6749, section 3.3).
provider.use(async (ctx, next) => {
  if (ctx.path === "/oauth/authorize") {
    ctx.query = { scope: SCOPE, ...ctx.query };
  }
  await next();
});

// Replaces the sign-in page: the user signs in and consents immediately, or refuses if the login hint is `deny`.
provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith("/sign-in/")) {
    return next();
  }
  const { params } = await provider.interactionDetails(ctx.req, ctx.res);
  ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, await decide(params)));
});

async function decide({ client_id: clientId, login_hint: loginHint }) {
  if (loginHint === "deny") {
    return { error: "access_denied", error_description: "the user refused" };
  }
  const grant = new provider.Grant({ accountId: USER, clientId });
  grant.addOIDCScope(SCOPE);
  return { login: { accountId: USER }, consent: { grantId: await grant.save() } };
}

server.on("request", provider.callback());
process.stdin.on("end", () => process.exit()).resume();
console.log(JSON.stringify({ url }));
