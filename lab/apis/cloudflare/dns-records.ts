import { randomBytes } from "node:crypto";
import { z } from "zod";
import { part } from "../web/exchange.ts";
import type { Account } from "./account.ts";
import { ApiError } from "./api-error.ts";
import { checkTarget, contentOf, isProxiable } from "./dns-content.ts";
import { qualifiedName, sameName } from "./dns-names.ts";
import { accept, type JsonObject } from "./json.ts";
import { pageOf, type Answer, type Call, type Route } from "./route.ts";
import { entry, type StoredRecord } from "./store.ts";

const invalid = (message: string): ApiError =>
  new ApiError(400, 1004, `DNS Validation Error: ${message}`);

const ttl = "Invalid TTL. Must be between 60 and 86,400 seconds, or 1 for Automatic.";
const form = z.looseObject({
  name: z.string("a record needs a name").min(1, "a record needs a name"),
  type: z.string("a record needs a type"),
  content: z.string().optional(),
  data: z.looseObject({}).optional(),
  ttl: z.int(ttl).default(1),
  proxied: z.boolean().default(false),
  priority: z.int().min(0).max(65_535).optional(),
  comment: z.string().max(100, "a comment has at most 100 characters").optional(),
  tags: z.array(z.string()).optional(),
  settings: z.looseObject({}).optional(),
});

/** Members that the server makes; what a caller sends under these names is not kept. */
const made = ["id", "proxiable", "created_on", "modified_on", "meta", "zone_id", "zone_name"];

const filters = ["name", "name.exact", "type", "content", "content.exact", "proxied"] as const;

/** https://developers.cloudflare.com/api/resources/dns/subresources/records/ */
export function dnsRoutes(account: Account): Route[] {
  const all = "zones/:zone/dns_records";
  const one = `${all}/:record`;
  const permission = "DNS";
  return [
    { method: "GET", path: all, permission, handle: (call) => list(account, call) },
    { method: "POST", path: all, permission, handle: ({ body }) => write(account, body) },
    {
      ...{ method: "GET", path: one, permission },
      handle: (call) => ({ result: shown(found(account, call)) }),
    },
    {
      ...{ method: "PUT", path: one, permission },
      handle: (call) => write(account, call.body, found(account, call)),
    },
    {
      ...{ method: "PATCH", path: one, permission },
      handle: (call) => {
        const record = found(account, call);
        return write(account, merged(record, call.sent), record);
      },
    },
    {
      ...{ method: "DELETE", path: one, permission },
      handle: (call) => {
        const { id } = found(account, call);
        account.store.change(({ records }) => delete records[id]);
        return { result: { id } };
      },
    },
  ];
}

function found({ store }: Account, call: Call): StoredRecord {
  const record = entry(store.state.records, part(call, "record"));
  if (record === undefined) throw new ApiError(404, 81044, "Record does not exist.");
  return record;
}

function list({ store }: Account, call: Call): Answer {
  const fits = (record: StoredRecord): boolean =>
    filters.every((filter) => {
      const wanted = call.query.get(filter);
      if (wanted === null) return true;
      const value = String(record[filter.replace(".exact", "")]);
      return filter.startsWith("name") ? sameName(value, wanted) : value === wanted;
    });
  const records = Object.values(store.state.records).filter(fits).map(shown);
  return pageOf(records, call, filters, 100);
}

/** The record with the members of a PATCH in place of its own; null takes one out. */
function merged(record: StoredRecord, sent: JsonObject): JsonObject {
  const all = Object.entries({ ...record, ...sent });
  return Object.fromEntries(all.filter(([, value]) => value !== null));
}

/** Keeps a record, a new one or in place of another. What was sent is kept as it is, the name in full. */
function write({ store, zone }: Account, body: JsonObject, previous?: StoredRecord): Answer {
  const sent = accept(form, body, invalid);
  if (sent.ttl !== 1 && (sent.ttl < 60 || sent.ttl > 86_400)) throw new ApiError(400, 9021, ttl);
  // The quota of the free plan.
  if (sent.tags !== undefined && sent.tags.length > 0)
    throw new ApiError(
      400,
      9300,
      `DNS record has ${sent.tags.length} tags, exceeding the quota of 0.`,
    );
  if (sent.type === "MX" && sent.priority === undefined)
    throw new ApiError(400, 9100, "Priority is required for MX records.");
  const now = new Date().toISOString();
  const record: StoredRecord = {
    ...Object.fromEntries(Object.entries(sent).filter(([name]) => !made.includes(name))),
    id: previous?.id ?? randomBytes(16).toString("hex"),
    name: qualifiedName(sent.name, zone),
    type: sent.type,
    content: contentOf(sent.type, sent),
    proxied: sent.proxied,
    ttl: sent.ttl,
    created_on: previous?.created_on ?? now,
    modified_on: now,
  };
  checkTarget(record);
  const others = Object.values(store.state.records).filter(({ id }) => id !== record.id);
  checkNeighbours(
    record,
    others.filter(({ name }) => sameName(name, record.name)),
  );
  store.change(({ records }) => (records[record.id] = record));
  return { result: shown(record) };
}

const addresses = ["A", "AAAA", "CNAME"];

/** A name has one CNAME or addresses, and no record twice. `others` are those of the same name. */
function checkNeighbours(record: StoredRecord, others: readonly StoredRecord[]): void {
  const { type, content, priority } = record;
  if (others.some((o) => o.type === type && o.content === content && o.priority === priority))
    throw new ApiError(400, 81058, "An identical record already exists.");
  if (type === "CNAME" && others.some((other) => addresses.includes(other.type)))
    throw new ApiError(400, 81053, "An A, AAAA, or CNAME record with that host already exists.");
  if (addresses.includes(type) && others.some((other) => other.type === "CNAME"))
    throw new ApiError(400, 81054, "A CNAME record with that host already exists.");
  if (addresses.includes(type) && others.some((other) => other.type === "NS"))
    throw new ApiError(400, 81056, "NS records with that host already exist.");
}

function shown(record: StoredRecord): JsonObject {
  return {
    ...record,
    proxiable: isProxiable(record.type),
    comment: record.comment ?? null,
    tags: record.tags ?? [],
    settings: record.settings ?? {},
    meta: {},
  };
}
