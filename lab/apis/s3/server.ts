import { join } from "node:path";
import {
  anyMethod,
  guarded,
  type Answer,
  type GuardedRoute,
  type WebError,
  type WebRequest,
} from "../web/exchange.ts";
import { openWeb, type Web, type WebOptions } from "../web/server.ts";
import { Bucket } from "./bucket.ts";
import { S3Error } from "./error.ts";
import { authenticate, type S3Key } from "./signature.ts";

/** An S3-compatible store with some buckets and one key. */
export interface S3Options extends WebOptions {
  readonly buckets: readonly string[];
  readonly key: S3Key;
  /** Folder in which objects are kept. */
  readonly stateDir: string;
}

/** Bytes of a body: a part of a client that sends parts of 16 MiB, and an object below that. */
const bodyLimit = 64 << 20;

/**
 * S3's REST API (https://docs.aws.amazon.com/AmazonS3/latest/API/) as far as objects go: put, also in parts, copy, get, head,
 * list and delete, by path-style addresses, with signed requests. What it does not know is refused with `NotImplemented`.
 * @throws when the address cannot be listened at.
 */
export function createS3(options: S3Options): Promise<Web> {
  const buckets = new Map(
    options.buckets.map((name) => [name, new Bucket(join(options.stateDir, name))]),
  );
  const handle = (request: WebRequest): Answer => {
    const [name = "", ...rest] = request.path.slice(1).split("/").map(decodeURIComponent);
    const bucket = buckets.get(name);
    if (bucket === undefined)
      throw new S3Error(404, "NoSuchBucket", "The specified bucket does not exist");
    const key = rest.join("/");
    return key === "" ? ofBucket(bucket, name, request) : ofObject(bucket, key, request);
  };
  const route: GuardedRoute<void> = { method: anyMethod, url: "/*", handle };
  return openWeb(
    {
      name: "s3",
      routes: guarded((request) => authenticate(request, options.key), [route]),
      notFound: unknown,
      answerError: (error) => ({ headers: xmlType, body: errorBody(error) }),
      ...{ bodyLimit, strictSlashes: true },
    },
    options,
  );
}

function ofBucket(bucket: Bucket, name: string, request: WebRequest): Answer {
  const { method, query } = request;
  if (method === "HEAD") return {};
  if (method === "GET" && query.has("location"))
    return xml(
      '<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></LocationConstraint>',
    );
  if (method !== "GET" || ![...query.keys()].every((one) => listing.has(one)))
    throw unknown(request);
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter") ?? "";
  const url = query.get("encoding-type") === "url";
  const written = (text: string): string =>
    url ? encodeURIComponent(text).replaceAll("%2F", "/") : escape(text);
  const folderOf = (key: string): string | undefined => {
    const end = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    return end < 0 ? undefined : key.slice(0, end + delimiter.length);
  };
  const found = bucket.list(prefix);
  const folders = new Set(found.map(([key]) => folderOf(key)).filter((one) => one !== undefined));
  const objects = found.filter(([key]) => folderOf(key) === undefined);
  const listed = [
    ...objects.map(
      ([key, { size, etag, modified }]) =>
        `<Contents><Key>${written(key)}</Key><LastModified>${modified}</LastModified>` +
        `<ETag>${escape(etag)}</ETag><Size>${size}</Size><StorageClass>STANDARD</StorageClass></Contents>`,
    ),
    ...[...folders].map(
      (folder) => `<CommonPrefixes><Prefix>${written(folder)}</Prefix></CommonPrefixes>`,
    ),
  ];
  return xml(
    `<ListBucketResult><Name>${name}</Name><Prefix>${written(prefix)}</Prefix>` +
      `${url ? "<EncodingType>url</EncodingType>" : ""}<KeyCount>${listed.length}</KeyCount><MaxKeys>1000</MaxKeys>` +
      `<IsTruncated>false</IsTruncated>${listed.join("")}</ListBucketResult>`,
  );
}

/** Parameters of both versions of a list, of which the older one names no type; all is on one page. */
const listing = new Set([
  ...["delimiter", "encoding-type", "fetch-owner", "list-type", "max-keys", "prefix"],
  // Which operation it is the method says already.
  "x-id",
]);

function ofObject(bucket: Bucket, key: string, request: WebRequest): Answer {
  const { method, query, body } = request;
  const id = query.get("uploadId");
  switch (method) {
    case "HEAD":
      return { headers: headersOf(bucket, key) };
    case "GET":
      return partOf(bucket.read(key), headersOf(bucket, key), request.headers.range);
    case "PUT": {
      const number = query.get("partNumber");
      const from = request.headers["x-amz-copy-source"];
      if (typeof from === "string") return copied(bucket, key, from, request);
      const etag =
        id !== null && number !== null
          ? bucket.putPart(id, number, body)
          : bucket.put(key, body, factsOf(request)).etag;
      return { headers: { etag } };
    }
    case "POST":
      if (query.has("uploads"))
        return xml(
          `<InitiateMultipartUploadResult><Key>${escape(key)}</Key><UploadId>${bucket.begin(key, factsOf(request))}</UploadId></InitiateMultipartUploadResult>`,
        );
      if (id !== null)
        return xml(
          `<CompleteMultipartUploadResult><Key>${escape(key)}</Key><ETag>${escape(bucket.complete(id).etag)}</ETag></CompleteMultipartUploadResult>`,
        );
      break;
    case "DELETE":
      if (id === null) bucket.delete(key);
      else bucket.abort(id);
      return { status: 204 };
  }
  throw unknown(request);
}

/** An object made of another one of the bucket: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html */
function copied(bucket: Bucket, key: string, from: string, request: WebRequest): Answer {
  const [store, ...rest] = decodeURIComponent(from).replace(/^\//, "").split("/");
  if (store !== decodeURIComponent(request.path).split("/")[1]) throw unknown(request);
  const source = rest.join("/");
  const replaced = request.headers["x-amz-metadata-directive"] === "REPLACE";
  const facts = replaced ? factsOf(request) : bucket.stat(source);
  const { etag, modified } = bucket.put(key, bucket.read(source), facts);
  return xml(
    `<CopyObjectResult><ETag>${escape(etag)}</ETag><LastModified>${modified}</LastModified></CopyObjectResult>`,
  );
}

/** All of an object, or the one range that is asked for: https://www.rfc-editor.org/rfc/rfc9110#section-14.2 */
function partOf(
  body: Buffer,
  headers: Record<string, string | number>,
  range: string | undefined,
): Answer {
  if (range === undefined) return { headers, body };
  const [, first = "", last = ""] = /^bytes=(\d+)-(\d*)$/.exec(range) ?? [];
  const from = Number(first);
  const to = last === "" ? body.length - 1 : Math.min(Number(last), body.length - 1);
  if (first === "") throw new S3Error(501, "NotImplemented", `the lab's S3 does not know ${range}`);
  if (from > to) throw new S3Error(416, "InvalidRange", "The requested range is not satisfiable");
  const part = body.subarray(from, to + 1);
  const told = {
    "content-range": `bytes ${from}-${to}/${body.length}`,
    "content-length": part.length,
  };
  return { status: 206, headers: { ...headers, ...told }, body: part };
}

function headersOf(bucket: Bucket, key: string): Record<string, string | number> {
  const { size, etag, modified, type, metadata } = bucket.stat(key);
  return {
    ...metadata,
    ...{ "content-length": size, "content-type": type, etag },
    "last-modified": new Date(modified).toUTCString(),
  };
}

function factsOf({ headers }: WebRequest) {
  const own = Object.entries(headers).flatMap(([name, value]) =>
    name.startsWith("x-amz-meta-") && typeof value === "string" ? [[name, value] as const] : [],
  );
  const type = headers["content-type"] ?? "binary/octet-stream";
  return { type, metadata: Object.fromEntries(own) };
}

const unknown = ({ method, path }: WebRequest): S3Error =>
  new S3Error(501, "NotImplemented", `the lab's S3 does not support ${method} ${path}`);

const xmlType = { "content-type": "application/xml" };
const xml = (body: string): Answer => ({
  headers: xmlType,
  body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}`,
});

/** A fault or the web server's own error has no code of S3's. */
function errorBody(error: WebError): string {
  const code =
    error instanceof S3Error ? error.code : error.status === 503 ? "SlowDown" : "InternalError";
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${escape(error.message)}</Message></Error>`;
}

const escape = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`);
