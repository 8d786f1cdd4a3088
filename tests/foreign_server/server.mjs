// An OAuth server that is not ours, on loopback: oidc-provider with the paths of the service. It prints one line of
// JSON with its address when it is ready, and stops when its standard input ends.

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

// It keeps saying that such a set-up is not for production, which it is not.
console.info = console.warn = () => {};
const { Provider } = await import("oidc-provider");

const server = createServer();
server.listen(0, "127.0.0.1");
await once(server, "listening");
const url = `http://127.0.0.1:${server.address().port}`;

const clients = JSON.parse(readFileSync(new URL("clients.json", import.meta.url)));
const PERSON = "ada.keller@example.com";
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
  // Otherwise the scope `offline_access` decides these, and nobody asks for it.
  issueRefreshToken: (_, client) => client.grantTypeAllowed("refresh_token"),
  expiresWithSession: () => false,
  rotateRefreshToken: true,
  ttl: { AccessToken: 300, ClientCredentials: 300 },
});

// The service's clients ask for no scope; what one gets then is for the server to say (RFC 6749, section 3.3).
provider.use(async (ctx, next) => {
  if (ctx.path === "/oauth/authorize") {
    ctx.query = { scope: SCOPE, ...ctx.query };
  }
  await next();
});

// In place of a page with a form: the person signs in and consents at once, or with the login hint `deny` refuses.
provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith("/sign-in/")) {
    return next();
  }
  const { params } = await provider.interactionDetails(ctx.req, ctx.res);
  ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, await decision(params)));
});

async function decision({ client_id: clientId, login_hint: loginHint }) {
  if (loginHint === "deny") {
    return { error: "access_denied", error_description: "the person refused" };
  }
  const grant = new provider.Grant({ accountId: PERSON, clientId });
  grant.addOIDCScope(SCOPE);
  return { login: { accountId: PERSON }, consent: { grantId: await grant.save() } };
}

server.on("request", provider.callback());
process.stdin.on("end", () => process.exit()).resume();
console.log(JSON.stringify({ url }));
