/** What a store that speaks S3 has, asked by whoever runs the program: of a repository, when its backups were written. */
import { createHash, createHmac } from "node:crypto";
import { request as plainRequest } from "node:http";
import { request as secureRequest } from "node:https";
import { setTimeout as pause } from "node:timers/promises";
import { getCACertificates } from "node:tls";
import { ServiceError } from "../http/service-error.ts";
import { trustSystemAuthorities } from "../http/trust.ts";
import { repositoryFolder } from "./objects.ts";
import type { SavedPlan, TargetPlan } from "./plan.ts";

/** Where a store is. */
export interface StorePlace extends Pick<TargetPlan, "endpoint" | "bucket" | "region"> {
  readonly ca?: string | undefined;
  /** Whether the bucket stands in the host's name, as some stores want it; in the path without. */
  readonly lookup?: "auto" | "path" | "dns" | undefined;
}

/** A store and its key, in plain. */
export interface OpenStore extends StorePlace {
  readonly accessKey: string;
  readonly secretKey: string;
}

/** An object of a store. */
export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
  readonly modified: Date;
}

/** Lists what a store has below a prefix. */
export type ListStore = (store: OpenStore, prefix: string) => Promise<readonly StoredObject[]>;

/**
 * When a claim's backups were written, the newest first; empty without one. restic writes the file of a snapshot when all it
 * refers to is there, and deletes it when it is forgotten (restic, doc/design.rst, "Snapshots").
 */
export async function backupTimes(
  store: OpenStore,
  { folder }: Pick<TargetPlan, "folder">,
  saved: Pick<SavedPlan, "namespace" | "claim">,
  list: ListStore = listStore,
): Promise<readonly Date[]> {
  const found = await list(store, `${repositoryFolder({ folder }, saved)}/snapshots/`);
  return found.map(({ modified }) => modified).sort((a, b) => b.getTime() - a.getTime());
}

/** Minutes after which a lock that nobody renews is stale (restic v0.18.1, internal/restic/lock.go, StaleLockTimeout). */
const staleMinutes = 30;

/**
 * Locks of a claim's repository that are stale. One that is held is written anew every five minutes, under another name
 * (restic, internal/repository/lock.go). Whether it is exclusive is encrypted in it.
 */
export async function staleLocks(
  store: OpenStore,
  { folder }: Pick<TargetPlan, "folder">,
  saved: Pick<SavedPlan, "namespace" | "claim">,
  { list = listStore, now = new Date() }: { readonly list?: ListStore; readonly now?: Date } = {},
): Promise<readonly StoredObject[]> {
  const found = await list(store, `${repositoryFolder({ folder }, saved)}/locks/`);
  const stale = now.getTime() - staleMinutes * 60_000;
  return found.filter(({ modified }) => modified.getTime() < stale);
}

/**
 * Lists what a store has below a prefix: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
 * @throws ServiceError when the store does not answer, or refuses.
 */
export const listStore: ListStore = async (store, prefix) => {
  const found: StoredObject[] = [];
  let token: string | undefined;
  do {
    const query = {
      ...(token === undefined ? {} : { "continuation-token": token }),
      "list-type": "2",
      prefix,
    };
    const page = listed(await ask(store, query));
    found.push(...page.objects);
    token = page.next;
  } while (token !== undefined);
  return found;
};

/** What a page of a list names, and how to ask for the next one. */
export function listed(xml: string): {
  readonly objects: readonly StoredObject[];
  readonly next?: string;
} {
  const field = (text: string, name: string): string =>
    plain(new RegExp(`<${name}>(.*?)</${name}>`, "s").exec(text)?.[1] ?? "");
  const objects = [...xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)].map(([, entry = ""]) => ({
    key: field(entry, "Key"),
    bytes: Number(field(entry, "Size")),
    modified: new Date(field(entry, "LastModified")),
  }));
  const next = field(xml, "NextContinuationToken");
  return next === "" ? { objects } : { objects, next };
}

/** The text of an XML element. */
const plain = (text: string): string =>
  text
    .replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&");

/** Pauses between attempts, in milliseconds. */
const pauses = [1_000, 3_000];

async function ask(store: OpenStore, query: Readonly<Record<string, string>>): Promise<string> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await askOnce(store, query);
    } catch (error) {
      const wait = pauses[attempt];
      const passes = error instanceof ServiceError && error.kind !== "refused";
      if (!passes || wait === undefined) throw error;
      await pause(wait);
    }
  }
}

const answerMs = 15_000;

function askOnce(store: OpenStore, query: Readonly<Record<string, string>>): Promise<string> {
  const { bucket, ca } = store;
  const { protocol, hostname, port, host, path } = place(store);
  const search = canonicalQuery(query);
  const options = {
    ...{ hostname, port, path: `${path}?${search}` },
    headers: signedHeaders({ store, host, path, query: search, now: new Date() }),
    signal: AbortSignal.timeout(answerMs),
  };
  trustSystemAuthorities();
  const trusted = ca === undefined ? {} : { ca: [...getCACertificates("default"), ca] };
  return new Promise((resolve, reject) => {
    const unreachable = ({ message }: Error): void => {
      const text = `the store ${host} cannot be reached: ${message}`;
      reject(new ServiceError("unreachable", { status: 0 }, text));
    };
    const request =
      protocol === "http:" ? plainRequest(options) : secureRequest({ ...options, ...trusted });
    request.once("error", unreachable);
    request.once("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", unreachable);
      response.once("end", () => {
        const text = Buffer.concat(chunks).toString();
        const { statusCode: status = 0 } = response;
        if (status === 200) resolve(text);
        else reject(refusal(`the store ${host}, bucket ${bucket}`, status, text));
      });
    });
    request.end();
  });
}

/** Where a bucket is asked. */
function place({ endpoint, bucket, lookup }: OpenStore) {
  const url = new URL(endpoint);
  const inName = lookup === "dns";
  if (inName) url.hostname = `${bucket}.${url.hostname}`;
  const { protocol, hostname, port, host } = url;
  return { protocol, hostname, port, host, path: inName ? "/" : `/${bucket}` };
}

/** S3's own words: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
function refusal(who: string, status: number, text: string): ServiceError {
  const [, code = "no code"] = /<Code>(.*?)<\/Code>/.exec(text) ?? [];
  const [, message = ""] = /<Message>(.*?)<\/Message>/s.exec(text) ?? [];
  const kind = status >= 500 ? "unavailable" : "refused";
  return new ServiceError(kind, { status }, `${who} answers ${status}, ${code}: ${message}`);
}

/** Everything but RFC 3986's unreserved characters, as S3 wants it encoded. */
const encode = (text: string): string =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  );

const canonicalQuery = (query: Readonly<Record<string, string>>): string =>
  Object.entries(query)
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join("&");

/** What is signed of a call without a body. */
interface Signable {
  readonly store: Pick<OpenStore, "accessKey" | "secretKey" | "region">;
  readonly host: string;
  readonly path: string;
  /** In canonical form. */
  readonly query: string;
  readonly now: Date;
}

/** Headers of a GET, by Signature Version 4: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
export function signedHeaders({ store, host, path, query, now }: Signable): Record<string, string> {
  const date = now.toISOString().replaceAll(/[:-]|\.\d{3}/g, "");
  const scope = [date.slice(0, 8), store.region, "s3", "aws4_request"];
  const headers = {
    host,
    "x-amz-content-sha256": sha256(""),
    "x-amz-date": date,
  };
  const names = Object.keys(headers).join(";");
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}`);
  const canonical = ["GET", path, query, ...lines, "", names, sha256("")].join("\n");
  const text = ["AWS4-HMAC-SHA256", date, scope.join("/"), sha256(canonical)].join("\n");
  const key = scope.reduce<Buffer>(hmac, Buffer.from(`AWS4${store.secretKey}`));
  const credential = [store.accessKey, ...scope].join("/");
  const signature = hmac(key, text).toString("hex");
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`,
  };
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const hmac = (key: Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
