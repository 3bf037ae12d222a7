import { Provider as Kubernetes } from "@pulumi/kubernetes/provider.js";
import { Provider as Proxmox } from "@muhlba91/pulumi-proxmoxve/provider.js";
import { secret, type Output } from "@pulumi/pulumi";
import type { SiteConfig } from "./schema.ts";

/** The site's Proxmox VE. Token and SSH login come from PROXMOX_VE_* unless the config holds a token. */
export function proxmoxProvider({ proxmox }: SiteConfig): Proxmox {
  return new Proxmox("proxmox", {
    endpoint: proxmox.endpoint,
    insecure: false,
    ...(proxmox.apiToken === undefined ? {} : { apiToken: secret(proxmox.apiToken) }),
    // Named here so that the provider asks no host for its network before it uploads a document.
    ssh: { nodes: proxmox.hosts.map(({ name, address }) => ({ name, address, port: 22 })) },
  });
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
