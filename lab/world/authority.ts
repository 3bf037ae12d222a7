/** The lab's certificate authority: what stands for the public ones, and for each Proxmox host's own. */
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const day = 86_400_000;

/** A certificate and its private key, both PEM; the certificate is followed by the authority's. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** Issues certificates that only the lab trusts. */
export interface Authority {
  /** The authority's certificate (PEM file). */
  readonly certificateFile: string;
  /** What commands and pods trust (PEM file), for `SSL_CERT_FILE`: it is there from the first `trust` on. */
  readonly bundleFile: string;
  /**
   * A server certificate for these DNS names and IP addresses (RFC 5280, ECDSA P-256). It is valid until `until`, a year
   * from now unless given, and from a year and a day before that.
   */
  issue(names: readonly string[], until?: Date): Promise<KeyPair>;
  /** Has commands and pods trust the system's authorities, the lab's, and the public ones that services of the lab play. */
  trust(roots: string): Promise<void>;
}

/**
 * Opens the authority of a directory, and creates it at the first call. What is trusted stays as it is, for others than the
 * lab's daemon open it too, to issue certificates.
 */
export async function openAuthority(directory: string): Promise<Authority> {
  const certificateFile = join(directory, "ca.pem");
  const bundleFile = join(directory, "bundle.pem");
  const { certificate, key } = (await load(directory)) ?? (await createAuthority(directory));
  return {
    certificateFile,
    bundleFile,
    issue: (names, until = new Date(Date.now() + 365 * day)) =>
      issue(names, until, certificate, key),
    trust: async (roots) => {
      const own = `${await systemAuthorities()}${certificate.toString("pem")}\n`;
      await replace(bundleFile, own + roots, 0o644);
    },
  };
}

async function load(
  directory: string,
): Promise<{ certificate: X509Certificate; key: webcrypto.CryptoKey } | undefined> {
  const pem = await readIfPresent(join(directory, "ca.key"));
  if (pem === undefined) return undefined;
  const certificate = new X509Certificate(await readFile(join(directory, "ca.pem"), "utf8"));
  // A lab that ran for years starts a new authority rather than failing at every TLS handshake.
  if (certificate.notAfter.getTime() < Date.now() + 366 * day) return undefined;
  const key = await webcrypto.subtle.importKey(
    "pkcs8",
    PemConverter.decodeFirst(pem),
    algorithm,
    true,
    ["sign"],
  );
  return { certificate, key };
}

async function createAuthority(
  directory: string,
): Promise<{ certificate: X509Certificate; key: webcrypto.CryptoKey }> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: "CN=Homelab lab authority",
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + 3650 * day),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  // The key is written last: its presence says that the pair is whole.
  await replace(join(directory, "ca.pem"), `${certificate.toString("pem")}\n`, 0o644);
  await replace(join(directory, "ca.key"), await privatePem(keys.privateKey), 0o600);
  return { certificate, key: keys.privateKey };
}

async function issue(
  names: readonly string[],
  until: Date,
  authority: X509Certificate,
  signingKey: webcrypto.CryptoKey,
): Promise<KeyPair> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.create({
    subject: `CN=${names[0] ?? "lab"}`,
    issuer: authority.subject,
    notBefore: new Date(until.getTime() - 366 * day),
    notAfter: until,
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(
        names.map((name) => ({ type: isIP(name) === 0 ? "dns" : "ip", value: name })),
      ),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(authority.publicKey),
    ],
  });
  return {
    cert: `${certificate.toString("pem")}\n${authority.toString("pem")}\n`,
    key: await privatePem(keys.privateKey),
  };
}

async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  return `${PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY")}\n`;
}

/** Authorities of the machine that the lab runs on; none when it has no bundle where distributions put it. */
async function systemAuthorities(): Promise<string> {
  for (const file of ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"]) {
    const bundle = await readIfPresent(file);
    if (bundle !== undefined) return bundle.endsWith("\n") ? bundle : `${bundle}\n`;
  }
  return "";
}

async function readIfPresent(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Writes beside the file and renames, so that a reader or a kill never meets half of it. */
async function replace(file: string, content: string, mode: number): Promise<void> {
  const beside = `${file}.new`;
  await writeFile(beside, content, { mode });
  await rename(beside, file);
}
