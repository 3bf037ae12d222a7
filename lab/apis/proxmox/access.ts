import { timingSafeEqual } from "node:crypto";
import { ApiError } from "./api-error.ts";
import type { Route } from "./route.ts";
import type { Site } from "./site.ts";

/** What the lab's token may do: the privileges that the documented role holds, on every path. */
const privileges = [
  ...["Datastore.Allocate", "Datastore.AllocateSpace", "Datastore.AllocateTemplate"],
  ...["Datastore.Audit", "Mapping.Audit", "Mapping.Modify", "Mapping.Use", "Pool.Allocate"],
  ...["Pool.Audit", "SDN.Audit", "SDN.Use", "Sys.AccessNetwork", "Sys.Audit", "Sys.Console"],
  ...["Sys.Modify", "VM.Allocate", "VM.Audit", "VM.Clone", "VM.Config.CDROM"],
  ...["VM.Config.CPU", "VM.Config.Cloudinit", "VM.Config.Disk", "VM.Config.HWType"],
  ...["VM.Config.Memory", "VM.Config.Network", "VM.Config.Options", "VM.Console"],
  ...["VM.GuestAgent.Audit", "VM.Migrate", "VM.PowerMgmt"],
];

/**
 * The id of the token in an Authorization header, `user@realm!name`.
 * @throws 401 with Proxmox's text when it is missing or not the token of the lab.
 */
export function authenticate(header: string | undefined, apiToken: string): string {
  if (header === undefined) throw new ApiError(401, "No ticket");
  const token = /^PVEAPIToken=(.+)$/.exec(header)?.[1];
  const [id = "", secret = ""] = token?.split("=") ?? [];
  const [wantedId = "", wantedSecret = ""] = apiToken.split("=");
  if (token === undefined || secret === "")
    throw new ApiError(401, "permission denied - invalid API token");
  if (id !== wantedId) {
    const [user = "", name = ""] = id.split("!");
    throw new ApiError(401, `no such token '${name}' for user '${user}'`);
  }
  const [given, wanted] = [Buffer.from(secret), Buffer.from(wantedSecret)];
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted))
    throw new ApiError(401, "invalid token value!");
  return id;
}

/** What a caller may ask about itself. VM.Audit may be narrower than the rest. */
export function accessRoutes({ conditions }: Pick<Site, "conditions">): Route[] {
  return [
    {
      method: "GET",
      path: "access/permissions",
      parameters: ["path", "userid"],
      handle: (call) => {
        const path = call.parameters.text("path") ?? "/";
        const whole = conditions.vmAudit.includes("/");
        const here = privileges.filter((privilege) => whole || privilege !== "VM.Audit");
        const narrow = conditions.vmAudit.filter((audited) => audited !== "/");
        return {
          [path]: Object.fromEntries(here.map((privilege) => [privilege, 1])),
          ...Object.fromEntries(narrow.map((audited) => [audited, { "VM.Audit": 1 }])),
        };
      },
    },
  ];
}
