/** Whether the site's names on a Proxmox cluster are free: another stack may use the same cluster. */
import type { Problem } from "../problem.ts";
import type { WantedMachine } from "./conflicts.ts";
import type { ExistingMachine, Inventory, NamedObject } from "./inventory.ts";
import type { Known } from "./known-machines.ts";
import { programTag, sitesOf } from "./tags.ts";
import type { SitePlan } from "./types.ts";
import { snippetName } from "./vm-args.ts";

/** What is compared. */
export interface SharedArgs {
  readonly site: Pick<SitePlan, "name" | "pool" | "pciMappings" | "usbMappings">;
  readonly wanted: readonly WantedMachine[];
  readonly found: Pick<Inventory, "machines" | "hosts" | "pools" | "pciMappings" | "usbMappings">;
  readonly known: Known;
}

/**
 * What the site would take from somebody else: a pool or a device's mapping that is there and that this stack did not make, and
 * a cloud-init file of another site's machine. Also every machine whose host is no node of the cluster, or not any more.
 */
export function taken(args: SharedArgs): readonly Problem[] {
  return [
    ...takenPool(args),
    ...takenMappings(args, "pci"),
    ...takenMappings(args, "usb"),
    ...takenSnippets(args),
    ...strangers(args),
    ...remains(args),
  ];
}

function takenPool({ site: { pool }, found, known }: SharedArgs): readonly Problem[] {
  const object = { path: "homelab:proxmox.pool", name: pool, what: "pool", at: "/pools" };
  return [...takenObject(object, found.pools, known.pools), ...parentless(pool, found.pools)];
}

/** Proxmox makes no pool in one that is not there (pve-manager, API2/Pool.pm); one that is made needs to see none. */
function parentless(pool: string, there: readonly NamedObject[]): readonly Problem[] {
  const parent = pool.slice(0, Math.max(pool.lastIndexOf("/"), 0));
  if (parent === "" || there.some(({ name }) => name === parent || name === pool)) return [];
  const text =
    `the pool ${parent}, which ${pool} is to be in, is not there, or the token does not see it: ` +
    `pvesh create /pools --poolid ${parent}`;
  return [{ path: "homelab:proxmox.pool", text }];
}

function takenMappings(
  { site, found, known }: SharedArgs,
  kind: "pci" | "usb",
): readonly Problem[] {
  const list = `${kind}Mappings` as const;
  const [what, at] = [`${kind.toUpperCase()} mapping`, `/cluster/mapping/${kind}`];
  return site[list].flatMap(({ name }, i) => {
    const path = `homelab:proxmox.${list}[${i}].name`;
    return takenObject({ path, name, what, at }, found[list], known[list]);
  });
}

/** An object of the whole cluster, as the config names it. */
interface Named {
  readonly path: string;
  readonly name: string;
  readonly what: string;
  /** Where Proxmox's API has it. */
  readonly at: string;
}

function takenObject(
  { path, name, what, at }: Named,
  there: readonly NamedObject[],
  known: readonly string[],
): readonly Problem[] {
  const found = there.find((object) => object.name === name);
  if (found === undefined || known.includes(name)) return [];
  const said = found.comment === "" ? "" : ` ("${found.comment}")`;
  const text =
    `the ${what} ${name} is there already${said}, and this stack did not make it; choose another name, or, ` +
    `if nothing needs it, remove it: pvesh delete ${at}/${name}`;
  return [{ path, text }];
}

/** Names of the files join site and machine: `home` with `a-node` and `home-a` with `node` would share one. */
function takenSnippets({ site, wanted, found }: SharedArgs): readonly Problem[] {
  const files = new Map(
    found.machines.flatMap((machine) =>
      otherSites(site.name, machine).map((other) => [snippetName(other, machine.name), machine]),
    ),
  );
  return wanted.flatMap(({ name }, i) => {
    const file = snippetName(site.name, name);
    const other = files.get(file);
    if (other === undefined) return [];
    const text = `its cloud-init file ${file} is that of ${other.name} (${other.vmId}) of another site; choose another name`;
    return [{ path: `homelab:machines[${i}] (${name})`, text }];
  });
}

function otherSites(site: string, { name, tags }: ExistingMachine): readonly string[] {
  if (name === "" || !tags.includes(programTag)) return [];
  return sitesOf(tags).filter((other) => other !== site);
}

function strangers({ wanted, found }: SharedArgs): readonly Problem[] {
  return wanted.flatMap(({ name, host }, i) => {
    if (found.hosts.includes(host)) return [];
    const text =
      `${host} is no node of this Proxmox cluster (it has ${[...found.hosts].sort().join(", ")}); correct the name, or, if ` +
      "the host is gone for good, take the machine out as docs/proxmox.md says under `A host that is lost for good`";
    return [{ path: `homelab:machines[${i}].host (${name})`, text }];
  });
}

/** What is listed on hosts that are no members any more, because their folders are left: nothing of it runs. */
export function ghosts({
  machines,
  hosts,
}: Pick<Inventory, "machines" | "hosts">): readonly ExistingMachine[] {
  return machines.filter(({ host }) => !hosts.includes(host));
}

/**
 * What is left of hosts that were removed from the cluster: machines that the state still has there, which nobody can
 * delete, and VM ids that stay taken as long as the host's folder is there.
 */
function remains({ site, wanted, found, known }: SharedArgs): readonly Problem[] {
  const left = ghosts(found);
  const alive = found.machines.filter((machine) => !left.includes(machine));
  const lost = known.machines
    .filter(({ host }) => !found.hosts.includes(host))
    .filter(({ vmId }) => !alive.some((machine) => machine.vmId === vmId));
  return [
    ...lost.map(({ name, host }) => ({
      path: `homelab:machines (${name})`,
      text:
        `it was on ${host}, which is no node of this Proxmox cluster any more, so that nothing can be deleted there; ` +
        `npm run forget-host -- --stack ${site.name} --host ${host}`,
    })),
    ...left
      .filter(({ vmId }) => !lost.some((machine) => machine.vmId === vmId))
      .flatMap(({ vmId, host }) => {
        const index = wanted.findIndex((machine) => machine.vmId === vmId);
        if (index < 0) return [];
        const text =
          `VM id ${vmId} is still listed on ${host}, which is no node of this Proxmox cluster any more; on another host, ` +
          `rm -r /etc/pve/nodes/${host}`;
        return [{ path: `homelab:machines[${index}] (${wanted[index]?.name ?? ""})`, text }];
      }),
  ];
}
