/** A site whose config is sound, as commands take it that work on one which runs. */
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import type { ProxmoxAccess } from "../components/proxmox/proxmox-api.ts";
import { tokenFrom } from "../stacks/parts/proxmox/provider.ts";
import { knownSecrets } from "../stacks/parts/secrets/doctor.ts";
import { readSite, type Site } from "./doctor/site.ts";

/** Reads a stack. Throws with everything that is wrong in its config. */
export async function soundSite(stack: Stack, name: string): Promise<Site> {
  const site = await readSite(stack, name);
  if ("config" in site) return site;
  throw new Error(site.map(({ subject, text }) => `${subject}: ${text}`).join("\n"));
}

/** How the site's Proxmox is asked. Throws when there is no token. */
export async function proxmoxOf(site: Site): Promise<ProxmoxAccess> {
  const { endpoint, apiToken } = site.config.proxmox;
  const { known } = await knownSecrets(site);
  const token = tokenFrom(apiToken, () => known.get("homelab:proxmox.apiToken"));
  if (token === undefined)
    throw new Error(
      "the Proxmox token is not known: set PROXMOX_VE_API_TOKEN, or homelab:proxmox.apiToken to where it is kept",
    );
  return { endpoint, token };
}
