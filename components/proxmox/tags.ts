/** Tag on every machine that this program made. */
export const programTag = "homelab";

/** Tag on every machine of one site. */
export function siteTag(site: string): string {
  return `homelab-${site}`;
}

const generationPattern = /^gen-[0-9a-f]{8}$/;

/** A machine's tags as Proxmox answers them: lower case, sorted, each once. */
export function machineTags(
  site: string,
  generation: string,
  further: readonly string[],
): readonly string[] {
  const tags = [programTag, siteTag(site), generation, ...further].map((tag) => tag.toLowerCase());
  return [...new Set(tags)].sort();
}

/**
 * The generation among a machine's tags, as `gen-1a2b3c4d`, or undefined. Every machine gets a new one when it is
 * built; what was installed on the old one is installed again because the generation differs.
 */
export function generationOf(tags: readonly string[]): string | undefined {
  return tags.find((tag) => generationPattern.test(tag));
}
