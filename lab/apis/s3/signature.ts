import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { WebRequest } from "../web/exchange.ts";
import { S3Error } from "./error.ts";

/** Who may use a store. */
export interface S3Key {
  readonly accessKey: string;
  readonly secretKey: string;
}

const form =
  /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\/(\d{8})\/([^/,\s]+)\/s3\/aws4_request, ?SignedHeaders=([^,\s]+), ?Signature=([0-9a-f]{64})$/;

/** How far a client's clock may be off, in milliseconds. */
const skew = 15 * 60_000;

/**
 * Lets a request through that is signed with the key (Signature Version 4 in the header `Authorization` or in the address,
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html and sigv4-query-string-auth.html), and whose
 * body is the signed one unless it is left unsigned. Throws S3's error otherwise.
 */
export function authenticate(request: WebRequest, key: S3Key, now = Date.now()): void {
  const presigned = request.query.has("X-Amz-Signature");
  const told = presigned ? inAddress(request) : request.headers.authorization;
  const [, id, day = "", region = "", signed = "", signature = ""] = form.exec(told ?? "") ?? [];
  if (id === undefined) throw new S3Error(403, "AccessDenied", "Access Denied.");
  if (id !== key.accessKey)
    throw new S3Error(
      403,
      "InvalidAccessKeyId",
      "The Access Key Id you provided does not exist in our records.",
    );
  const date = dateOf(request);
  const late = presigned ? Number(request.query.get("X-Amz-Expires")) * 1000 : skew;
  const passed = now - timeOf(date);
  if (!(passed > -skew && passed < late) || !date.startsWith(day))
    throw new S3Error(
      403,
      "RequestTimeTooSkewed",
      "The difference between the request time and the server's time is too large.",
    );
  const expected = signatureOf(request, { secretKey: key.secretKey, day, region, signed });
  if (!timingSafeEqual(Buffer.from(expected), Buffer.from(signature)))
    throw new S3Error(
      403,
      "SignatureDoesNotMatch",
      "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
    );
  const payload = payloadOf(request);
  if (payload === unsigned) return;
  if (payload.startsWith("STREAMING-"))
    throw new S3Error(501, "NotImplemented", `the lab's S3 takes whole bodies, not ${payload}`);
  if (sha256(request.body) !== payload)
    throw new S3Error(
      400,
      "XAmzContentSHA256Mismatch",
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
    );
}

/** What the header would say. */
const inAddress = ({ query }: WebRequest): string =>
  `${query.get("X-Amz-Algorithm")} Credential=${query.get("X-Amz-Credential")}, ` +
  `SignedHeaders=${query.get("X-Amz-SignedHeaders")}, Signature=${query.get("X-Amz-Signature")}`;

/** What a signature covers of a request. */
export type Signable = Pick<WebRequest, "method" | "path" | "query" | "headers">;

/** What a request is signed with; `signed` are names of headers in their order, with semicolons between. */
export interface Signing {
  readonly secretKey: string;
  /** For example `20261128`. */
  readonly day: string;
  readonly region: string;
  readonly signed: string;
}

/** The signature of a request, 64 hex digits. */
export function signatureOf(
  request: Signable,
  { secretKey, day, region, signed }: Signing,
): string {
  const scope = [day, region, "s3", "aws4_request"];
  const date = dateOf(request);
  const text = ["AWS4-HMAC-SHA256", date, scope.join("/"), sha256(canonical(request, signed))];
  const key = scope.reduce<Buffer>(hmac, Buffer.from(`AWS4${secretKey}`));
  return hmac(key, text.join("\n")).toString("hex");
}

function canonical(request: Signable, signed: string): string {
  const names = signed.split(";");
  const query = [...request.query]
    .filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort();
  return [
    request.method,
    request.path
      .split("/")
      .map((part) => encode(decodeURIComponent(part)))
      .join("/"),
    query.join("&"),
    ...names.map((name) => `${name}:${header(request, name).trim().replaceAll(/ +/g, " ")}`),
    "",
    signed,
    payloadOf(request),
  ].join("\n");
}

const unsigned = "UNSIGNED-PAYLOAD";

/** A body is no part of what is signed in an address. */
const payloadOf = (request: Signable): string =>
  request.query.has("X-Amz-Signature") ? unsigned : header(request, "x-amz-content-sha256");

const dateOf = (request: Signable): string =>
  request.query.get("X-Amz-Date") ?? header(request, "x-amz-date");

function header({ headers }: Pick<WebRequest, "headers">, name: string): string {
  const value = headers[name];
  return (Array.isArray(value) ? value.join(",") : value) ?? "";
}

/** Everything but RFC 3986's unreserved characters, as AWS encodes it. */
const encode = (text: string): string =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  );

const sha256 = (data: string | Buffer): string => createHash("sha256").update(data).digest("hex");
const hmac = (key: Buffer, data: string): Buffer => createHmac("sha256", key).update(data).digest();

/** Milliseconds of `20261128T070000Z`; NaN of anything else. */
const timeOf = (text: string): number =>
  Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
