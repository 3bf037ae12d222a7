/** ssh inside the lab: who to be, with which key, and which host keys to trust. */
import { bareAddress } from "../network/dns.ts";

/** Where the files lie. */
export interface SshPlaces {
  /** Private keys, tried in this order. */
  readonly identities: readonly string[];
  readonly knownHosts: string;
  /** Host keys of Proxmox hosts, learned at the first connection. */
  readonly learnedHosts: string;
  /** Addresses and names of the Proxmox hosts, which are not a stack's to pin. */
  readonly proxmoxHosts: readonly string[];
}

/** Client configuration (ssh_config(5)): root everywhere, and only host keys that a stack has pinned. */
export function sshConfig(places: SshPlaces): string {
  return [
    `Host ${places.proxmoxHosts.join(" ")}`,
    "  StrictHostKeyChecking accept-new",
    `  UserKnownHostsFile "${places.learnedHosts}"`,
    "Host *",
    "  User root",
    "  StrictHostKeyChecking yes",
    "  IdentitiesOnly yes",
    ...places.identities.map((file) => `  IdentityFile "${file}"`),
    `  UserKnownHostsFile "${places.knownHosts}"`,
    "  GlobalKnownHostsFile none",
    "",
  ].join("\n");
}

/**
 * Host keys as the stacks pin them (sshd(8), SSH_KNOWN_HOSTS), with the machines' names beside their addresses, so
 * that `ssh NAME` works too.
 */
export function withNames(
  knownHosts: string,
  machines: readonly { readonly name: string; readonly address?: string }[],
): string {
  const names = new Map(
    machines.flatMap(({ name, address }) =>
      address === undefined ? [] : [[bareAddress(address), name] as const],
    ),
  );
  return knownHosts
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const [hosts = "", ...key] = line.trim().split(/\s+/);
      const known = hosts.split(",");
      const added = known.flatMap((host) => names.get(host) ?? []);
      return [[...new Set([...known, ...added])].join(","), ...key].join(" ") + "\n";
    })
    .join("");
}
