/** The team's signing key, and the tokens that Access gives to visitors and origins. */
import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  calculateJwkThumbprint,
  createLocalJWKSet,
  exportJWK,
  generateKeyPair,
  importJWK,
  jwtVerify,
  SignJWT,
  type JWK,
} from "jose";
import type { AccessApplication } from "./world.ts";

const algorithm = "RS256";
const keyFile = "access-key.json";

/** Whom a token is for. */
export type Subject = { readonly email: string } | { readonly clientId: string };

/** Issues and verifies tokens (RFC 7519) of one team. */
export interface AccessTokens {
  /** What `/cdn-cgi/access/certs` shows (RFC 7517). */
  readonly certificates: { readonly keys: readonly JWK[] };
  /** A token for the application, valid for its session. */
  issue(application: AccessApplication, subject: Subject): Promise<string>;
  /** The e-mail address in a valid token of the application, else undefined. */
  verify(application: AccessApplication, token: string): Promise<string | undefined>;
}

/** Opens the team's key in a directory, and makes one at the first call. */
export async function openAccessTokens(stateDir: string, team: string): Promise<AccessTokens> {
  const key = await loadKey(join(stateDir, keyFile), stateDir);
  const { kty, n, e, kid } = key;
  const certificates = { keys: [{ kid, kty, alg: algorithm, use: "sig", e, n }] };
  const issuer = `https://${team}.cloudflareaccess.com`;
  const signing = await importJWK(key, algorithm);
  const verification = createLocalJWKSet(certificates);
  return {
    certificates,
    issue: (application, subject) =>
      new SignJWT(claims(subject))
        .setProtectedHeader({ alg: algorithm, kid, typ: "JWT" })
        .setIssuer(issuer)
        .setAudience([application.aud])
        .setIssuedAt()
        .setNotBefore("0s")
        .setExpirationTime(
          Math.floor(Date.now() / 1000) + sessionSeconds(application.sessionDuration),
        )
        .sign(signing),
    verify: async (application, token) => {
      try {
        const { payload } = await jwtVerify(token, verification, {
          issuer,
          audience: application.aud,
          algorithms: [algorithm],
          requiredClaims: ["exp", "email"],
        });
        return typeof payload["email"] === "string" ? payload["email"] : undefined;
      } catch {
        // Expired, forged or another application's: all the same to the visitor, who logs in.
        return undefined;
      }
    },
  };
}

function claims(subject: Subject): Record<string, string> {
  if ("email" in subject) {
    const { email } = subject;
    return { type: "app", email, sub: email, identity_nonce: randomUUID(), country: "XX" };
  }
  return { type: "app", common_name: subject.clientId, sub: "" };
}

async function loadKey(file: string, directory: string): Promise<JWK> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as JWK;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const key = await exportJWK(privateKey);
  const named = { ...key, kid: await calculateJwkThumbprint(key) };
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeFile(`${file}.new`, JSON.stringify(named), { mode: 0o600 });
  await rename(`${file}.new`, file);
  return named;
}

const units: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 };

/** Seconds of a duration such as `24h` or `1h30m`, rounded down. */
export function sessionSeconds(duration: string): number {
  if (!/^(\d+(ms|s|m|h))+$/.test(duration))
    throw new Error(`session_duration "${duration}": use hours, minutes or seconds such as 24h`);
  let seconds = 0;
  for (const [, count, unit] of duration.matchAll(/(\d+)(ms|s|m|h)/g))
    seconds += Number(count) * (units[unit ?? ""] ?? 0);
  return Math.floor(seconds);
}
