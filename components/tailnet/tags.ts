/** The tags of one site's devices (https://tailscale.com/kb/1068/tags). */
export interface SiteTags {
  /** Its machines. */
  readonly node: string;
  /** The Kubernetes operator's own device. */
  readonly operator: string;
  /** Devices that the operator makes: the Connector. */
  readonly connector: string;
}

/** Tags by the site's name, for example `tag:home-node`. */
export function siteTags(site: string): SiteTags {
  return {
    node: `tag:${site}-node`,
    operator: `tag:${site}-operator`,
    connector: `tag:${site}-connector`,
  };
}

/**
 * Tag of a site's stack: of no device, but of an OAuth client that may make devices with the site's other tags and no more.
 * A client may ask for exactly its own tags or for such as they own, not for one of two
 * (https://tailscale.com/kb/1215/oauth-clients).
 */
export function stackTag(site: string): string {
  return `tag:${site}-stack`;
}

/** All tags that the policy has for a site. */
export function policyTags(site: string): readonly string[] {
  return [...allTags(site), stackTag(site)];
}

/** All tags that a site's devices may have. */
export function allTags(site: string): readonly string[] {
  return Object.values(siteTags(site)) as string[];
}
