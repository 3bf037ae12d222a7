/** The ClusterIssuers of a site. */

/** Let's Encrypt's servers (https://letsencrypt.org/docs/acme-protocol-updates/, https://letsencrypt.org/docs/staging-environment/). */
export const acmeServers = {
  "letsencrypt-production": "https://acme-v02.api.letsencrypt.org/directory",
  "letsencrypt-staging": "https://acme-staging-v02.api.letsencrypt.org/directory",
} as const;

export type AcmeIssuer = keyof typeof acmeServers;

/** The site's own authority: its Certificate and Secret, beside cert-manager as a ClusterIssuer wants it, and its years. */
export const internalAuthority = { name: "internal-ca", secret: "internal-ca", years: 10 } as const;

/** Secret of the token that solves challenges, beside cert-manager. */
export const dnsToken = { secret: "cloudflare-dns", key: "api-token" } as const;

/** How names are proven to Let's Encrypt. */
export interface AcmePlan {
  /** Where Let's Encrypt may write to; it no longer mails before a certificate ends. */
  readonly email?: string | undefined;
  /** Zones at Cloudflare whose names may be asked for. */
  readonly zones: readonly string[];
}

export interface IssuerPlan {
  readonly name: string;
  readonly spec: Record<string, unknown>;
}

/** Signs only itself: what the internal authority begins with. */
export const selfSigned: IssuerPlan = { name: "selfsigned", spec: { selfSigned: {} } };

/** Signs with the internal authority. */
export const internalIssuer: IssuerPlan = {
  name: "internal",
  spec: { ca: { secretName: internalAuthority.secret } },
};

/**
 * Let's Encrypt by DNS-01 in the zones, whose names need not be reachable for that.
 * @see https://cert-manager.io/docs/configuration/acme/dns01/cloudflare/
 */
export function acmeIssuer(name: AcmeIssuer, { email, zones }: AcmePlan): IssuerPlan {
  const { secret, key } = dnsToken;
  return {
    name,
    spec: {
      acme: {
        server: acmeServers[name],
        ...(email === undefined ? {} : { email }),
        privateKeySecretRef: { name: `${name}-account` },
        solvers: [
          {
            selector: { dnsZones: [...zones] },
            dns01: { cloudflare: { apiTokenSecretRef: { name: secret, key } } },
          },
        ],
      },
    },
  };
}
