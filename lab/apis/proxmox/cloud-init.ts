import { createHash } from "node:crypto";
import { stringify } from "yaml";
import { failure } from "./api-error.ts";
import { parseProperties } from "./property-string.ts";
import type { Site } from "./site.ts";
import type { StoredVm } from "./store.ts";

/** What the cloud-init drive of a VM holds. */
export interface CloudInitDrive {
  readonly instanceId: string;
  readonly userData: string;
  /** Static address in CIDR form. */
  readonly address: string;
  readonly gateway?: string;
  readonly nameservers: readonly string[];
  readonly searchDomain?: string;
}

/**
 * The drive's content: the user's snippet of `cicustom`, or a document of ciuser and sshkeys, and
 * the network of `ipconfig0`. As on a real host the instance-id is the hash of both, so a change of
 * either is a first boot.
 * @throws 500 naming the setting that is missing or that the lab cannot give.
 */
export async function cloudInitDrive(site: Site, vm: StoredVm): Promise<CloudInitDrive> {
  const hasDrive = Object.values(vm.config).some((value) =>
    value.includes(`vm-${vm.vmid}-cloudinit`),
  );
  if (!hasDrive)
    throw failure(
      `VM ${vm.vmid} has no cloud-init drive: the lab's machines get their address and user from it; add one, for example ide2: local-lvm:cloudinit`,
    );
  const network = networkOf(vm);
  const userData = await userDataOf(site, vm);
  const further = Object.keys(vm.config)
    .filter((name) => /^ipconfig[1-9]\d*$/.test(name))
    .map((name) => `${name}: ${vm.config[name] ?? ""}`);
  const described = [JSON.stringify(network), ...further].join("\n");
  const hash = createHash("sha1").update(userData).update(described).digest("hex");
  return { instanceId: hash, userData, ...network };
}

function networkOf(vm: StoredVm): Omit<CloudInitDrive, "instanceId" | "userData"> {
  const address = staticAddress(vm, 0);
  if (address === undefined)
    throw failure(
      `VM ${vm.vmid} has no address: set ipconfig0 to ip=ADDRESS/PREFIX,gw=GATEWAY (there is no DHCP in the lab)`,
    );
  return {
    address,
    gateway: parseProperties(vm.config.ipconfig0 ?? "").get("gw"),
    nameservers: (vm.config.nameserver ?? "").split(/[\s,;]+/).filter((server) => server !== ""),
    searchDomain: vm.config.searchdomain,
  };
}

/** The static address of a card in CIDR form; undefined without one. @throws 500 when it is none. */
export function staticAddress(vm: StoredVm, card: number): string | undefined {
  const text = vm.config[`ipconfig${card}`];
  const address = text === undefined ? undefined : parseProperties(text).get("ip");
  if (address !== undefined && !/^\d+\.\d+\.\d+\.\d+\/\d+$/.test(address))
    throw failure(
      `VM ${vm.vmid}: ipconfig${card} has ip=${address}: the lab supports a static IPv4 address with a prefix only`,
    );
  return address;
}

/** The `#cloud-config` document. @throws 500 when the snippet is not on the VM's node. */
export async function userDataOf(site: Site, vm: StoredVm): Promise<string> {
  const custom = parseProperties(vm.config.cicustom ?? "");
  for (const part of custom.keys())
    if (part !== "user")
      throw failure(`VM ${vm.vmid}: cicustom has ${part}=: the lab supports user= only`);
  const snippet = custom.get("user");
  if (snippet === undefined) return generatedUserData(vm);
  if (site.files.find(vm.node, snippet)?.content !== "snippets")
    throw failure(`VM ${vm.vmid}: snippet '${snippet}' does not exist on node ${vm.node}`);
  return (await site.files.read(vm.node, snippet)).toString("utf8");
}

/** What Proxmox makes of name, searchdomain, ciuser and sshkeys when there is no snippet. */
export function generatedUserData(vm: StoredVm): string {
  const name = vm.config.name ?? `VM${vm.vmid}`;
  const [hostname] = name.split(".");
  const domain = vm.config.searchdomain?.split(/\s+/)[0];
  const user = vm.config.ciuser ?? "debian";
  const keys = decodeURIComponent(vm.config.sshkeys ?? "").split("\n");
  const document = {
    hostname,
    manage_etc_hosts: true,
    fqdn: domain === undefined ? name : `${hostname}.${domain}`,
    ...(user === "root" ? { disable_root: false } : {}),
    users: [{ name: user, ssh_authorized_keys: keys.filter((key) => key.trim() !== "") }],
  };
  return `#cloud-config\n${stringify(document)}`;
}
