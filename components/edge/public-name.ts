import { isIn } from "../names/names.ts";
import type { Problem } from "../problem.ts";

/** Who may pass at a name. */
export interface Door {
  /** Names of Access policies; an identity that one of them allows passes. */
  readonly access: readonly string[];
  /** Says aloud that no Access stands in front, and why. */
  readonly withoutAccess?: string;
}

/** A name that the internet may ask for, and who may pass there. */
export interface PublicName extends Door {
  /** Public DNS name inside the zone. */
  readonly hostname: string;
}

/** The door alone of what has one. */
export const doorOf = ({ access, withoutAccess }: Door): Door => ({
  access,
  ...(withoutAccess === undefined ? {} : { withoutAccess }),
});

/** What names are judged by. */
export interface NameRules {
  /** DNS zone of the public names. */
  readonly zone: string;
  /** Access policies that there are. */
  readonly policies: readonly string[];
  /** Names that certificates of the zone cover besides the usual one; `*.` stands for one label. */
  readonly advancedCertificates?: readonly string[];
}

/**
 * What stands against names with Access where the team is not known: cloudflared could not tell whom Access has let in, and
 * a name whose application somebody deletes would be open.
 */
export function teamProblems(
  team: string | undefined,
  guarded: readonly Pick<PublicName, "hostname">[],
): readonly Problem[] {
  const [first] = guarded;
  if (team !== undefined || first === undefined) return [];
  const text = `${first.hostname} has Access in front, and cloudflared must know whose marks to trust; give the team's name, TEAM of TEAM.cloudflareaccess.com`;
  return [{ path: "team", text }];
}

/**
 * Whether visitors of a name get a certificate for it. The one that every zone has covers the zone and one label below it.
 * @see https://developers.cloudflare.com/ssl/edge-certificates/universal-ssl/limitations/#hostname-coverage
 */
export function isCertified(
  hostname: string,
  { zone, advancedCertificates = [] }: Pick<NameRules, "zone" | "advancedCertificates">,
): boolean {
  const covered = [zone, `*.${zone}`, ...advancedCertificates];
  const [, ...above] = hostname.split(".");
  return covered.includes(hostname) || covered.includes(`*.${above.join(".")}`);
}

/** What to say of a name for which visitors get no certificate. */
export const uncertified = (hostname: string, zone: string): string => {
  const better = `${hostname.slice(0, -zone.length - 1).replaceAll(".", "-")}.${zone}`;
  return `${hostname} has more than one label before ${zone}, and Cloudflare's free certificate covers one: browsers would refuse it; use ${better}, or order an advanced certificate (or Total TLS) and name it in homelab:edge.advancedCertificates`;
};

/**
 * Everything that stands against showing a name to the internet; paths begin at the name, such as `access[0]`. `taken` are
 * the names of other applications. The config is checked by it, and the edge once more; the policy pack has the last word,
 * on what is registered.
 */
export function nameProblems(
  { hostname, access, withoutAccess }: PublicName,
  rules: NameRules,
  taken: readonly string[] = [],
): readonly Problem[] {
  const { policies } = rules;
  return [
    ...place(hostname, rules, taken),
    ...(withoutAccess === undefined ? guarded(hostname, access) : open(access)),
    ...access.flatMap((policy, i) => known(`access[${i}]`, policy, access.slice(0, i), policies)),
  ];
}

function place(hostname: string, rules: NameRules, taken: readonly string[]): readonly Problem[] {
  const path = "hostname";
  const { zone } = rules;
  if (hostname.includes("*")) {
    const text = `${hostname} is a wildcard, which would publish names that nobody listed; name each host`;
    return [{ path, text }];
  }
  if (!isIn(zone, hostname)) {
    const better = `${hostname.split(".")[0] ?? "app"}.${zone}`;
    const text = `${hostname} is not in ${zone} of homelab:edge.zone; use a name such as ${better}`;
    return [{ path, text }];
  }
  if (!isCertified(hostname, rules)) return [{ path, text: uncertified(hostname, zone) }];
  if (!taken.includes(hostname)) return [];
  return [{ path, text: `${hostname} is published twice; give each application its own name` }];
}

function guarded(hostname: string, access: readonly string[]): readonly Problem[] {
  if (access.length > 0) return [];
  return [
    {
      path: "access",
      text: `everybody on the internet could reach ${hostname}; name policies of homelab:edge.access, or say why in withoutAccess`,
    },
  ];
}

function open(access: readonly string[]): readonly Problem[] {
  if (access.length === 0) return [];
  const text = "says that no Access stands in front, but `access` names policies; remove one";
  return [{ path: "withoutAccess", text }];
}

function known(
  path: string,
  policy: string,
  before: readonly string[],
  policies: readonly string[],
): readonly Problem[] {
  if (before.includes(policy)) {
    return [{ path, text: `${policy} is already in the list; remove the repetition` }];
  }
  if (policies.includes(policy)) return [];
  const text = `${policy} is not in homelab:edge.access; known are ${policies.join(", ") || "none"}`;
  return [{ path, text }];
}
