/** Carries a visitor's request to a tunnel and the answer back. */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { constants, type ClientHttp2Stream, type OutgoingHttpHeaders } from "node:http2";
import { controlHeader } from "./tunnel-protocol.ts";
import type { TunnelSession } from "./tunnel-session.ts";

/** How long an origin may be silent (Cloudflare's limit, error 524), in milliseconds. */
const originPatience = 100_000;

/** Headers that end at the edge (RFC 9110, 7.6.1), and those of HTTP/1 that HTTP/2 has no use for. */
const ownHop = [
  "connection",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** What only the edge may say to an origin; a visitor's own is dropped. */
const edgeOnly = [
  controlHeader,
  "cf-connecting-ip",
  "cf-ipcountry",
  "cf-ray",
  "cf-visitor",
  "true-client-ip",
  "x-forwarded-proto",
];

/** What the edge says about a request. */
export interface EdgeFacts {
  readonly host: string;
  readonly ip: string;
  readonly ray: string;
  /** Headers about the visitor's identity. */
  readonly identity: Readonly<Record<string, string>>;
}

/** Headers of the request as cloudflared gets them, HTTP/2's own included. */
export function originHeaders(
  method: string,
  path: string,
  headers: IncomingHttpHeaders,
  facts: EdgeFacts,
): OutgoingHttpHeaders {
  const named = String(headers.connection ?? "").toLowerCase();
  const hops = new Set([...ownHop, ...edgeOnly, ...named.split(/\s*,\s*/)]);
  const kept = Object.entries(headers).filter(
    // Access's headers are the edge's alone, and its secrets are none of the origin's business.
    ([name]) => !hops.has(name) && !name.startsWith("cf-access-"),
  );
  const before = headers["x-forwarded-for"];
  return {
    ...Object.fromEntries(kept),
    ":method": method,
    ":path": path,
    ":scheme": "https",
    ":authority": facts.host,
    "cdn-loop": "cloudflare",
    "cf-connecting-ip": facts.ip,
    "cf-ipcountry": "XX",
    "cf-ray": facts.ray,
    "cf-visitor": '{"scheme":"https"}',
    "x-forwarded-for":
      before === undefined ? facts.ip : `${[before].flat().join(", ")}, ${facts.ip}`,
    "x-forwarded-proto": "https",
    ...facts.identity,
  };
}

/** Why there was no answer: `lost` before the origin said anything, `late` when it took too long. */
export type ForwardFailure = "lost" | "late";

/**
 * Sends one request; resolves to undefined once the answer is through, or has been broken off in the middle. With
 * `lose` the origin does its work and the visitor's connection ends instead of an answer.
 */
export function forward(
  session: TunnelSession,
  headers: OutgoingHttpHeaders,
  request: IncomingMessage,
  response: ServerResponse,
  lose = false,
): Promise<ForwardFailure | undefined> {
  const body = hasBody(request);
  return new Promise((resolve) => {
    let stream: ClientHttp2Stream;
    try {
      stream = session.request(headers, !body);
    } catch {
      // The connection ended between its choice and now.
      resolve("lost");
      return;
    }
    let late = false;
    stream.setTimeout(originPatience, () => {
      late = true;
      stream.close(constants.NGHTTP2_CANCEL);
    });
    stream.once("response", (answer) => {
      if (lose) {
        response.destroy();
        return;
      }
      const status = Number(answer[":status"] ?? 502);
      response.writeHead(status, visitorHeaders(answer, headers));
      stream.pipe(response);
    });
    // The reason follows from what has happened until the end, which 'close' sees in any case.
    stream.on("error", () => undefined);
    stream.once("close", () => {
      if (!response.headersSent && !response.destroyed) resolve(late ? "late" : "lost");
      else {
        if (!stream.readableEnded) response.destroy();
        resolve(undefined);
      }
    });
    response.once("close", () => {
      if (!response.writableFinished) stream.close(constants.NGHTTP2_CANCEL);
    });
    if (body) request.pipe(stream);
  });
}

/** Whether a request has content (RFC 9112, 6.3). */
export function hasBody(request: IncomingMessage): boolean {
  const { "content-length": length, "transfer-encoding": coding } = request.headers;
  return coding !== undefined || (length !== undefined && length !== "0");
}

function visitorHeaders(
  answer: Readonly<Record<string, unknown>>,
  asked: OutgoingHttpHeaders,
): Record<string, string | string[]> {
  const kept = Object.entries(answer).filter(
    ([name]) => !name.startsWith(":") && !ownHop.includes(name) && name !== "server",
  );
  const headers = Object.fromEntries(kept) as Record<string, string | string[]>;
  return { ...headers, server: "cloudflare", "cf-ray": String(asked["cf-ray"]) };
}
