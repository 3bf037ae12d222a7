/** The 1Password vault of the lab's sites: every secret that a site file refers to. */
import { apiTokenId, type Credentials } from "./credentials.ts";

/** A vault as 1Password shows it: items by title, fields by label. */
export interface Vault {
  readonly title: string;
  readonly items: readonly {
    readonly title: string;
    readonly fields: Readonly<Record<string, string>>;
  }[];
}

export function vaults(credentials: Credentials): readonly Vault[] {
  return [
    {
      title: "Homelab",
      items: [
        {
          title: "Proxmox",
          fields: {
            "api-token": `${apiTokenId}=${credentials.apiTokenSecret}`,
            "ssh-private-key": credentials.ssh.privateKey,
          },
        },
        {
          title: "Tailscale",
          fields: {
            "client-id": credentials.tailscale.clientId,
            "client-secret": credentials.tailscale.clientSecret,
          },
        },
        { title: "Cloudflare", fields: { "api-token": credentials.cloudflareToken } },
        { title: "Typeo", fields: { "session-secret": credentials.typeoSession } },
      ],
    },
  ];
}
