import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import {
  invalidRequest,
  everywhere,
  keep,
  objectAt,
  type Accepted,
  type Kind,
} from "./collection.ts";
import { secondsOf } from "./durations.ts";
import { accept, without, type JsonObject } from "./json.ts";
import { scopeOf, type Route } from "./route.ts";
import { rulesOf, ruleLists, serviceTokenOf } from "./rules.ts";
import type { State, Store, StoredObject } from "./store.ts";

const form = z.looseObject({
  name: z.string("a service token needs a name").min(1, "a service token needs a name"),
  duration: z
    .string()
    .regex(/^(\d+h|forever)$/, "use hours such as 8760h, or forever")
    .default("8760h"),
  client_secret_version: z.int().min(1).optional(),
  previous_client_secret_expires_at: z.iso.datetime({ offset: true }).optional(),
});

/** SHA-256 of the secrets in force, hexadecimal. */
interface Hidden extends JsonObject {
  readonly hash: string;
  readonly previousHash?: string;
  /** RFC 3339. */
  readonly previousUntil?: string;
}

/** https://developers.cloudflare.com/api/resources/zero_trust/subresources/access/subresources/service_tokens/ */
export function serviceTokenKind({ state }: Store): Kind {
  return {
    path: "service_tokens",
    levels: everywhere,
    permission: "Access: Service Tokens",
    missing: [12107, "service_token"],
    select: ({ serviceTokens }) => serviceTokens,
    accept: (body, _scope, previous) => {
      const sent = accept(form, without(body, "client_secret"), invalidRequest);
      return previous === undefined ? created(sent) : updated(sent, previous);
    },
    release: ({ value: { id } }) => {
      if (!isNamed(id, state)) return;
      throw invalidRequest(
        "the service token is named in a policy; take it out of the policy first",
      );
    },
  };
}

/** Two calls besides: a new secret in place of the old one, and a later end. */
export function serviceTokenActions(store: Store, kind: Kind): Route[] {
  const at = (action: string, act: (object: StoredObject) => Accepted): Route[] =>
    kind.levels.map((level) => ({
      method: "POST",
      path: `${level}/access/service_tokens/:id/${action}`,
      permission: kind.permission,
      handle: (call) => {
        const object = objectAt(store, kind, call);
        return { result: keep(store, kind, scopeOf(call), act(object), object) };
      },
    }));
  return [
    ...at("rotate", ({ value }) => withSecret(value)),
    ...at("refresh", ({ value, hidden }) => ({ value: { ...value, ...endOf(value) }, hidden })),
  ];
}

/** The unexpired token with this id and secret. */
export function validServiceToken(
  { serviceTokens }: State,
  clientId: string,
  clientSecret: string,
  now: number = Date.now(),
): { id: string; name: string } | undefined {
  const token = Object.values(serviceTokens).find(({ value }) => value.client_id === clientId);
  if (token === undefined) return undefined;
  const { id, name, expires_at: expires } = token.value;
  if (typeof expires === "string" && Date.parse(expires) <= now) return undefined;
  const { hash, previousHash, previousUntil } = token.hidden as Hidden;
  const given = hashOf(clientSecret);
  const previous = previousUntil !== undefined && Date.parse(previousUntil) > now;
  const fits = [hash, ...(previous && previousHash !== undefined ? [previousHash] : [])].some(
    (known) => timingSafeEqual(Buffer.from(known), Buffer.from(given)),
  );
  return fits ? { id, name: String(name) } : undefined;
}

function created(sent: JsonObject): Accepted {
  const clientId = `${randomBytes(16).toString("hex")}.access`;
  return withSecret({ ...sent, ...endOf(sent), client_id: clientId });
}

/** A higher version rolls the secret; the old one stays good until the date that must come with it. */
function updated(sent: JsonObject, { value, hidden }: StoredObject): Accepted {
  const same = sent.duration === value.duration;
  const next = {
    ...sent,
    ...(same ? { expires_at: value.expires_at } : endOf(sent)),
    client_id: value.client_id,
  };
  const rolled = Number(sent.client_secret_version ?? 1) > Number(value.client_secret_version ?? 1);
  if (!rolled) return { value: next, hidden };
  const previousUntil = sent.previous_client_secret_expires_at;
  if (previousUntil === undefined)
    throw invalidRequest(
      "previous_client_secret_expires_at is needed with a new client_secret_version",
    );
  const fresh = withSecret(next);
  const previousHash = (hidden as Hidden).hash;
  return { ...fresh, hidden: { ...fresh.hidden, previousHash, previousUntil } };
}

function withSecret(value: JsonObject): Accepted {
  const secret = randomBytes(32).toString("hex");
  return { value, hidden: { hash: hashOf(secret) }, once: { client_secret: secret } };
}

/** `expires_at` of a token whose time starts now. */
function endOf({ duration }: JsonObject): JsonObject {
  if (typeof duration !== "string" || duration === "forever") return { expires_at: null };
  return { expires_at: new Date(Date.now() + secondsOf(duration) * 1000).toISOString() };
}

function isNamed(id: string, { policies, groups, applications }: State): boolean {
  const inline = Object.values(applications).flatMap(({ value }) => value.policies as JsonObject[]);
  const reusable = [...Object.values(policies), ...Object.values(groups)].map(({ value }) => value);
  return [...inline, ...reusable].some((value) =>
    ruleLists.some((list) => rulesOf(value, list).some((rule) => serviceTokenOf(rule) === id)),
  );
}

function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}
