import { randomBytes, randomUUID } from "node:crypto";
import { z } from "zod";
import type { Account } from "./account.ts";
import { conflict } from "./api-error.ts";
import { coverageOf, domainsOf } from "./application-domains.ts";
import { duration, everywhere, invalidRequest, keep, objectAt, type Kind } from "./collection.ts";
import { accept, type JsonObject } from "./json.ts";
import { acceptPolicy } from "./policies.ts";
import { scopeOf, type Route } from "./route.ts";
import { acceptSaas } from "./saas-applications.ts";
import type { State, StoredObject } from "./store.ts";

const form = z.looseObject({
  name: z.string("an application needs a name").min(1, "an application needs a name"),
  type: z.enum(
    ["self_hosted", "saas"],
    "the lab knows applications of the types self_hosted and saas only",
  ),
  domain: z.string().optional(),
  session_duration: z
    .string()
    .regex(...duration)
    .optional(),
  app_launcher_visible: z.boolean().optional(),
  policies: z.array(z.union([z.string(), z.looseObject({})])).optional(),
  tags: z.array(z.string()).optional(),
  allowed_idps: z.array(z.string()).optional(),
  self_hosted_domains: z.array(z.string()).optional(),
  destinations: z
    .array(
      z.looseObject({
        type: z.literal("public", "the lab knows public destinations only").optional(),
        uri: z.string(),
      }),
    )
    .optional(),
});

/** A policy of an application: its id and place, or the whole of it when it is the application's own. */
export type Attached = JsonObject & { readonly id: string; readonly precedence: number };

/** https://developers.cloudflare.com/api/resources/zero_trust/subresources/access/subresources/applications/ */
export function applicationKind(account: Account): Kind {
  const { state } = account.store;
  return {
    path: "apps",
    levels: everywhere,
    permission: "Access: Apps and Policies",
    missing: [11021, "application"],
    select: ({ applications }) => applications,
    accept: (body, _scope, previous) => {
      const sent = accept(form, body, invalidRequest);
      const saas = sent.type === "saas" ? acceptSaas(sent.saas_app, previous) : undefined;
      if (saas === undefined) checkDomains(account, hostedDomains(sent), previous);
      checkNamed(state, sent.tags ?? [], sent.allowed_idps ?? []);
      const value = {
        session_duration: "24h",
        app_launcher_visible: true,
        ...sent,
        policies: attached(sent.policies ?? [], state),
        aud: previous?.value.aud ?? randomBytes(32).toString("hex"),
      };
      const hidden = previous?.hidden;
      if (saas === undefined) return { value, hidden };
      const { once } = saas;
      return {
        value: { ...value, saas_app: saas.value },
        hidden,
        ...(once === undefined ? {} : { once: { saas_app: { ...saas.value, ...once } } }),
      };
    },
    show: ({ value }) => ({
      ...value,
      policies: (value.policies as Attached[]).map((policy) => whole(policy, state)),
    }),
  };
}

/** Ends the sessions of an application: what was issued for it before counts no more. */
export function applicationActions({ store }: Account, kind: Kind): Route[] {
  return kind.levels.map((level) => ({
    method: "POST",
    path: `${level}/access/apps/:id/revoke_tokens`,
    permission: kind.permission,
    handle: (call) => {
      const object = objectAt(store, kind, call);
      const { value } = object;
      const hidden = { ...object.hidden, revokedAt: Date.now() };
      keep(store, kind, scopeOf(call), { value, hidden }, object);
      return { result: {} };
    },
  }));
}

/** An application's policy in full: a reusable one's members are in the policy itself. */
export function whole(policy: Attached, state: State): Attached {
  const { id, precedence } = policy;
  return { ...state.policies[id]?.value, ...policy, id, precedence };
}

/** What a self-hosted application stands in front of. */
function hostedDomains(sent: JsonObject): string[] {
  if (sent.domain === undefined) throw invalidRequest("domain: an application needs a domain");
  return domainsOf(sent);
}

/** Every domain is in the zone and no other application's. */
function checkDomains({ zone, store }: Account, domains: string[], previous?: StoredObject): void {
  const others = Object.values(store.state.applications).filter(
    ({ value }) => value.id !== previous?.value.id,
  );
  const taken = new Set(others.flatMap(({ value }) => domainsOf(value).map(comparable)));
  for (const domain of domains) {
    const host = coverageOf(domain)?.host;
    if (host === undefined)
      throw invalidRequest(`domain '${domain}': use a host name, host/path or *.host`);
    if (host !== zone && !host.endsWith(`.${zone}`))
      throw invalidRequest(`domain '${domain}' does not belong to zone ${zone}`);
    if (taken.has(comparable(domain)))
      throw conflict(11010, "access.api.error.application_already_exists");
  }
}

function comparable(domain: string): string {
  const coverage = coverageOf(domain);
  return coverage === undefined ? domain : `${coverage.host}${coverage.path}`;
}

/** Tags are made by a call that the lab does not serve, so that none exists. */
function checkNamed({ identityProviders }: State, wanted: string[], idps: string[]): void {
  if (wanted[0] !== undefined) throw invalidRequest(`tag '${wanted[0]}' does not exist`);
  for (const id of idps)
    if (!Object.hasOwn(identityProviders, id))
      throw invalidRequest(`identity provider '${id}' does not exist`);
}

/** The policies in the order they were sent; who has no precedence is counted from 1. */
function attached(policies: readonly (string | JsonObject)[], state: State): Attached[] {
  const all = policies.map((sent, index): Attached => {
    const policy = typeof sent === "string" ? { id: sent } : sent;
    const precedence = policy.precedence ?? index + 1;
    if (typeof precedence !== "number")
      throw invalidRequest(`policies.${index}: a precedence is a number`);
    if (policy.decision !== undefined) {
      const id = typeof policy.id === "string" ? policy.id : randomUUID();
      return { ...acceptPolicy(policy, state), id, precedence };
    }
    const id = policy.id;
    if (typeof id !== "string" || !Object.hasOwn(state.policies, id))
      throw invalidRequest(`policies.${index}: policy '${String(id)}' does not exist`);
    return { id, precedence };
  });
  if (new Set(all.map(({ precedence }) => precedence)).size < all.length)
    throw invalidRequest("policy precedences must be unique");
  return all;
}
