import { timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ApiError } from "./api-error.ts";
import type { Call, Route } from "./route.ts";

/** What the lab's token may do: the privileges that the documented role holds, on every path. */
const documented = [
  ...["Datastore.Allocate", "Datastore.AllocateSpace", "Datastore.AllocateTemplate"],
  ...["Datastore.Audit", "Mapping.Audit", "Mapping.Modify", "Mapping.Use", "Pool.Allocate"],
  ...["Pool.Audit", "SDN.Audit", "SDN.Use", "Sys.AccessNetwork", "Sys.Audit"],
  ...["Sys.Modify", "VM.Allocate", "VM.Audit", "VM.Clone", "VM.Config.CDROM"],
  ...["VM.Config.CPU", "VM.Config.Cloudinit", "VM.Config.Disk", "VM.Config.HWType"],
  ...["VM.Config.Memory", "VM.Config.Network", "VM.Config.Options", "VM.Console"],
  ...["VM.GuestAgent.Audit", "VM.Migrate", "VM.PowerMgmt"],
];

/** The role PVEAuditor: of each family what only looks (pve-access-control, src/PVE/AccessControl.pm). */
const auditor = documented.filter((privilege) => privilege.endsWith(".Audit"));

/** Who calls. */
export interface Caller {
  /** `user@realm!name`. */
  readonly user: string;
  readonly privileges: readonly string[];
}

/** The tokens of a cluster. */
export class Tokens {
  readonly #own: readonly [id: string, secret: string];
  readonly #hosts: readonly string[];

  /** `own` is the lab's, `user@realm!name=secret`; people make others with pveum on one of the hosts, in these folders. */
  constructor(own: string, hosts: readonly string[]) {
    const [id = "", secret = ""] = own.split("=");
    this.#own = [id, secret];
    this.#hosts = hosts;
  }

  /** Who sends a header Authorization. @throws 401 with Proxmox's text when it is missing or no token of the cluster. */
  caller(header: string | undefined): Caller {
    if (header === undefined) throw new ApiError(401, "No ticket");
    const token = /^PVEAPIToken=(.+)$/.exec(header)?.[1];
    const [id = "", secret = ""] = token?.split("=") ?? [];
    if (token === undefined || secret === "")
      throw new ApiError(401, "permission denied - invalid API token");
    const wanted = this.#secret(id);
    if (wanted === undefined) {
      const [user = "", name = ""] = id.split("!");
      throw new ApiError(401, `no such token '${name}' for user '${user}'`);
    }
    const [given, kept] = [Buffer.from(secret), Buffer.from(wanted)];
    if (given.length !== kept.length || !timingSafeEqual(given, kept))
      throw new ApiError(401, "invalid token value!");
    return { user: id, privileges: this.#privileges(id) };
  }

  #secret(id: string): string | undefined {
    if (id === this.#own[0]) return this.#own[1];
    const line = this.#lines("priv/token.cfg").find((one) => one.startsWith(`${id} `));
    return line?.slice(id.length + 1);
  }

  /** A token with privileges of its own has none until it is given a role. */
  #privileges(id: string): readonly string[] {
    if (id === this.#own[0]) return documented;
    return this.#lines("user.cfg").includes(`acl:1:/:${id}:PVEAuditor:`) ? auditor : [];
  }

  #lines(name: string): readonly string[] {
    return this.#hosts.flatMap((host) => {
      try {
        return readFileSync(join(host, "etc/pve", name), "utf8").split("\n");
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
        throw error;
      }
    });
  }
}

/** What everybody may ask who has a token. */
const open = ["version", "access/permissions"];

/**
 * What is read, and wants more than to look: pve-storage, src/PVE/API2/Storage/Config.pm (the list of storages is anybody's);
 * pve-manager, PVE/API2/Nodes.pm.
 */
const beyondLooking: Readonly<Record<string, readonly [on: string, privilege: string]>> = {
  "storage/:storage": ["/storage/:storage", "Datastore.Allocate"],
  "nodes/:node/query-url-metadata": ["/nodes/:node", "Sys.AccessNetwork"],
};

/**
 * Who only audits, looks; who may do nothing, not even that. Which privilege a change wants by its path is Proxmox's to say:
 * here it wants all of them. @throws 403.
 * @param parts of the path that was asked, decoded
 */
export function permit(
  { method, path }: Pick<Route, "method" | "path">,
  parts: Call["parts"],
  { privileges }: Caller,
): void {
  if (open.includes(path) || privileges.length === documented.length) return;
  const beyond = method === "GET" ? beyondLooking[path] : undefined;
  if (method === "GET" && beyond === undefined && privileges.length > 0) return;
  const [on, privilege] = beyond ?? ["/", method === "GET" ? "Sys.Audit" : "VM.Allocate"];
  const named = on.replaceAll(/:(\w+)/g, (_, part: string) => parts[part] ?? "");
  throw new ApiError(403, `Permission check failed (${named}, ${privilege})`);
}
