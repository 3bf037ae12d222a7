/** What certificates of a site are: calculation alone. */
import { internalAuthority, internalIssuer, type AcmeIssuer } from "./issuers.ts";

/** Who signs: Let's Encrypt, as every device knows it, or the site's own authority. */
export type Signer = AcmeIssuer | "internal";

/** One certificate, which cert-manager keeps in a Secret. */
export interface CertificatePlan {
  /** Name of the Certificate in its namespace. */
  readonly name: string;
  readonly secret: string;
  /** DNS names that it is for; the first one names it for people. */
  readonly names: readonly string[];
  readonly issuer: Signer;
}

/** A certificate as Kubernetes objects name it. */
export interface CertificateObject {
  readonly name: string;
  readonly namespace: string;
  readonly secret: string;
  readonly names: readonly string[];
  /** Name of the ClusterIssuer. */
  readonly issuer: string;
  readonly spec: Record<string, unknown>;
}

/** Name of a zone's certificate, and of its Secret: dots cannot stand in what listeners and volumes are called. */
export const certificateName = (zone: string): string => zone.replaceAll(".", "-");
export const secretName = (name: string): string => `${name}-tls`;

/**
 * The certificate for all names of one label below a zone, as gateways serve them. Not for the zone itself, which none of
 * them serves: cert-manager would prove it after the wildcard and wait a second minute (pkg/issuer/acme/dns/dns.go).
 */
export function wildcard(zone: string, issuer: Signer): CertificatePlan {
  const name = certificateName(zone);
  return { name, secret: secretName(name), names: [`*.${zone}`], issuer };
}

/** Names of one certificate at Let's Encrypt: https://letsencrypt.org/docs/rate-limits/#new-certificates-per-exact-set-of-identifiers */
export const mostNames = 100;

const ecdsa = { algorithm: "ECDSA", size: 256 } as const;

/**
 * What a certificate of the site's own authority is for. cert-manager's own words leave out `server auth`, without which Apple's
 * devices refuse it (DefaultKeyUsages in pkg/apis/certmanager/v1/types.go; https://support.apple.com/103769). Let's Encrypt
 * writes it by itself, and would be asked for another certificate.
 */
const ofServers = { usages: ["digital signature", "key encipherment", "server auth"] } as const;

/**
 * What a Certificate says. Its time is its issuer's: Let's Encrypt heeds no `duration`, and cert-manager renews after two
 * thirds of what was given. Each renewal has a new key. `issuer` is the name of a ClusterIssuer.
 * @see https://cert-manager.io/docs/usage/certificate/
 */
export function certificateSpec({
  secret,
  names,
  issuer,
}: Pick<CertificateObject, "secret" | "names" | "issuer">) {
  return {
    secretName: secret,
    dnsNames: [...names],
    issuerRef: issuerRef(issuer),
    privateKey: { ...ecdsa, rotationPolicy: "Always" },
    ...(issuer === internalIssuer.name ? ofServers : {}),
  };
}

/** The Certificate of a plan. */
export function certificateObject(plan: CertificatePlan, namespace: string): CertificateObject {
  return { ...plan, namespace, spec: certificateSpec(plan) };
}

/**
 * The site's own authority, which signs itself. Devices are told of it once: its key stays the same when it is renewed, so
 * what trusts the old certificate trusts what the new one signs. It has a subject, without which clients refuse what it
 * signs (https://cert-manager.io/docs/configuration/selfsigned/#certificate-validity).
 */
export function authorityObject(site: string, namespace: string): CertificateObject {
  const { name, secret, years } = internalAuthority;
  return {
    ...{ name, namespace, secret, names: [], issuer: "selfsigned" },
    spec: {
      secretName: secret,
      isCA: true,
      commonName: `${site} internal CA`,
      duration: `${years * 365 * 24}h`,
      issuerRef: issuerRef("selfsigned"),
      privateKey: { ...ecdsa, rotationPolicy: "Never" },
    },
  };
}

function issuerRef(name: string) {
  return { group: "cert-manager.io", kind: "ClusterIssuer", name };
}
