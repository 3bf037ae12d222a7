/** A name that the internet may ask for, and who may pass there. */
export interface PublicName {
  /** Public DNS name inside the zone. */
  readonly hostname: string;
  /** Names of Access policies; an identity that one of them allows passes. */
  readonly access: readonly string[];
  /** Says aloud that no Access stands in front, and why. */
  readonly withoutAccess?: string;
}

/** What names are judged by. */
export interface NameRules {
  /** DNS zone of the public names. */
  readonly zone: string;
  /** Access policies that there are. */
  readonly policies: readonly string[];
}

/** What is wrong with a name and what would be right; `field` is where, such as `access[0]`. */
export interface NameProblem {
  readonly field: string;
  readonly text: string;
}

/**
 * Everything that stands against showing a name to the internet. `taken` are the names of other applications. The config is
 * checked by it, and the edge once more; the policy pack has the last word, on what is registered.
 */
export function nameProblems(
  { hostname, access, withoutAccess }: PublicName,
  { zone, policies }: NameRules,
  taken: readonly string[] = [],
): readonly NameProblem[] {
  return [
    ...place(hostname, zone, taken),
    ...(withoutAccess === undefined ? guarded(hostname, access) : open(access)),
    ...access.flatMap((policy, i) => known(`access[${i}]`, policy, access.slice(0, i), policies)),
  ];
}

function place(hostname: string, zone: string, taken: readonly string[]): readonly NameProblem[] {
  const field = "hostname";
  if (hostname.includes("*")) {
    const text = `${hostname} is a wildcard, which would publish names that nobody listed; name each host`;
    return [{ field, text }];
  }
  if (hostname !== zone && !hostname.endsWith(`.${zone}`)) {
    const better = `${hostname.split(".")[0] ?? "app"}.${zone}`;
    const text = `${hostname} is not in ${zone} of homelab:edge.zone; use a name such as ${better}`;
    return [{ field, text }];
  }
  if (!taken.includes(hostname)) return [];
  return [{ field, text: `${hostname} is published twice; give each application its own name` }];
}

function guarded(hostname: string, access: readonly string[]): readonly NameProblem[] {
  if (access.length > 0) return [];
  return [
    {
      field: "access",
      text: `everybody on the internet could reach ${hostname}; name policies of homelab:edge.access, or say why in withoutAccess`,
    },
  ];
}

function open(access: readonly string[]): readonly NameProblem[] {
  if (access.length === 0) return [];
  const text = "says that no Access stands in front, but `access` names policies; remove one";
  return [{ field: "withoutAccess", text }];
}

function known(
  field: string,
  policy: string,
  before: readonly string[],
  policies: readonly string[],
): readonly NameProblem[] {
  if (before.includes(policy)) {
    return [{ field, text: `${policy} is already in the list; remove the repetition` }];
  }
  if (policies.includes(policy)) return [];
  const text = `${policy} is not in homelab:edge.access; known are ${policies.join(", ") || "none"}`;
  return [{ field, text }];
}
