// Prints what openid-client says about a wrong client secret in the body, and then gets a token.
import * as oidc from "openid-client";

const [issuer, client, secret] = process.argv.slice(2);
const connect = (given) => oidc.discovery(new URL(issuer), client, undefined, oidc.ClientSecretPost(given), {
  algorithm: "oauth2", execute: [oidc.allowInsecureRequests],
});
const credentials = { username: "user", password: "user-dev-password" };
try {
  await oidc.genericGrantRequest(await connect("wrong"), "password", credentials);
} catch (e) {
  console.log(e.name, e.status, e.error);
}
const tokens = await oidc.genericGrantRequest(await connect(secret), "password", credentials);
console.log(tokens.token_type, tokens.scope);
