/** Access in front of a public name: who passes, and what the others are told. */
import type { IncomingHttpHeaders } from "node:http";
import { decide } from "./access-policy.ts";
import type { Visitor } from "./access-rules.ts";
import { unknownRules } from "./access-rules.ts";
import type { AccessTokens } from "./access-tokens.ts";
import type { AccessApplication, CloudflareWorld } from "./world.ts";

/** The cookie with a visitor's token. */
export const identityCookie = "CF_Authorization";

/** What the gate says to a request; `why` is for the edge's log. */
export type GateAnswer = { readonly why: string } & (
  | { readonly pass: Readonly<Record<string, string>> }
  | { readonly redirect: string; readonly application: AccessApplication }
  | { readonly forbidden: true }
);

/** A request as the gate sees it. `path` is normalised, `target` is what was asked for, with its query. */
export interface GateRequest {
  readonly host: string;
  readonly path: string;
  readonly target: string;
  readonly ip: string;
  readonly headers: IncomingHttpHeaders;
}

/**
 * Programs are held against the policies at each request. A person is at the login; from then on the session counts, until
 * it ends or somebody revokes it, whoever the policies name meanwhile.
 * @see https://developers.cloudflare.com/cloudflare-one/access-controls/access-settings/session-management/
 */
export async function gate(
  world: CloudflareWorld,
  tokens: AccessTokens,
  team: string,
  request: GateRequest,
): Promise<GateAnswer> {
  const application = world.application(request.host, request.path);
  if (application === undefined) return { pass: {}, why: "public" };
  const { ip, headers } = request;
  const [id, secret] = [headers["cf-access-client-id"], headers["cf-access-client-secret"]];
  const service =
    typeof id === "string" && typeof secret === "string"
      ? world.serviceToken(id, secret)
      : undefined;
  const email = service === undefined ? await person(tokens, application, headers) : undefined;
  const visitor: Visitor = { ip, email, serviceToken: service?.id };
  const verdict = email === undefined ? decide(application, visitor) : "allow";
  switch (verdict) {
    case "bypass":
      return { pass: {}, why: "bypass" };
    case "service": {
      const assertion = await tokens.issue(application, { clientId: String(id) });
      return { pass: { "cf-access-jwt-assertion": assertion }, why: "service token" };
    }
    case "allow": {
      const pass = {
        "cf-access-jwt-assertion": presented(headers) ?? "",
        "cf-access-authenticated-user-email": email ?? "",
      };
      return { pass, why: "identity" };
    }
    case "forbidden":
      return { forbidden: true, why: refusalReason(application) };
    case "login":
      // A program cannot log in: it is told no instead of being sent to a form.
      if (id !== undefined) return { forbidden: true, why: "service token not admitted" };
      return { redirect: loginAddress(team, application, request), application, why: "login" };
  }
}

function refusalReason(application: AccessApplication): string {
  const unknown = application.policies.flatMap(unknownRules);
  return unknown.length === 0
    ? "not admitted"
    : `application ${application.name}: the lab does not know the rules ${unknown.join(", ")}`;
}

async function person(
  tokens: AccessTokens,
  application: AccessApplication,
  headers: IncomingHttpHeaders,
): Promise<string | undefined> {
  const token = presented(headers);
  return token === undefined ? undefined : tokens.verify(application, token);
}

/** The token that a visitor shows, in a header as `cloudflared access` does or in the cookie. */
function presented(headers: IncomingHttpHeaders): string | undefined {
  const header = headers["cf-access-token"];
  if (typeof header === "string") return header;
  for (const pair of (headers.cookie ?? "").split(";")) {
    const [name, value] = pair.trim().split("=", 2);
    if (name === identityCookie && value !== undefined && value !== "") return value;
  }
  return undefined;
}

function loginAddress(team: string, application: AccessApplication, request: GateRequest): string {
  const query = new URLSearchParams({ kid: application.aud, redirect_url: request.target });
  return `https://${team}.cloudflareaccess.com/cdn-cgi/access/login/${request.host}?${query.toString()}`;
}
