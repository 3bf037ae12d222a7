/**
 * What cloudflared and the edge say to each other in the lab, in place of cloudflared's RPC: over TLS a line of JSON
 * each way, then HTTP/2 with the edge as the client.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { z } from "zod";
import type { CloudflareWorld } from "./world.ts";

/** The name that cloudflared dials. */
export const tunnelEdge = "region1.v2.argotunnel.com";

/** Marks the edge's own requests among those of visitors, from which it is taken away. */
export const controlHeader = "cf-cloudflared-proxy-connection-upgrade";

const registration = z.strictObject({
  /** Account, tunnel and secret of the token (`{a,t,s}`; the secret is base64). */
  a: z.string(),
  t: z.string(),
  s: z.base64(),
  /** Id that one run of cloudflared gives itself. */
  connector: z.string(),
  version: z.string(),
});

/** The first line, from cloudflared. */
export type Registration = z.infer<typeof registration>;

/** The second line, from the edge. `retry` says whether the same registration may succeed later. */
export type RegistrationAnswer =
  | { readonly ok: true; readonly connection: string; readonly location: string }
  | { readonly ok: false; readonly error: string; readonly retry: boolean };

const longestLine = 4096;
const linePatience = 10_000;

/** Reads the first line; rejects when it does not come in time or is not a registration. */
export function readRegistration(socket: TLSSocket): Promise<Registration> {
  return new Promise((resolve, reject) => {
    let text = Buffer.alloc(0);
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      socket.off("data", more).off("close", closed).pause();
      settle();
    };
    const fail = (reason: string): void => end(() => reject(new Error(reason)));
    const closed = (): void => fail("closed before it registered");
    const timer = setTimeout(() => fail("did not register in time"), linePatience);
    const more = (chunk: Buffer): void => {
      text = Buffer.concat([text, chunk]);
      const newline = text.indexOf("\n");
      if (newline < 0 && text.length <= longestLine) return;
      // cloudflared says nothing more until it is answered.
      const parsed = newline === text.length - 1 ? parse(text) : undefined;
      if (parsed === undefined) fail("did not send a registration");
      else end(() => resolve(parsed));
    };
    socket.on("data", more).on("close", closed);
  });
}

function parse(line: Buffer): Registration | undefined {
  try {
    return registration.parse(JSON.parse(line.toString("utf8")));
  } catch {
    return undefined;
  }
}

/** Why a registration is refused, in Cloudflare's words; undefined for one that is right. */
export function refusal(world: CloudflareWorld, asked: Registration): string | undefined {
  const tunnel = world.tunnel(asked.t);
  if (tunnel === undefined) return "Unauthorized: Tunnel not found";
  const right = same(tunnel.secret, asked.s) && tunnel.accountId === asked.a;
  return right ? undefined : "Unauthorized: Invalid tunnel secret";
}

/** Compares secrets in base64 in a time that does not depend on them. */
function same(one: string, other: string): boolean {
  const digest = (text: string): Buffer =>
    createHash("sha256").update(Buffer.from(text, "base64")).digest();
  return timingSafeEqual(digest(one), digest(other));
}
