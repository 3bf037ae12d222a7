/**
 * Names in Cilium's DNS rules. `*` stands for letters of one label and never for a dot: `*.a.b` is neither `a.b` nor
 * `x.y.a.b`, which nobody expects. `**.` at the beginning stands for one label or more.
 * @see https://docs.cilium.io/en/v1.19/security/policy/language/#dns-based
 */
/** A name as Cilium's rules take it. */
export interface DnsName {
  /** The whole name, all names below it, or every name. */
  readonly matches: "name" | "below" | "every";
  readonly text: string;
}

const labelForm = "[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?";
const nameForm = new RegExp(`^${labelForm}(?:\\.${labelForm})+$`);

/** One name. Throws on anything else. */
export function dnsName(text: string): DnsName {
  if (!nameForm.test(text)) throw new Error(`${text} is no DNS name of two labels or more`);
  return { matches: "name", text };
}

/** All names below one, at any depth; not the name itself. */
export function namesBelow(parent: string): DnsName {
  return { matches: "below", text: dnsName(parent).text };
}

/** Every name. */
export const everyName: DnsName = { matches: "every", text: "*" };

/** A selector of `toFQDNs` and of `rules.dns`. */
export function fqdnSelector({ matches, text }: DnsName): Readonly<Record<string, string>> {
  if (matches === "name") return { matchName: text };
  return { matchPattern: matches === "below" ? `**.${text}` : text };
}

/** A name as people write and read it. */
export function nameText({ matches, text }: DnsName): string {
  return matches === "below" ? `**.${text}` : text;
}

/** What is wrong with a name that a person wrote; undefined when it can be used. */
export function nameProblem(text: string): string | undefined {
  if (text.startsWith("*.")) {
    const parent = text.slice(2);
    return `${text} would stand for one label only: not for ${parent}, and not for a.b.${parent}; write **.${parent} for all names below it, and ${parent} beside it where that is meant too`;
  }
  const parent = text.startsWith("**.") ? text.slice(3) : text;
  if (parent.includes("*"))
    return `${text} has a * where none can be; name each name, or **.DOMAIN for all below one`;
  if (!nameForm.test(parent)) {
    return `${text} is no lower-case DNS name of two labels or more; use api.example.com, or **.example.com for all names below it`;
  }
  return undefined;
}

/** A name of a site file. Throws where `nameProblem` says what is wrong. */
export function readName(text: string): DnsName {
  const problem = nameProblem(text);
  if (problem !== undefined) throw new Error(problem);
  return text.startsWith("**.") ? namesBelow(text.slice(3)) : dnsName(text);
}
