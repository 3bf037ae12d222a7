/** Whether the Proxmox token may do what docs/proxmox.md lists. */
import type { SiteConfig } from "../../../schema.ts";
import { ok, problem, type Finding } from "../../../doctor/finding.ts";
import { ProxmoxRefusal, type ProxmoxApi } from "./api.ts";

/** Privileges by path, as GET access/permissions answers; 1 is inherited by what is below. */
export type Rights = Readonly<Record<string, Readonly<Record<string, number>>>>;

const subject = "Proxmox token";

/** What the site needs: where, and which privileges. */
function needed({ proxmox, machines }: Pick<SiteConfig, "proxmox" | "machines">) {
  const { pool, hosts, pciMappings, usbMappings } = proxmox;
  const words = (text: string): readonly string[] => text.split(" ");
  return [
    {
      path: `/pool/${pool}`,
      privileges: words(
        "VM.Allocate VM.Config.CDROM VM.Config.CPU VM.Config.Cloudinit VM.Config.Disk VM.Config.HWType " +
          "VM.Config.Memory VM.Config.Network VM.Config.Options VM.PowerMgmt Pool.Allocate Pool.Audit",
      ),
    },
    { path: "/vms", privileges: ["VM.Audit"] },
    ...storesOf(machines).map((store) => ({
      path: `/storage/${store}`,
      privileges: words(
        "Datastore.Allocate Datastore.AllocateSpace Datastore.AllocateTemplate Datastore.Audit",
      ),
    })),
    { path: "/sdn/zones", privileges: ["SDN.Use"] },
    ...hosts.map(({ name }) => ({
      path: `/nodes/${name}`,
      privileges: ["Sys.Audit", "Sys.AccessNetwork"],
    })),
    ...[
      { path: "/mapping/pci", mappings: pciMappings },
      { path: "/mapping/usb", mappings: usbMappings },
    ]
      .filter(({ mappings }) => mappings.length > 0)
      .map(({ path }) => ({
        path,
        privileges: ["Mapping.Use", "Mapping.Modify", "Mapping.Audit"],
      })),
    ...(machines.some(({ ha }) => ha !== undefined)
      ? [{ path: "/", privileges: ["Sys.Console"] }]
      : []),
  ];
}

/** Every datastore that a machine uses. */
function storesOf(machines: SiteConfig["machines"]): readonly string[] {
  return [
    ...new Set(
      machines.flatMap(({ datastores, extraDisks }) => [
        ...Object.values(datastores),
        ...extraDisks.map(({ datastore }) => datastore),
      ]),
    ),
  ];
}

/** A path and all above it: `/a/b`, `/a`, `/`. */
function upwards(path: string): string[] {
  const parts = path.split("/").filter((part) => part !== "");
  return ["/", ...parts.map((_, index) => `/${parts.slice(0, index + 1).join("/")}`)];
}

/** Names every privilege that is missing, with the path. Sys.Modify stands for Sys.AccessNetwork too. */
export function judgeRights(
  config: Pick<SiteConfig, "proxmox" | "machines">,
  rights: Rights,
): readonly Finding[] {
  const has = (path: string, privilege: string): boolean =>
    upwards(path).some((above) => rights[above]?.[privilege] !== undefined);
  const missing = needed(config).flatMap(({ path, privileges }) =>
    privileges
      .filter((privilege) => !has(path, privilege))
      .filter((privilege) => privilege !== "Sys.AccessNetwork" || !has(path, "Sys.Modify"))
      .map((privilege) => `${privilege} on ${path}`),
  );
  if (missing.length === 0) return [ok(subject, "has every privilege that the site needs")];
  return [
    problem(
      subject,
      `lacks ${missing.join(", ")}`,
      "run the commands of docs/proxmox.md again; with --privsep 1 the token needs the role itself",
    ),
  ];
}

/** Asks the API what its token may do. */
export async function checkRights(
  config: Pick<SiteConfig, "proxmox" | "machines">,
  api: ProxmoxApi,
): Promise<readonly Finding[]> {
  try {
    return judgeRights(config, await api<Rights>("access/permissions"));
  } catch (error) {
    if (!(error instanceof ProxmoxRefusal) || error.status !== 401) throw error;
    return [
      problem(
        subject,
        `is not accepted: ${error.message}`,
        "make a token as docs/proxmox.md says, and put it where homelab:proxmox.apiToken points (or PROXMOX_VE_API_TOKEN)",
      ),
    ];
  }
}
