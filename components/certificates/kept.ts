/** Certificates that outlive their cluster: what is kept of them, and whether it can be used again. Calculation alone. */
import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import type { VaultItem } from "../security/item-field.ts";
import type { WrittenField } from "../security/one-password.ts";
import type { CertificateObject } from "./plan.ts";

/** A certificate with its key, in PEM form. */
export interface KeyPair {
  /** The certificate, then those that signed it. */
  readonly certificate: string;
  readonly key: string;
}

/** What is kept: the pair, and which issuer gave it. */
export interface KeptPair extends KeyPair {
  readonly issuer: string;
}

/** Title of the item of a site's certificate. */
export const itemTitle = (site: string, { name }: CertificateObject): string =>
  `${site} certificate ${name}`;

const label = { certificate: "tls.crt", key: "tls.key", issuer: "issuer" } as const;

/** Concealed fields are of one line for some of 1Password's programs, so the pair is written in base64. */
const inOneLine = (text: string): string => Buffer.from(text).toString("base64");

/** Fields of the item; names and end are for people. */
export function itemFields({ certificate, key, issuer }: KeptPair): readonly WrittenField[] {
  const { validTo, subjectAltName = "" } = new X509Certificate(certificate);
  const shown = (name: string, value: string): WrittenField[] =>
    value === "" ? [] : [{ label: name, value, concealed: false }];
  return [
    ...shown(label.issuer, issuer),
    ...shown("names", namesIn(subjectAltName).join(", ")),
    ...shown("ends", new Date(validTo).toISOString()),
    { label: label.certificate, value: inOneLine(certificate), concealed: true },
    { label: label.key, value: inOneLine(key), concealed: true },
  ];
}

/** What an item holds; undefined where a field is missing. */
export function keptIn({ fields = [] }: VaultItem): KeptPair | undefined {
  const value = (wanted: string): string | undefined =>
    fields.find((field) => field.label === wanted)?.value;
  const [certificate, key, issuer] = [label.certificate, label.key, label.issuer].map(value);
  if (certificate === undefined || key === undefined || issuer === undefined) return undefined;
  const decoded = (text: string): string => Buffer.from(text, "base64").toString();
  return { certificate: decoded(certificate), key: decoded(key), issuer };
}

/** What tells one certificate from another: SHA-256 of it and its chain. */
export const fingerprint = (certificate: string): string =>
  createHash("sha256").update(certificate).digest("hex");

/**
 * Why cert-manager would order anew although this is kept; undefined where it takes it as it is. The order of questions is
 * that of cert-manager's own (internal/controller/certificates/policies/checks.go).
 */
export function whyOrder(
  kept: KeptPair | undefined,
  { names, issuer }: CertificateObject,
  now: Date,
): string | undefined {
  if (kept === undefined) return "none is kept";
  const parsed = parse(kept);
  if (parsed === undefined) return "what is kept is no certificate with its key";
  if (kept.issuer !== issuer) return `the kept one is of ${kept.issuer}`;
  const { asymmetricKeyType, asymmetricKeyDetails } = parsed.publicKey;
  if (asymmetricKeyType !== "ec" || asymmetricKeyDetails?.namedCurve !== "prime256v1")
    return "the kept one has a key of another kind";
  const held = namesIn(parsed.subjectAltName ?? "");
  if (held.toSorted().join() !== names.toSorted().join())
    return `the kept one is for ${held.join(", ") || "no name"}`;
  const [from, to] = [parsed.validFrom, parsed.validTo].map((text) => new Date(text).getTime());
  if (from === undefined || to === undefined || now.getTime() >= to)
    return "the kept one has ended";
  // pki.RenewalTime: after two thirds of its time.
  if (now.getTime() >= from + ((to - from) * 2) / 3) return "the kept one is due to be renewed";
  return undefined;
}

/** Whether the kept pair serves until a new one is there. */
export function serves(kept: KeptPair | undefined, now: Date): kept is KeptPair {
  const parsed = kept && parse(kept);
  return parsed !== undefined && now < new Date(parsed.validTo);
}

/**
 * What cert-manager looks for on a Secret before it takes what lies there for its own, see AnnotationsForCertificate in
 * its internal/controller/certificates/secrets.go: without the issuer's kind it orders anew at once.
 */
export function secretMetadata({ name, issuer }: CertificateObject): {
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
} {
  return {
    // "For attention of": the controller keeps no other Secrets in memory.
    labels: { "controller.cert-manager.io/fao": "true" },
    annotations: {
      "cert-manager.io/certificate-name": name,
      "cert-manager.io/issuer-name": issuer,
      "cert-manager.io/issuer-kind": "ClusterIssuer",
      "cert-manager.io/issuer-group": "cert-manager.io",
    },
  };
}

function parse({ certificate, key }: KeyPair): X509Certificate | undefined {
  try {
    const parsed = new X509Certificate(certificate);
    return parsed.checkPrivateKey(createPrivateKey(key)) ? parsed : undefined;
  } catch {
    // Whoever edited the item finds out by what is said of it.
    return undefined;
  }
}

/** DNS names of a subjectAltName as Node writes it: `DNS:example.net, DNS:*.example.net`. */
function namesIn(subjectAltName: string): readonly string[] {
  return subjectAltName
    .split(", ")
    .filter((entry) => entry.startsWith("DNS:"))
    .map((entry) => entry.slice("DNS:".length));
}
