/** Tag on every machine that this program made. */
export const programTag = "homelab";

/** Tag on every machine of one site. */
export function siteTag(site: string): string {
  return `homelab-${site}`;
}

/** The sites whose machine it is by its tags; one, unless somebody edited them. */
export function sitesOf(tags: readonly string[]): readonly string[] {
  const head = siteTag("");
  return tags.filter((tag) => tag.startsWith(head)).map((tag) => tag.slice(head.length));
}

/** Whether a machine carries the marks of this program and site. */
export function isOwn(site: string, { tags }: { readonly tags: readonly string[] }): boolean {
  return tags.includes(programTag) && tags.includes(siteTag(site));
}

const generationPattern = /^gen-[0-9a-f]{8}$/;

/** Whether a tag is one of those by which the program knows its machines. */
export function isMark(tag: string): boolean {
  return tag === programTag || tag.startsWith(siteTag("")) || generationPattern.test(tag);
}

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
 * The generations among a machine's tags, as `gen-1a2b3c4d`; one, unless somebody edited the tags. Every machine gets a
 * new one when it is built; what was installed on the old one is installed again because the generation differs.
 */
export function generationsOf(tags: readonly string[]): readonly string[] {
  return tags.filter((tag) => generationPattern.test(tag));
}
