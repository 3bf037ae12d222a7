/** Whose is what already is at Cloudflare under a name that a site takes. */
import {
  siteOfAccessName,
  siteOfComment,
  tunnelName,
  tunnelTarget,
} from "../../../components/edge/names.ts";
import type { Problem } from "../../../components/problem.ts";
import type { Judged } from "../../config/problem.ts";
import type { Claim } from "./claims.ts";
import { places } from "./doctor/leftovers.ts";

/** An object of one of Cloudflare's lists. */
export type Listed = Readonly<Record<string, unknown>>;

/** What account and zone have. */
export interface AtCloudflare {
  readonly tunnels: readonly Listed[];
  /** Those of the names that are asked for. */
  readonly records: readonly Listed[];
  readonly applications: readonly Listed[];
  readonly policies: readonly Listed[];
  readonly serviceTokens: readonly Listed[];
}

/** An object that stands where the site's would. */
interface Standing {
  /** With its id, for people. */
  readonly what: string;
  /** The site whose mark it carries; undefined for one that carries none. */
  readonly owner: string | undefined;
}

/**
 * Problems of what is somebody else's, each with both owners. What carries the site's own mark may be its own, left by a
 * run that was killed: before an `up` the repair has removed such (scripts/repair/strays.ts), so that there only what a
 * preview meets is let pass. Policies and service tokens of one name may stand side by side, and are told.
 */
export function judgeTaken(
  site: string,
  claims: readonly Claim[],
  there: AtCloudflare,
  { preview }: { readonly preview: boolean },
): Pick<Judged<unknown>, "problems" | "notes"> {
  const lives = claims.some(({ kind }) => kind === "tunnel") && runsElsewhere(site, there);
  const problems: Problem[] = [];
  const notes: string[] = [];
  for (const claim of claims) {
    for (const standing of standingFor(claim, there)) {
      const told = (end: string): string => `${standing.what}, ${whose(site, standing)}; ${end}`;
      const { kind, path } = claim;
      const place = places[kind] ?? "delete it in the dashboard";
      const blocks = kind !== "Access policy" && kind !== "Access service token";
      const own = standing.owner === site;
      if (!own || lives || (blocks && !preview)) {
        const end = `site ${site} cannot have ${claim.name} as well: ${another(claim)}, or, if nobody needs that one, ${place}`;
        problems.push({ path, text: told(end) });
      } else {
        const end = blocks
          ? `npm run up removes what a killed run has left, and begins nothing while it is there; else ${place}`
          : `the site gets one of its own beside it; if nobody needs that one, ${place}`;
        notes.push(`${path}: ${told(end)}`);
      }
    }
  }
  return { problems, notes };
}

/** Whether somebody is connected to a tunnel of the site's name that the site does not know: another site of its name lives. */
function runsElsewhere(site: string, { tunnels }: AtCloudflare): boolean {
  return tunnels.some(
    ({ name, status }) =>
      name === tunnelName(site) && ["healthy", "degraded"].includes(text(status)),
  );
}

function whose(site: string, { owner }: Standing): string {
  if (owner === undefined) return "which no site has marked, so that somebody made it by hand";
  if (owner !== site) return `which is site ${owner}'s by its mark`;
  return `which carries this site's own name and is not in its state: another stack named ${site} has it, or a run of this one left it`;
}

/** What to change in the site file or the backend. */
function another({ kind }: Claim): string {
  if (kind === "DNS record" || kind === "Access application") return "choose another public name";
  return "give this stack another name";
}

function standingFor(claim: Claim, there: AtCloudflare): readonly Standing[] {
  switch (claim.kind) {
    case "tunnel":
      return there.tunnels
        .filter(({ name }) => name === claim.name)
        .map(({ id, name, status }) => ({
          what: `the account has a tunnel ${text(name)} already (${text(id)}, ${text(status) || "of unknown status"})`,
          owner: text(name),
        }));
    case "DNS record":
      return there.records
        .filter((record) => isBeside(claim, record))
        .map((record) => standingRecord(record, there));
    case "Access application":
      return there.applications
        .filter((application) => hostsOf(application).includes(claim.name.toLowerCase()))
        .map(({ id, name }) => ({
          what: `the Access application "${text(name)}" (${text(id)}) stands in front of ${claim.name} already`,
          owner: siteOfAccessName(text(name)),
        }));
    case "Access policy":
      return named(claim, there.policies);
    case "Access service token":
      return named(claim, there.serviceTokens);
  }
}

/** Access objects are told by their names, which begin with the site's. */
function named({ kind, name: wanted }: Claim, objects: readonly Listed[]): readonly Standing[] {
  return objects
    .filter(({ name }) => name === wanted)
    .map(({ id, name }) => ({
      what: `the account has an ${kind} "${text(name)}" already (${text(id)})`,
      owner: siteOfAccessName(text(name)),
    }));
}

/**
 * Whether a record excludes the one that is wanted, as Cloudflare judges: a CNAME stands alone among addresses, delegations
 * exclude all, and no record is there twice. An address of somebody else's beside the site's would get half of its visitors.
 * @see https://developers.cloudflare.com/dns/manage-dns-records/troubleshooting/records-with-same-name/
 */
function isBeside({ name, address }: Claim, record: Listed): boolean {
  const type = text(record["type"]);
  if (text(record["name"]).toLowerCase() !== name.toLowerCase()) return false;
  if (address === undefined) return ["A", "AAAA", "CNAME", "NS"].includes(type);
  return ["CNAME", "NS", address.includes(":") ? "AAAA" : "A"].includes(type);
}

function standingRecord(record: Listed, { tunnels }: AtCloudflare): Standing {
  const [name, type, content, comment] = ["name", "type", "content", "comment"].map((key) =>
    text(record[key]),
  ) as [string, string, string, string];
  const tunnel = tunnels.find(({ id }) => tunnelTarget(text(id)) === content);
  const leads = tunnel === undefined ? content : `${content}, the tunnel ${text(tunnel["name"])}`;
  return {
    what: `${name} has a record ${type} already, which leads to ${leads}`,
    owner: siteOfComment(comment),
  };
}

/** Names that an application stands in front of as a whole; one for a path of a name leaves room for the name's own. */
function hostsOf({ domain, self_hosted_domains: hosted, destinations }: Listed): readonly string[] {
  const uris = listed(destinations).map((one) => (one as { readonly uri?: unknown } | null)?.uri);
  return [domain, ...listed(hosted), ...uris].map((one) =>
    text(one)
      .toLowerCase()
      .replace(/\/+\*?$/, ""),
  );
}

const listed = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const text = (value: unknown): string => (typeof value === "string" ? value : "");
