import {
  anyMethod,
  guarded,
  json,
  part,
  text,
  WebError,
  type GuardedRoute,
  type WebRequest,
  type WebRoute,
} from "../web/exchange.ts";
import { openWeb, type Web, type WebOptions } from "../web/server.ts";
import { join } from "node:path";
import { JsonStore } from "../store.ts";
import {
  createItem,
  deleteItem,
  nothingWritten,
  replaceItem,
  withWritten,
  type WrittenItems,
} from "./items.ts";
import { keepVaults, summary, type FullItem, type KeptVault, type VaultSpec } from "./vaults.ts";

/** The lab's 1Password Connect: where it answers and what it holds. */
export interface ConnectOptions extends WebOptions {
  /** The access token of people and programs; it reads and writes all vaults. */
  readonly token: string;
  /** Tokens that people have made besides, each with vaults of its own, which it reads; asked at each request. */
  readonly readers?: () => readonly {
    readonly token: string;
    readonly vaults: readonly VaultSpec[];
  }[];
  /** A Connect server that runs elsewhere and asks here, as it would ask 1Password: its key, and a token that reads. */
  readonly server?: { readonly key: string; readonly token: string };
  /** Where what is written is kept; without it nothing outlives the process. */
  readonly stateDir?: string;
  /** Asked at each request: what the vaults hold may change. */
  readonly vaults: () => readonly VaultSpec[];
}

/** The running server. */
export type Connect = Web;

const version = "1.8.1";

/**
 * 1Password Connect's API, as far as secrets are read and items are kept through it
 * (https://developer.1password.com/docs/connect/api-reference/): vaults and items, by id and by title. What it does not
 * have is refused with the reason.
 * @throws when the address cannot be listened at.
 */
export function createConnect(options: ConnectOptions): Promise<Connect> {
  const file = options.stateDir && join(options.stateDir, "items.json");
  const store = new JsonStore<WrittenItems>(file, nothingWritten);
  const kept = (reader: Reader): readonly KeptVault[] =>
    reader === undefined
      ? withWritten(keepVaults(options.vaults()), store.state)
      : keepVaults(reader.vaults);
  const service = {
    name: "connect",
    routes: [
      ...stateRoutes(options),
      ...guarded(
        (request) => authenticate(request, options),
        [
          ...vaultRoutes(kept),
          ...itemRoutes(kept, store),
          {
            ...{ method: anyMethod, url: "/v1/*" },
            handle: (request) => Promise.reject(refusal(request)),
          },
        ],
      ),
    ],
    notFound: refusal,
    answerError: ({ status, message }: WebError) => json({ status, message }),
  };
  return openWeb(service, options);
}

/** Liveness and health: without a token, as Connect has them. */
function stateRoutes(options: ConnectOptions): WebRoute[] {
  const health = {
    name: "1Password Connect API",
    version,
    dependencies: [
      { service: "sync", status: "ACTIVE" },
      { service: "sqlite", status: "ACTIVE", message: "Connected to ~/1password.sqlite" },
    ],
  };
  return [
    { ...read("/heartbeat"), handle: () => text(".") },
    {
      ...read("/health"),
      handle: (request) => {
        known(request, options);
        return json(health);
      },
    },
  ];
}

/** Whose token was given, where it is not the one that reads and writes all vaults. */
type Reader = { readonly vaults: readonly VaultSpec[] } | undefined;

/** The vaults that a token sees. */
type Kept = (reader: Reader) => readonly KeptVault[];

function vaultRoutes(kept: Kept): GuardedRoute<Reader>[] {
  const route = (
    url: string,
    find: (request: WebRequest, vaults: readonly KeptVault[]) => unknown,
  ): GuardedRoute<Reader> => ({
    ...read(`/v1/vaults${url}`),
    handle: (request, reader) => json(find(request, kept(reader))),
  });
  return [
    route("", ({ query }, vaults) =>
      filterByTitle(
        vaults.map(({ vault }) => vault),
        ({ name }) => name,
        query.get("filter"),
      ),
    ),
    route("/:vault", (request, vaults) => find(vaults, request).vault),
    route("/:vault/items", (request, vaults) =>
      filterByTitle(
        find(vaults, request).items,
        ({ title }) => title,
        request.query.get("filter"),
      ).map(summary),
    ),
    route("/:vault/items/:item", (request, vaults) =>
      findItem(find(vaults, request).items, request),
    ),
    {
      ...read("/v1/vaults/:vault/items/:item/files/:file/content"),
      handle: (request, reader) => {
        const { items, contents } = find(kept(reader), request);
        const { files = [] } = findItem(items, request);
        const file = files.find(({ id }) => id === part(request, "file"));
        const body = file && contents.get(file.id);
        if (body === undefined) throw new WebError(404, "File not found");
        return { headers: { "content-type": "application/octet-stream" }, body };
      },
    },
  ];
}

function itemRoutes(kept: Kept, store: JsonStore<WrittenItems>): GuardedRoute<Reader>[] {
  const one = "/v1/vaults/:vault/items/:item";
  return [
    {
      ...{ method: "POST", url: "/v1/vaults/:vault/items" },
      handle: (request, reader) =>
        json(createItem(store, find(kept(reader), request), request.body)),
    },
    {
      ...{ method: "PUT", url: one },
      handle: (request, reader) => {
        const vault = find(kept(reader), request);
        return json(replaceItem(store, vault, findItem(vault.items, request), request.body));
      },
    },
    {
      ...{ method: "DELETE", url: one },
      handle: (request, reader) => {
        deleteItem(store, findItem(find(kept(reader), request).items, request));
        return { status: 204 };
      },
    },
  ];
}

const read = (url: string) => ({ method: ["GET", "HEAD"], url });

function find(kept: readonly KeptVault[], request: WebRequest): KeptVault {
  const id = part(request, "vault");
  if (!isId(id)) throw new WebError(400, "Invalid Vault UUID");
  const found = kept.find(({ vault }) => vault.id === id);
  if (found === undefined) throw new WebError(404, "Vault not found");
  return found;
}

function findItem(items: readonly FullItem[], request: WebRequest): FullItem {
  const id = part(request, "item");
  if (!isId(id)) throw new WebError(400, "Invalid Item UUID");
  const found = items.find((item) => item.id === id);
  if (found === undefined) throw new WebError(404, "Item not found");
  return found;
}

const isId = (id: string): boolean => /^[a-z0-9]{26}$/.test(id);

/**
 * What a SCIM filter (RFC 7644, 3.4.2.2) leaves of a list. Of its operators `eq` on the title is supported, which vaults
 * also call `name`; any other is refused with 400.
 */
function filterByTitle<T>(
  list: readonly T[],
  titleOf: (entry: T) => string,
  filter: string | null,
): readonly T[] {
  if (filter === null || filter === "") return list;
  const title = /^(?:title|name) eq "([^"]*)"$/i.exec(filter.trim())?.[1];
  if (title === undefined)
    throw new WebError(400, `the lab's 1Password Connect filters by title eq "TITLE" only`);
  return list.filter((entry) => titleOf(entry) === title);
}

/** The header of a server that asks here for what it serves: the key of its credentials. A protocol of the lab's own. */
const serverHeader = "lab-connect-server";

/** Refuses a server with credentials that 1Password does not know. */
function known({ headers }: WebRequest, { server }: ConnectOptions): void {
  const key = headers[serverHeader];
  if (key !== undefined && key !== server?.key) throw new WebError(500, "Something went wrong");
}

function authenticate(request: WebRequest, options: ConnectOptions): Reader {
  known(request, options);
  const { headers, method } = request;
  const given = /^Bearer (.+)$/.exec(headers.authorization ?? "")?.[1];
  if (given === undefined) throw new WebError(401, "Invalid bearer token");
  // Each server knows its own tokens alone.
  const elsewhere = serverHeader in headers;
  const reader = elsewhere ? undefined : options.readers?.().find(({ token }) => token === given);
  if (given !== (elsewhere ? options.server?.token : options.token) && reader === undefined)
    throw new WebError(401, "Invalid token signature");
  if ((elsewhere || reader !== undefined) && !["GET", "HEAD"].includes(method))
    throw new WebError(403, "Authorization: token does not have write access to the vault");
  return reader;
}

function refusal({ method, path }: WebRequest): WebError {
  return new WebError(501, `the lab's 1Password Connect does not support ${method} ${path}`);
}
