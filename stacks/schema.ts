import { z } from "zod";
import type { SecretUse } from "../components/security/secrets.ts";
import { applications, appsConfig } from "./apps/index.ts";
import { secretUses } from "./config/secret-ref.ts";
import type { deriveSite } from "./derive.ts";
import { cluster } from "./parts/cluster/schema.ts";
import { edge } from "./parts/edge/schema.ts";
import { allowRemove, allowReplace, machineDefaults, machines } from "./parts/machines/schema.ts";
import { network } from "./parts/network/schema.ts";
import { people } from "./parts/people/schema.ts";
import { proxmox } from "./parts/proxmox/schema.ts";
import { onePassword } from "./parts/secrets/schema.ts";
import { site } from "./parts/site/schema.ts";
import { tailnet } from "./parts/tailnet/schema.ts";
import { versions } from "./parts/versions/schema.ts";

/** What may be written in `Pulumi.STACK.yaml`, key by key without the `homelab:` prefix. */
export const siteSchema = z.strictObject({
  site,
  versions,
  people,
  proxmox,
  machineDefaults,
  machines,
  cluster,
  network,
  onePassword: onePassword.optional(),
  tailnet: tailnet.optional(),
  edge: edge.optional(),
  apps: appsConfig(applications).default({}),
  allowReplace,
  allowRemove,
});

/** A site as its file says, defaults filled in. */
export type WrittenSite = z.infer<typeof siteSchema>;

/** Config of one site, everything filled in that may be left out. */
export type SiteConfig = ReturnType<typeof deriveSite>;

/** Every secret that a site's config refers to, with the path that does, in the config's order. */
export function siteSecrets(config: SiteConfig): readonly SecretUse[] {
  return secretUses(siteSchema, config);
}
