/** The team's signing key, and the tokens that Access gives to visitors and origins. */
import { randomUUID } from "node:crypto";
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
import { JsonStore } from "../store.ts";
import { secondsOf } from "./durations.ts";
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
  const key = await loadKey(join(stateDir, keyFile));
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
        .setExpirationTime(Math.floor(Date.now() / 1000) + secondsOf(application.sessionDuration))
        .sign(signing),
    verify: async (application, token) => {
      try {
        const { payload } = await jwtVerify(token, verification, {
          issuer,
          audience: application.aud,
          algorithms: [algorithm],
          requiredClaims: ["exp", "iat", "email"],
        });
        // Whole seconds: what was issued in the second of the revocation is gone too, as at Cloudflare for up to a minute.
        if ((payload.iat ?? 0) * 1000 <= (application.revokedAt ?? -1)) return undefined;
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

async function loadKey(file: string): Promise<JWK> {
  const store = new JsonStore<Partial<JWK>>(file, {});
  if (store.state.kid === undefined) {
    const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
    const key = await exportJWK(privateKey);
    const kid = await calculateJwkThumbprint(key);
    store.change((state) => Object.assign(state, key, { kid }));
  }
  return store.state;
}
