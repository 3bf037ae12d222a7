import { z } from "zod";
import type { SecretUse } from "../components/security/secrets.ts";
import { applications, appsConfig } from "./apps/index.ts";
import { secretUses } from "./config/secret-ref.ts";
import { cluster } from "./parts/cluster/schema.ts";
import { edge } from "./parts/edge/schema.ts";
import { allowRemove, allowReplace, machines } from "./parts/machines/schema.ts";
import { network } from "./parts/network/schema.ts";
import { proxmox } from "./parts/proxmox/schema.ts";
import { onePassword } from "./parts/secrets/schema.ts";
import { site } from "./parts/site/schema.ts";
import { tailnet } from "./parts/tailnet/schema.ts";

/** The whole config of a stack, key by key as in `Pulumi.STACK.yaml` without the `homelab:` prefix. */
export const siteConfig = z.strictObject({
  site,
  proxmox,
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

/** Config of one site, defaults filled in. */
export type SiteConfig = z.infer<typeof siteConfig>;

/** Every secret that a site's config refers to, with the path that does, in the config's order. */
export function siteSecrets(config: SiteConfig): readonly SecretUse[] {
  return secretUses(siteConfig, config);
}
