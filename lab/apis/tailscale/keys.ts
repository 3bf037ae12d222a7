import { ApiError } from "./api-error.ts";
import { hashOf, newId, newSecret } from "./credentials.ts";
import {
  authKeyForm,
  authKeyView,
  clientForm,
  clientView,
  keyKind,
  longestLife,
} from "./key-form.ts";
import { readJson, type ApiCall, type ApiRoute } from "./route.ts";
import { isScope, permits, requireScope, type Actor } from "./scopes.ts";
import type { StoredAuthKey, StoredClient } from "./store.ts";
import type { Tailnet } from "./tailnet.ts";
import { invalidTags, requireTags } from "./tags.ts";

/** Auth keys and OAuth clients: `/tailnet/:tailnet/keys` (https://tailscale.com/api#tag/keys). */
export function keyRoutes(tailnet: Tailnet): ApiRoute[] {
  const all = "/tailnet/:tailnet/keys";
  const one = `${all}/:id`;
  // Which scope is needed depends on what kind of key it is.
  const scope = undefined;
  return [
    { method: "GET", url: all, scope, handle: (call) => list(tailnet, call) },
    { method: "POST", url: all, scope, handle: (call) => create(tailnet, call) },
    { method: "GET", url: one, scope, handle: (call) => get(tailnet, call) },
    { method: "PUT", url: one, scope, handle: (call) => change(tailnet, call) },
    { method: "DELETE", url: one, scope, handle: (call) => remove(tailnet, call) },
  ];
}

function list(tailnet: Tailnet, { actor }: ApiCall): unknown {
  const { authKeys, clients } = tailnet.store.state;
  const [auth, oauth] = ["auth_keys:read", "oauth_keys:read"].map((scope) =>
    permits(actor.scopes, scope),
  );
  if (auth !== true && oauth !== true) requireScope(actor, "auth_keys:read");
  const kept = Object.values(authKeys).filter(({ revoked }) => revoked === undefined);
  return {
    keys: [
      ...(auth === true ? kept.map((key) => authKeyView(key, tailnet.now())) : []),
      ...(oauth === true ? Object.values(clients).map(clientView) : []),
    ],
  };
}

function create(tailnet: Tailnet, call: ApiCall): unknown {
  const { keyType } = readJson(call, keyKind);
  if (keyType === "auth") return createAuthKey(tailnet, call);
  if (keyType === "client") return createClient(tailnet, call);
  throw keyType === "federated" || keyType === "api"
    ? new ApiError(501, `the lab does not support keyType "${keyType}"`)
    : new ApiError(400, `invalid keyType "${keyType}"; use auth or client`);
}

function createAuthKey(tailnet: Tailnet, call: ApiCall): unknown {
  requireScope(call.actor, "auth_keys");
  const { description, expirySeconds: asked, capabilities } = readJson(call, authKeyForm);
  const device = capabilities.devices.create;
  // An OAuth client is nobody: what it lets in belongs to tags.
  if (device.tags.length === 0) throw invalidTags([]);
  requireTags(tailnet.policy(), call.actor.tags, device.tags);
  const id = newId("k");
  const secret = newSecret("auth", id);
  const expirySeconds = asked === 0 ? longestLife : asked;
  const key: StoredAuthKey = {
    ...{ id, description, expirySeconds, ...device },
    hash: hashOf(secret),
    created: new Date(tailnet.now()).toISOString(),
    expires: new Date(tailnet.now() + expirySeconds * 1000).toISOString(),
  };
  tailnet.store.change(({ authKeys }) => {
    authKeys[id] = key;
  });
  return { ...authKeyView(key, tailnet.now()), key: secret };
}

function createClient(tailnet: Tailnet, call: ApiCall): unknown {
  const form = readClient(tailnet, call);
  const id = newId("k");
  const secret = newSecret("client", id);
  const created = new Date(tailnet.now()).toISOString();
  const client: StoredClient = { ...form, id, hash: hashOf(secret), created, updated: created };
  tailnet.store.change(({ clients }) => {
    clients[id] = client;
  });
  return { ...clientView(client), key: secret };
}

function readClient(
  tailnet: Tailnet,
  call: ApiCall,
): Pick<StoredClient, "description" | "scopes" | "tags"> {
  const { actor } = call;
  requireScope(actor, "oauth_keys");
  const form = readJson(call, clientForm);
  for (const scope of form.scopes) {
    if (!isScope(scope)) throw new ApiError(400, `invalid scope "${scope}"`);
    requireScope(actor, scope);
  }
  const needy = form.scopes.find((scope) => ["devices:core", "auth_keys"].includes(scope));
  if (needy !== undefined && form.tags.length === 0)
    throw new ApiError(400, `tags are required for an OAuth client with scope ${needy}`);
  requireTags(tailnet.policy(), actor.tags, form.tags);
  return { description: form.description, scopes: form.scopes, tags: form.tags };
}

function get(tailnet: Tailnet, { parts, actor }: ApiCall): unknown {
  const { key, client } = find(tailnet, parts.id ?? "", actor, ":read");
  return client === undefined ? authKeyView(key, tailnet.now()) : clientView(client);
}

function change(tailnet: Tailnet, call: ApiCall): unknown {
  const { client } = find(tailnet, call.parts.id ?? "", call.actor, "");
  if (client === undefined) throw new ApiError(400, "an auth key cannot be changed");
  const next = readClient(tailnet, call);
  const updated = new Date(tailnet.now()).toISOString();
  tailnet.store.change(() => Object.assign(client, next, { updated }));
  return clientView(client);
}

/** A deleted client is gone with its tokens; a deleted auth key can still be read, as revoked. */
function remove(tailnet: Tailnet, { parts, actor }: ApiCall): unknown {
  const { key, client } = find(tailnet, parts.id ?? "", actor, "");
  if (key?.revoked !== undefined) throw notFound();
  tailnet.store.change((state) => {
    if (key !== undefined) key.revoked = new Date(tailnet.now()).toISOString();
    else delete state.clients[client.id];
  });
  return {};
}

type Found =
  | { readonly key: StoredAuthKey; readonly client: undefined }
  | { readonly key: undefined; readonly client: StoredClient };

function find(tailnet: Tailnet, id: string, actor: Actor, access: "" | ":read"): Found {
  const { authKeys, clients } = tailnet.store.state;
  const [key, client] = [authKeys[id], clients[id]];
  if (key !== undefined) {
    requireScope(actor, `auth_keys${access}`);
    return { key, client: undefined };
  }
  if (client === undefined) throw notFound();
  requireScope(actor, `oauth_keys${access}`);
  return { key: undefined, client };
}

const notFound = (): ApiError => new ApiError(404, "not found");
