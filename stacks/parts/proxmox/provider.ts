import { Provider as Proxmox } from "@muhlba91/pulumi-proxmoxve/provider.js";
import type { Site } from "../../open-site.ts";

/** The site's Proxmox VE. Token and SSH login come from PROXMOX_VE_* unless the config refers to them. */
export function proxmoxProvider({ config: { proxmox }, secrets }: Site): Proxmox {
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
