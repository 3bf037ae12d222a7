/**
 * Names of a site's objects at Cloudflare. Nothing there is looked up by name by the provider; the names tell people, the
 * check after a destroy and the policy pack what an object is and which site it belongs to.
 */

/** A site's tunnel. */
export const tunnelName = (site: string): string => site;

/** What an Access policy, application or service token of a site is called: `home: typeo`. */
export const accessName = (site: string, name: string): string => `${site}: ${name}`;

/** What the policy for a policy's programs is called. */
export const programsOf = (policy: string): string => `${policy}, programs`;

/** The site whose an Access object seems to be by its name; undefined for a name of another form. */
export const siteOfAccessName = (name: string): string | undefined =>
  /^([a-z0-9-]+): ./.exec(name)?.[1];

/** How the comment of a record without Access begins; the reason follows. The policy pack looks for it. */
export const withoutAccessMark = "public without Access: ";

/** Longest comment that a zone on the free plan takes: https://developers.cloudflare.com/dns/manage-dns-records/reference/record-attributes/ */
const longestComment = 100;

/** Comment of a DNS record: the site and the application, or aloud that and why no Access stands in front. */
export function recordComment(site: string, application: string, withoutAccess?: string): string {
  if (withoutAccess === undefined) return `site ${site}: ${application}`;
  const end = ` (site ${site})`;
  const room = longestComment - withoutAccessMark.length - end.length;
  const reason =
    withoutAccess.length <= room
      ? withoutAccess
      : `${withoutAccess.slice(0, room - 3).trimEnd()}...`;
  return `${withoutAccessMark}${reason}${end}`;
}

/** The site that a record's comment names; undefined for a comment of another form. */
export function siteOfComment(comment: string): string | undefined {
  const found = /^site ([a-z0-9-]+):|\(site ([a-z0-9-]+)\)$/.exec(comment);
  return found?.[1] ?? found?.[2];
}

/** Where the records of a tunnel point. */
export const tunnelTarget = (tunnel: string): string => `${tunnel}.cfargotunnel.com`;

/** Whether a record's content points at a tunnel, anybody's. */
export const isTunnelTarget = (content: string): boolean =>
  /\.cfargotunnel\.com\.?$/i.test(content);
