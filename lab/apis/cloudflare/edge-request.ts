/** A visitor's request as the edge reads it. */
import { randomBytes } from "node:crypto";
import type { WebRequest } from "../web/exchange.ts";

export interface EdgeRequest {
  /** Lower case, without a port. */
  readonly host: string;
  /** Parsed, with the path normalised, so that no spelling of a path slips past a rule for it. */
  readonly url: URL;
  /** What was asked for, as it was written: path and query. */
  readonly target: string;
  readonly ip: string;
  /** Number of the request in every answer and log. */
  readonly ray: string;
}

/**
 * Host and URL of what was asked for; `host` comes without a port, `target` with or without the query. Undefined when
 * they are malformed.
 */
export function readAddress(
  host: string,
  target: string,
): Pick<EdgeRequest, "host" | "url"> | undefined {
  if (host === "" || !target.startsWith("/") || /[\s@/\\?#]/.test(host)) return undefined;
  try {
    const url = new URL(`https://${host}${target}`);
    url.pathname = decodeURIComponent(url.pathname.replace(/%2f/gi, "%252F"))
      .replace(/\/{2,}/g, "/")
      .replace(/[?#]/g, encodeURIComponent);
    return { host: host.toLowerCase(), url };
  } catch {
    return undefined;
  }
}

/** Reads a request; undefined when its address is malformed. */
export function readRequest({ host, raw }: WebRequest): EdgeRequest | undefined {
  const target = raw.url ?? "";
  const address = readAddress(host, target);
  if (address === undefined) return undefined;
  const ip = (raw.socket.remoteAddress ?? "").replace(/^::ffff:/, "");
  return { ...address, target, ip, ray: `${randomBytes(8).toString("hex")}-LAB` };
}

const longestForm = 16_384;

/** The fields of a form; empty for anything else. Throws for one of more than 16 KiB. */
export async function readForm({ method, headers, raw }: WebRequest): Promise<URLSearchParams> {
  const type = headers["content-type"] ?? "";
  if (method !== "POST" || !type.startsWith("application/x-www-form-urlencoded"))
    return new URLSearchParams();
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of raw) {
    chunks.push(chunk as Buffer);
    length += (chunk as Buffer).length;
    if (length > longestForm) throw new Error("form of more than 16 KiB");
  }
  return new URLSearchParams(Buffer.concat(chunks).toString("utf8"));
}
