import { contains, isPublic, parseIpNetwork, type IpNetwork } from "./ip-network.ts";
import type { Policy } from "./policy-document.ts";
import type { Selector } from "./selector.ts";
import { lets } from "./traffic.ts";

/** One end of a connection. */
export type Subject =
  | { readonly kind: "user"; readonly email: string }
  | { readonly kind: "tag"; readonly tag: string }
  | { readonly kind: "network"; readonly network: IpNetwork };

/** A device as rules see it. */
export interface Identity {
  readonly addresses: readonly string[];
  readonly tags: readonly string[];
  /** Login name of its owner; no meaning for a tagged device. */
  readonly user: string;
}

/** What rules need to know about a tailnet besides its policy. */
export interface Directory {
  /** `owner`, `admin` or `member`; undefined for who is not of this tailnet. */
  roleOf(email: string): string | undefined;
  devices(): readonly Identity[];
}

/** What would be tried. */
export interface Attempt {
  readonly from: Subject;
  readonly to: Subject;
  /** IANA number. */
  readonly protocol: number;
  readonly port: number;
}

/** Whether a rule of the policy lets an attempt through; what no rule allows is denied. */
export function allows(policy: Policy, directory: Directory, attempt: Attempt): boolean {
  const { from, to, protocol, port } = attempt;
  return policy.rules.some(
    ({ sources, destinations }) =>
      sources.some((source) => covers(source, from, directory)) &&
      destinations.some(
        ({ selector, traffic }) =>
          traffic.some((entry) => lets(entry, protocol, port)) &&
          reaches(selector, from, to, directory),
      ),
  );
}

/** Whether any traffic may pass from one device to another, so that they know of each other. */
export function connects(
  policy: Policy,
  directory: Directory,
  from: Identity,
  to: Identity,
): boolean {
  const [sources, targets] = [subjectsOf(from), subjectsOf(to)];
  return policy.rules.some((rule) =>
    sources.some(
      (source) =>
        rule.sources.some((selector) => covers(selector, source, directory)) &&
        rule.destinations.some(({ selector }) =>
          targets.some((target) => reaches(selector, source, target, directory)),
        ),
    ),
  );
}

/** All that rules may know a device by. */
export function subjectsOf(device: Identity): Subject[] {
  return [...who(device), ...networksOf(device).map(toSubject)];
}

const toSubject = (network: IpNetwork): Subject => ({ kind: "network", network });

const who = ({ tags, user }: Identity): Subject[] =>
  tags.length > 0 ? tags.map((tag) => ({ kind: "tag", tag })) : [{ kind: "user", email: user }];

function networksOf({ addresses }: Identity): IpNetwork[] {
  return addresses.map(parseIpNetwork).filter((network) => network !== undefined);
}

function reaches(selector: Selector, from: Subject, to: Subject, directory: Directory): boolean {
  if (selector.kind !== "autogroup" || selector.name !== "self")
    return covers(selector, to, directory);
  return identitiesOf(to, directory).some(
    (target) =>
      target.kind === "user" &&
      identitiesOf(from, directory).some(
        (source) => source.kind === "user" && source.email === target.email,
      ),
  );
}

/** Whether a selector includes the whole of a subject. */
export function covers(selector: Selector, subject: Subject, directory: Directory): boolean {
  switch (selector.kind) {
    case "any":
      return true;
    case "network":
      return networkCovers(selector.network, subject, directory);
    case "ipset":
      return (
        selector.added.some((network) => networkCovers(network, subject, directory)) &&
        !selector.removed.some((network) => networkCovers(network, subject, directory))
      );
    case "autogroup":
      if (selector.name === "danger-all") return true;
      if (selector.name === "internet")
        return subject.kind === "network" && isPublic(subject.network);
      break;
    case "user":
    case "domain":
    case "group":
    case "tag":
  }
  return identitiesOf(subject, directory).some((identity) => names(selector, identity, directory));
}

function names(selector: Selector, identity: Subject, directory: Directory): boolean {
  if (identity.kind === "tag")
    return selector.kind === "tag"
      ? selector.tag === identity.tag
      : selector.kind === "autogroup" && selector.name === "tagged";
  if (identity.kind !== "user") return false;
  const { email } = identity;
  if (selector.kind === "user") return selector.email === email;
  if (selector.kind === "group") return selector.members.includes(email);
  if (selector.kind === "domain") return email.endsWith(`@${selector.domain}`);
  return selector.kind === "autogroup" && hasRole(directory.roleOf(email), selector.name);
}

/** Everybody of the tailnet is a member, and its owner may do what an admin may. */
function hasRole(role: string | undefined, wanted: string): boolean {
  if (role === undefined) return false;
  return wanted === "member" || wanted === role || (wanted === "admin" && role === "owner");
}

/** An address stands for the device that has it. */
function identitiesOf(subject: Subject, directory: Directory): Subject[] {
  if (subject.kind !== "network") return [subject];
  const device = directory
    .devices()
    .find((candidate) =>
      networksOf(candidate).some((network) => contains(network, subject.network)),
    );
  return device === undefined ? [] : who(device);
}

/** A tag or user lies in a network when all of its devices do, and it has some. */
function networkCovers(network: IpNetwork, subject: Subject, directory: Directory): boolean {
  if (subject.kind === "network") return contains(network, subject.network);
  const devices = devicesOf(subject, directory);
  return (
    devices.length > 0 &&
    devices.every((device) => networksOf(device).some((own) => contains(network, own)))
  );
}

/** Devices that have a tag, or belong to a user. */
function devicesOf(subject: Subject, directory: Directory): Identity[] {
  return directory
    .devices()
    .filter((device) =>
      who(device).some((identity) =>
        identity.kind === "tag"
          ? subject.kind === "tag" && subject.tag === identity.tag
          : identity.kind === "user" && subject.kind === "user" && subject.email === identity.email,
      ),
    );
}

/** A tag or user, and each address of its devices: a rule may let a single one of them through. */
export function withDevices(subject: Subject, directory: Directory): Subject[] {
  return [subject, ...devicesOf(subject, directory).flatMap(networksOf).map(toSubject)];
}
