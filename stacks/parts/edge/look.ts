/** What Cloudflare has, before anything is made there. */
import { runtime } from "@pulumi/pulumi";
import {
  accountAt,
  list,
  type CloudflareAccount,
} from "../../../components/edge/cloudflare-api.ts";
import type { EdgeKind, EdgeObject } from "../../../components/edge/known.ts";
import type { Judged } from "../../config/problem.ts";
import type { Site } from "../../open-site.ts";
import { edgeClaims, type Claim } from "./claims.ts";
import { judgeTaken, type AtCloudflare, type Listed } from "./taken.ts";

/** Everything of a list of Cloudflare's API, by its path below /client/v4. */
export type ListCloudflare = (
  account: CloudflareAccount,
  path: string,
) => Promise<readonly Listed[]>;

/**
 * Looks whether what this run makes first at Cloudflare is there already. What the state has is the site's own, and not
 * asked about: a site that stands asks nothing. Where Cloudflare cannot be asked, a preview says so and an `up` is refused.
 */
export async function judgeEdge(
  site: Site,
  known: readonly EdgeObject[],
  ask: ListCloudflare = list,
  preview = runtime.isDryRun(),
): Promise<Pick<Judged<unknown>, "problems" | "notes">> {
  const { edge } = site.config;
  const first = edgeClaims(site).filter((claim) => !known.some((one) => isSame(one, claim)));
  if (edge === undefined || first.length === 0) return { problems: [], notes: [] };
  const account = accountAt(edge, site.secrets.reveal(edge.apiToken));
  const { there, unseen } = await look(first, (path) => ask(account, path), account);
  const { problems, notes } = judgeTaken(site.name, first, there, { preview });
  const [failure] = unseen;
  if (failure === undefined) return { problems, notes };
  const text =
    `Cloudflare cannot be asked for ${unseen.map(({ what }) => what).join(", ")} that others may have: ${failure.reason}; ` +
    "docs/cloudflare.md lists what the token must be allowed";
  return preview
    ? { problems, notes: [...notes, `homelab:edge.apiToken: ${text}`] }
    : { problems: [...problems, { path: "homelab:edge.apiToken", text }], notes };
}

function isSame(one: EdgeObject, other: EdgeObject): boolean {
  return (
    one.kind === other.kind &&
    one.within === other.within &&
    one.name.toLowerCase() === other.name.toLowerCase()
  );
}

interface Unseen {
  readonly what: string;
  readonly reason: string;
}

/**
 * What is there of the kinds that are claimed. Records are asked for by their names: a zone may have thousands.
 * @see https://developers.cloudflare.com/api/resources/dns/subresources/records/methods/list/
 */
async function look(
  claims: readonly Claim[],
  ask: (path: string) => Promise<readonly Listed[]>,
  { accountId, zoneId }: Pick<CloudflareAccount, "accountId" | "zoneId">,
): Promise<{ readonly there: AtCloudflare; readonly unseen: readonly Unseen[] }> {
  const unseen: Unseen[] = [];
  const named = (kind: EdgeKind): string[] =>
    claims.filter((claim) => claim.kind === kind).map(({ name }) => name);
  const seen = async (what: string, ...paths: readonly string[]): Promise<readonly Listed[]> => {
    try {
      return (await Promise.all(paths.map(ask))).flat();
    } catch (error) {
      unseen.push({ what, reason: (error as Error).message });
      return [];
    }
  };
  const hosts = named("DNS record");
  const access = (kind: EdgeKind, what: string, path: string): Promise<readonly Listed[]> =>
    named(kind).length === 0
      ? Promise.resolve([])
      : seen(what, `accounts/${accountId}/access/${path}`);
  const [tunnels, records, applications, policies, serviceTokens] = await Promise.all([
    // Of a record it tells whose tunnel it leads to.
    seen("tunnels", `accounts/${accountId}/cfd_tunnel?is_deleted=false`),
    seen(
      "DNS records",
      ...hosts.map((host) => `zones/${zoneId}/dns_records?name.exact=${encodeURIComponent(host)}`),
    ),
    access("Access application", "Access applications", "apps"),
    access("Access policy", "Access policies", "policies"),
    access("Access service token", "service tokens", "service_tokens"),
  ]);
  return { there: { tunnels, records, applications, policies, serviceTokens }, unseen };
}
