/**
 * Dates things back. What was made so many days earlier looks, to whoever asks how old it is or when it ends, like what is
 * made now after so many days have passed: so months can pass for programs whose clock nobody can move.
 */
import "reflect-metadata";
import { createPrivateKey, type webcrypto } from "node:crypto";
import { X509Certificate, X509CertificateGenerator } from "@peculiar/x509";
import type { KeyPair } from "./authority.ts";

const day = 86_400_000;
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** An authority that signs what it has signed before once more, with other dates. */
interface Signer {
  readonly certificate: X509Certificate;
  readonly key: webcrypto.CryptoKey;
}

const pemBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
/** The same in base64, as a kubeconfig holds it. */
const hiddenPem = /LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t[A-Za-z0-9+/]+=*/g;
/** RFC 3339 in UTC. */
const moment = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;
/** Marks a secret in an export: https://www.pulumi.com/docs/iac/concepts/secrets/ */
const secretSignature = "4dabf18193072939515e22adb298388d";

/** Dates texts back by a number of days. */
export class Redating {
  readonly #ms: number;
  readonly #signers: readonly Signer[];
  /** What each certificate has become: signatures differ each time, and a certificate stands in many places. */
  readonly #dated = new Map<string, Promise<string>>();

  /** `authorities` are those whose certificates get older (PEM, ECDSA P-256); what others have signed stays as it is. */
  constructor(days: number, authorities: readonly KeyPair[]) {
    this.#ms = days * day;
    this.#signers = authorities.map(({ cert, key }) => ({
      certificate: new X509Certificate(cert),
      key: createPrivateKey(key).toCryptoKey(algorithm, false, ["sign"]),
    }));
  }

  /** The text with each certificate in it, as PEM or in base64, dated back; authorities' own stay, as they live for years. */
  async certificates(text: string): Promise<string> {
    const plain = await replaced(text, pemBlock, (pem) => this.#certificate(pem));
    return replaced(plain, hiddenPem, async (encoded) => {
      const pem = Buffer.from(encoded, "base64").toString("utf8");
      return Buffer.from(await replaced(pem, pemBlock, (one) => this.#certificate(one))).toString(
        "base64",
      );
    });
  }

  /** An exported stack, its secrets in plain, with the certificates and moments among its resources' values dated back. */
  async state(text: string): Promise<string> {
    const exported = JSON.parse(text) as Exported;
    for (const resource of exported.deployment.resources ?? []) {
      if (resource.inputs !== undefined) resource.inputs = await this.#values(resource.inputs);
      if (resource.outputs !== undefined) resource.outputs = await this.#values(resource.outputs);
    }
    return JSON.stringify(exported);
  }

  async #values(value: unknown): Promise<unknown> {
    if (typeof value === "string") {
      const dated = await this.certificates(value);
      return dated.replaceAll(moment, (text) => this.#moment(text));
    }
    if (Array.isArray(value)) return Promise.all(value.map((one) => this.#values(one)));
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value);
    if (secretSignature in value && "plaintext" in value)
      return {
        ...value,
        plaintext: JSON.stringify(await this.#values(JSON.parse(String(value.plaintext)))),
      };
    const dated = await Promise.all(
      entries.map(async ([key, inner]) => [key, await this.#values(inner)] as const),
    );
    return Object.fromEntries(dated);
  }

  #moment(text: string): string {
    const earlier = new Date(Date.parse(text) - this.#ms).toISOString();
    return text.includes(".") ? earlier : earlier.replace(/\.\d+Z$/, "Z");
  }

  #certificate(pem: string): Promise<string> {
    const known = this.#dated.get(pem) ?? this.#redated(pem);
    this.#dated.set(pem, known);
    return known;
  }

  async #redated(pem: string): Promise<string> {
    const old = new X509Certificate(pem);
    const signer = await this.#signerOf(old);
    if (signer === undefined || old.subject === signer.certificate.subject) return pem;
    const dated = await X509CertificateGenerator.create({
      serialNumber: old.serialNumber,
      subject: old.subjectName,
      issuer: old.issuerName,
      notBefore: new Date(old.notBefore.getTime() - this.#ms),
      notAfter: new Date(old.notAfter.getTime() - this.#ms),
      publicKey: old.publicKey,
      extensions: old.extensions,
      signingKey: signer.key,
      signingAlgorithm: algorithm,
    });
    return dated.toString("pem");
  }

  async #signerOf(certificate: X509Certificate): Promise<Signer | undefined> {
    for (const signer of this.#signers) {
      const { subject, publicKey } = signer.certificate;
      if (certificate.issuer !== subject) continue;
      if (await certificate.verify({ publicKey, signatureOnly: true })) return signer;
    }
    return undefined;
  }
}

interface Exported {
  deployment: { resources?: { inputs?: unknown; outputs?: unknown }[] };
}

/** Replaces each match by what `change` makes of it. */
async function replaced(
  text: string,
  pattern: RegExp,
  change: (match: string) => Promise<string>,
): Promise<string> {
  const matches = new Set(text.match(pattern) ?? []);
  let result = text;
  for (const match of matches) result = result.replaceAll(match, await change(match));
  return result;
}
