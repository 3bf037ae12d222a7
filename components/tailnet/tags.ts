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

/** All tags of a site. */
export function allTags(site: string): readonly string[] {
  return Object.values(siteTags(site)) as string[];
}
