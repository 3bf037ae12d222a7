/** Requests to the lab's S3, signed as a client signs them. */
import { createHash } from "node:crypto";
import { signatureOf, type S3Key } from "../../apis/s3/signature.ts";
import { httpsRequest, type Answer } from "./https-request.ts";

/** The key of the tests' stores. */
export const storeKey: S3Key = { accessKey: "GK0123", secretKey: "opensesame" };

export interface Signed {
  readonly body?: string | Buffer | undefined;
  /** Header of the body's SHA-256. Default: the body's own. */
  readonly payload?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: now. */
  readonly at?: Date;
}

/** What a request is signed for at a moment. */
function signing(at: Date) {
  const date = at.toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const [day, region] = [date.slice(0, 8), "garage"];
  return { date, day, region, scope: `${day}/${region}/s3/aws4_request` };
}

/** One signed request to a store on this machine. */
export function signedRequest(
  port: number,
  method: string,
  path: string,
  key: S3Key,
  { body = "", payload, headers = {}, at = new Date() }: Signed = {},
): Promise<Answer> {
  const { date, day, scope, region } = signing(at);
  const all: Record<string, string> = {
    host: "nas.home.arpa:9000",
    "x-amz-content-sha256": payload ?? createHash("sha256").update(body).digest("hex"),
    "x-amz-date": date,
    ...headers,
  };
  const signed = Object.keys(all).sort().join(";");
  const [bare = "", query] = path.split("?");
  const asked = { method, path: bare, query: new URLSearchParams(query), headers: all };
  const signature = signatureOf(asked, { secretKey: key.secretKey, day, region, signed });
  const authorization = `AWS4-HMAC-SHA256 Credential=${key.accessKey}/${scope}, SignedHeaders=${signed}, Signature=${signature}`;
  const options = { host: "127.0.0.1", port, rejectUnauthorized: false, method, path };
  return httpsRequest({ ...options, headers: { ...all, authorization } }, body);
}

/** Puts `word` by an address that is signed for a minute. */
export function presignedPut(port: number, path: string, key: S3Key, at: Date): Promise<Answer> {
  const { date, day, scope, region } = signing(at);
  const signed = "host";
  const query = new URLSearchParams({
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": `${key.accessKey}/${scope}`,
    "X-Amz-Date": date,
    "X-Amz-Expires": "60",
    "X-Amz-SignedHeaders": signed,
    "X-Amz-Signature": "",
  });
  const headers = { host: "nas.home.arpa:9000" };
  const asked = { method: "PUT", path, query, headers };
  query.set(
    "X-Amz-Signature",
    signatureOf(asked, { secretKey: key.secretKey, day, region, signed }),
  );
  const options = { host: "127.0.0.1", port, rejectUnauthorized: false, method: "PUT" };
  return httpsRequest({ ...options, path: `${path}?${query.toString()}`, headers }, "word");
}
