import { ApiError } from "./api-error.ts";
import { hashOf, matches, newId, newSecret } from "./credentials.ts";
import type { Call, OpenRoute } from "./route.ts";
import { permits, type Actor } from "./scopes.ts";
import type { StoredClient } from "./store.ts";
import type { Tailnet } from "./tailnet.ts";
import { invalidTags, mayGive } from "./tags.ts";

/** Life of an access token, seconds (https://tailscale.com/kb/1215/oauth-clients). */
const lifetime = 3600;

const invalidToken = (): ApiError => new ApiError(401, "API token invalid");

/** Access tokens for OAuth clients: RFC 6749, 4.4, client credentials. */
export function oauthRoutes(tailnet: Tailnet): OpenRoute[] {
  return [
    {
      method: "POST",
      url: "/api/v2/oauth/token",
      hosts: ["api.tailscale.com"],
      handle: (call) => issueToken(tailnet, call),
    },
  ];
}

/**
 * Tells who calls by the header `Authorization`: an access token, as Bearer or as user of Basic
 * with an empty password.
 * @throws ApiError 401 when it is missing, unknown or expired, or its client is gone.
 */
export function authenticate(tailnet: Tailnet, authorization: string | undefined): Actor {
  const secret = /^Bearer\s+(\S+)$/i.exec(authorization ?? "")?.[1] ?? basic(authorization)?.user;
  if (secret === undefined) throw invalidToken();
  const hash = hashOf(secret);
  const { tokens, clients } = tailnet.store.state;
  const token = tokens.find((candidate) => candidate.hash === hash);
  if (token === undefined || token.expiresAt <= tailnet.now()) throw invalidToken();
  const client = clients[token.clientId];
  if (client === undefined) throw invalidToken();
  // A client whose scopes were cut loses them at once, not when its tokens expire.
  const scopes = token.scopes.filter((scope) => permits(client.scopes, scope));
  return { clientId: client.id, scopes, tags: token.tags };
}

function issueToken(tailnet: Tailnet, call: Call): unknown {
  const form = new URLSearchParams(call.body.toString("utf8"));
  const grant = form.get("grant_type") ?? "client_credentials";
  if (grant !== "client_credentials")
    throw new ApiError(400, `unsupported grant_type "${grant}"; use client_credentials`);
  const client = clientOf(tailnet, call, form);
  const wanted = words(form.get("scope"));
  const scopes = wanted.length === 0 ? client.scopes : wanted;
  const lacking = scopes.filter((scope) => !permits(client.scopes, scope));
  if (lacking.length > 0)
    throw new ApiError(403, `OAuth client does not have the scopes [${lacking.join(" ")}]`);
  const tags = words(form.get("tags"));
  if (tags.length > 0 && !mayGive(tailnet.policy(), client.tags, tags)) throw invalidTags(tags);
  const secret = newSecret("api", newId("k"));
  const now = tailnet.now();
  tailnet.store.change((state) => {
    state.tokens = state.tokens.filter(({ expiresAt }) => expiresAt > now);
    state.tokens.push({
      hash: hashOf(secret),
      clientId: client.id,
      scopes,
      tags: tags.length === 0 ? client.tags : tags,
      expiresAt: now + lifetime * 1000,
    });
  });
  return {
    access_token: secret,
    token_type: "Bearer",
    expires_in: lifetime,
    scope: scopes.join(" "),
  };
}

function clientOf(tailnet: Tailnet, { headers }: Call, form: URLSearchParams): StoredClient {
  const { user: id, password: secret } = basic(headers.authorization) ?? {
    user: form.get("client_id") ?? "",
    password: form.get("client_secret") ?? "",
  };
  const client = tailnet.store.state.clients[id];
  if (client === undefined || !matches(secret, client.hash)) throw invalidToken();
  return client;
}

function basic(authorization: string | undefined): { user: string; password: string } | undefined {
  const coded = /^Basic\s+(\S+)$/i.exec(authorization ?? "")?.[1];
  if (coded === undefined) return undefined;
  const text = Buffer.from(coded, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon < 0) return undefined;
  // OAuth libraries encode both parts as form values first (RFC 6749, 2.3.1).
  return { user: formValue(text.slice(0, colon)), password: formValue(text.slice(colon + 1)) };
}

function formValue(coded: string): string {
  return new URLSearchParams(`value=${coded.replaceAll("&", "%26")}`).get("value") ?? "";
}

const words = (text: string | null): string[] =>
  (text ?? "").split(/[\s,]+/).filter((word) => word !== "");
