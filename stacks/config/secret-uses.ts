import type { SecretUse } from "../../components/security/secrets.ts";
import type { SiteConfig } from "../schema.ts";

const proxmoxToken = {
  pattern: /^\S+@\S+!\S+=[a-zA-Z0-9-]+$/,
  text: "is read, but is no API token of Proxmox VE; keep it as USER@REALM!NAME=SECRET, as Proxmox prints it",
};

const sshKey = {
  pattern: /^-----BEGIN (OPENSSH |RSA |EC )?PRIVATE KEY-----\r?\n/,
  text: "is read, but is no private key; keep the whole file, from -----BEGIN to -----END",
};

const oneLine = {
  pattern: /^\S+$/,
  text: "is read, but holds spaces or line breaks; keep the bare value",
};

/** Every secret that a site's config refers to, with the path that does, in the config's order. */
export function secretUses({ proxmox, tailnet, edge, apps }: SiteConfig): readonly SecretUse[] {
  return [
    ...use("homelab:proxmox.apiToken", proxmox.apiToken, proxmoxToken),
    ...use("homelab:proxmox.sshPrivateKey", proxmox.sshPrivateKey, sshKey),
    ...use("homelab:tailnet.oauth.clientId", tailnet?.oauth.clientId, oneLine),
    ...use("homelab:tailnet.oauth.clientSecret", tailnet?.oauth.clientSecret, oneLine),
    ...use("homelab:edge.apiToken", edge?.apiToken, oneLine),
    ...Object.entries(apps.typeo?.settings ?? {}).flatMap(([name, ref]) =>
      use(`homelab:apps.typeo.settings.${name}`, ref),
    ),
  ];
}

function use(
  path: string,
  ref: string | undefined,
  form?: SecretUse["form"],
): readonly SecretUse[] {
  return ref === undefined ? [] : [{ path, ref, form }];
}
