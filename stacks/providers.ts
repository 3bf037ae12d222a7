import { Provider as Cloudflare } from "@pulumi/cloudflare/provider.js";
import { Provider as Kubernetes } from "@pulumi/kubernetes/provider.js";
import { Provider as Proxmox } from "@muhlba91/pulumi-proxmoxve/provider.js";
import { secret, type Output } from "@pulumi/pulumi";
import { Provider as Tailscale } from "@pulumi/tailscale/provider.js";
import type { Secrets } from "../components/security/secrets.ts";
import type { TailscaleAccess } from "../components/tailnet/tailscale-types.ts";
import type { SiteConfig } from "./schema.ts";

/** The site's Proxmox VE. Token and SSH login come from PROXMOX_VE_* unless the config refers to them. */
export function proxmoxProvider({ proxmox }: SiteConfig, secrets: Secrets): Proxmox {
  const { apiToken, sshPrivateKey } = proxmox;
  return new Proxmox("proxmox", {
    endpoint: proxmox.endpoint,
    insecure: false,
    ...(apiToken === undefined ? {} : { apiToken: secrets.get(apiToken) }),
    ssh: {
      // Named here so that the provider asks no host for its network before it uploads a document.
      nodes: proxmox.hosts.map(({ name, address }) => ({ name, address, port: 22 })),
      ...(sshPrivateKey === undefined ? {} : { privateKey: secrets.get(sshPrivateKey) }),
    },
  });
}

/** The tailnet that the site belongs to. */
export function tailscaleProvider({ tailnet, clientId, clientSecret }: TailscaleAccess): Tailscale {
  return new Tailscale("tailscale", {
    tailnet,
    oauthClientId: secret(clientId),
    oauthClientSecret: secret(clientSecret),
  });
}

/** The account that the site is published through. */
export function cloudflareProvider(apiToken: Output<string>): Cloudflare {
  return new Cloudflare("cloudflare", { apiToken });
}

/**
 * The site's cluster. Its identifier is the site's name from the first run on, so that a new kubeconfig updates the
 * provider instead of replacing everything on it; ConfigMaps and Secrets change in place.
 */
export function kubernetesProvider(site: string, kubeconfig: Output<string>): Kubernetes {
  return new Kubernetes("kubernetes", {
    kubeconfig: secret(kubeconfig),
    clusterIdentifier: site,
    enableConfigMapMutable: true,
    enableSecretMutable: true,
  });
}
