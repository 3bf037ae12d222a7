import { createHash } from "node:crypto";

/** Names as the dashboard's token page shows them. */
export const accountPermissions = [
  "Cloudflare Tunnel",
  "Access: Apps and Policies",
  "Access: Service Tokens",
  "Access: Organizations, Identity Providers, and Groups",
  "Account API Tokens",
] as const;
export const zonePermissions = ["DNS", "Zone", "Zone Settings"] as const;
export const userPermissions = ["API Tokens"] as const;

export type PermissionName =
  | (typeof accountPermissions)[number]
  | (typeof zonePermissions)[number]
  | (typeof userPermissions)[number];

/** A permission at a level; `Edit` includes `Read`. */
export type Permission = `${PermissionName}:${"Read" | "Edit"}`;

/** A token as the API knows it: by its id, not by its value. */
export interface KnownToken {
  /** 32 hexadecimal digits. */
  readonly id: string;
  readonly permissions: readonly Permission[];
}

/** What the site's token needs and has, no more. */
export const sitePermissions: readonly Permission[] = [
  "Cloudflare Tunnel:Edit",
  "Access: Apps and Policies:Edit",
  "Access: Service Tokens:Edit",
  "DNS:Edit",
  "Zone:Read",
];

/** Whether the permissions allow to read or to edit. */
export function allows(
  held: readonly Permission[],
  name: PermissionName,
  level: "Read" | "Edit",
): boolean {
  return held.includes(`${name}:Edit`) || (level === "Read" && held.includes(`${name}:Read`));
}

/** A permission group of the API; what the dashboard calls Edit is called Write here. */
export interface PermissionGroup {
  /** 32 hexadecimal digits; the lab's own, made from the name. */
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly string[];
}

/** Every permission group that the lab knows. */
export function permissionGroups(): PermissionGroup[] {
  return [
    ...groupsOf(accountPermissions, "com.cloudflare.api.account"),
    ...groupsOf(zonePermissions, "com.cloudflare.api.account.zone"),
    ...groupsOf(userPermissions, "com.cloudflare.api.user"),
  ];
}

function groupsOf(names: readonly PermissionName[], scope: string): PermissionGroup[] {
  return names
    .flatMap((name) => [`${name} Read`, `${name} Write`])
    .map((name) => ({
      id: createHash("sha256").update(name).digest("hex").slice(0, 32),
      name,
      scopes: [scope],
    }));
}
