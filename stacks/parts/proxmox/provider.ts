import { Provider as Proxmox } from "@muhlba91/pulumi-proxmoxve/provider.js";
import { RunError } from "@pulumi/pulumi";
import type { ProxmoxAccess } from "../../../components/proxmox/proxmox-api.ts";
import type { Site } from "../../open-site.ts";

/**
 * The API token of Proxmox VE: what the config refers to, and where it refers to nothing PROXMOX_VE_API_TOKEN. Undefined where
 * there is none.
 */
export function tokenFrom(
  ref: string | undefined,
  reveal: (ref: string) => string | undefined,
): string | undefined {
  const token = ref === undefined ? process.env["PROXMOX_VE_API_TOKEN"] : reveal(ref);
  return token === "" ? undefined : token;
}

/** The address and token for what the program asks Proxmox itself. Throws a RunError when there is no token. */
export function proxmoxAccess({ config: { proxmox }, secrets }: Site): ProxmoxAccess {
  const { endpoint, apiToken } = proxmox;
  const token = tokenFrom(apiToken, (ref) => secrets.reveal(ref));
  if (token === undefined)
    throw new RunError(
      "there is no API token of Proxmox VE: set PROXMOX_VE_API_TOKEN, or homelab:proxmox.apiToken to where it is kept " +
        "(docs/proxmox.md)",
    );
  return { endpoint, token };
}

/** The site's Proxmox VE. Token and SSH login come from PROXMOX_VE_* unless the config refers to them. */
export function proxmoxProvider({ config: { proxmox }, secrets }: Site): Proxmox {
  const { apiToken, sshPrivateKey } = proxmox;
  return new Proxmox("proxmox", {
    endpoint: proxmox.endpoint,
    insecure: false,
    ...(apiToken === undefined ? {} : { apiToken: secrets.get(apiToken) }),
    ssh: {
      // Named here so that the provider asks no host for its network before it uploads a document. Keys stand in order: the
      // bridge sorts them when it makes the provider, and would see a change in any other order.
      nodes: proxmox.hosts.map(({ name, address }) => ({ address, name, port: 22 })),
      ...(sshPrivateKey === undefined ? {} : { privateKey: secrets.get(sshPrivateKey) }),
    },
  });
}
