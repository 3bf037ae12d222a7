import { ApiError } from "./api-error.ts";
import { parseHujson, type Json } from "./hujson.ts";
import { HujsonError } from "./hujson-tokens.ts";
import { type IpNetwork } from "./ip-network.ts";
import { readPolicyForm, type PolicyForm, type PolicyTest } from "./policy-form.ts";
import { checkSsh } from "./policy-ssh.ts";
import {
  allowedAt,
  isEmail,
  readIpset,
  readNetwork,
  readSelector,
  type Allowed,
  type Selector,
} from "./selector.ts";
import { readAclTraffic, readGrantTraffic, type Traffic } from "./traffic.ts";

/** Lets every source reach every destination by the traffic stated with it. */
export interface AccessRule {
  readonly sources: readonly Selector[];
  readonly destinations: readonly {
    readonly selector: Selector;
    readonly traffic: readonly Traffic[];
  }[];
}

/** A policy whose names are resolved. */
export interface Policy {
  readonly form: PolicyForm;
  /** From `acls` and `grants` alike. */
  readonly rules: readonly AccessRule[];
  readonly tagOwners: ReadonlyMap<string, readonly Selector[]>;
  readonly routeApprovers: readonly {
    readonly network: IpNetwork;
    readonly approvers: readonly Selector[];
  }[];
  readonly exitNodeApprovers: readonly Selector[];
  readonly tests: readonly PolicyTest[];
}

/** @throws ApiError 400 with line and column. */
export function readHujson(text: string): Json {
  try {
    return parseHujson(text);
  } catch (error) {
    if (error instanceof HujsonError) throw new ApiError(400, error.message);
    throw error;
  }
}

/**
 * Reads a policy file and checks everything but what its tests say.
 * Form: https://tailscale.com/kb/1337/policy-syntax.
 * @throws ApiError 400 with the first thing that is wrong; 501 for what the lab does not support.
 */
export function readPolicy(text: string): Policy {
  const form = readPolicyForm(readHujson(text));
  checkNames(form);
  checkPostures(form);
  checkSsh(form);
  checkNodeAttributes(form);
  const owners = (list: readonly string[], place: string): Selector[] =>
    selectors(list, place, allowedAt.owner, form);
  checkServiceApprovers(form, owners);
  return {
    form,
    rules: [...aclRules(form), ...grantRules(form)],
    tagOwners: new Map(
      Object.entries(form.tagOwners).map(([tag, list]) => [tag, owners(list, `tagOwners.${tag}`)]),
    ),
    routeApprovers: Object.entries(form.autoApprovers.routes).map(([prefix, list]) => {
      const place = `autoApprovers.routes["${prefix}"]`;
      const network = readNetwork(prefix, place);
      if (network === undefined) throw new ApiError(400, `${place}: "${prefix}" is no prefix`);
      return { network, approvers: owners(list, place) };
    }),
    exitNodeApprovers: owners(form.autoApprovers.exitNode, "autoApprovers.exitNode"),
    tests: form.tests,
  };
}

function checkNames({ groups, hosts, ipsets, tagOwners }: PolicyForm): void {
  for (const [name, members] of Object.entries(groups)) {
    if (!/^group:[A-Za-z][A-Za-z0-9_.-]*$/.test(name))
      throw new ApiError(400, `groups: invalid name "${name}"; use group:NAME`);
    for (const member of members)
      if (!isEmail(member))
        throw new ApiError(400, `groups.${name}: "${member}" is no user; a group holds users only`);
  }
  for (const [name, value] of Object.entries(hosts)) {
    if (/[:@*/]/.test(name)) throw new ApiError(400, `hosts: invalid name "${name}"`);
    if (readNetwork(value, `hosts.${name}`) === undefined)
      throw new ApiError(400, `hosts.${name}: "${value}" is no address or prefix`);
  }
  for (const [name, entries] of Object.entries(ipsets)) {
    if (!/^ipset:[A-Za-z][A-Za-z0-9_-]*$/.test(name))
      throw new ApiError(400, `ipsets: invalid name "${name}"; use ipset:NAME`);
    readIpset(entries, name, { hosts });
  }
  for (const tag of Object.keys(tagOwners))
    if (!/^tag:[A-Za-z][A-Za-z0-9-]*$/.test(tag))
      throw new ApiError(400, `tagOwners: invalid name "${tag}"; use tag:NAME`);
}

/**
 * Approvers of Tailscale's Services, by their name or tag (tailscale/tailscale cmd/k8s-operator/e2e/acl.hujson). The lab has
 * no such Services, so that nothing is ever approved by them.
 */
function checkServiceApprovers(
  { autoApprovers, tagOwners }: PolicyForm,
  owners: (list: readonly string[], place: string) => unknown,
): void {
  for (const [name, approvers] of Object.entries(autoApprovers.services)) {
    const place = `autoApprovers.services["${name}"]`;
    if (!/^(svc:[a-z0-9-]+|tag:[A-Za-z][A-Za-z0-9-]*)$/.test(name))
      throw new ApiError(400, `${place}: "${name}" is no svc:NAME and no tag`);
    if (name.startsWith("tag:") && tagOwners[name] === undefined)
      throw new ApiError(400, `${place}: tag not found: "${name}"`);
    owners(approvers, place);
  }
}

/** The lab's devices tell nothing of themselves, so that no posture holds for them. */
function checkPostures(form: PolicyForm): void {
  for (const name of Object.keys(form.postures))
    if (!/^posture:[A-Za-z][A-Za-z0-9_-]*$/.test(name))
      throw new ApiError(400, `postures: invalid name "${name}"; use posture:NAME`);
  const used = [
    ["defaultSrcPosture", form.defaultSrcPosture] as const,
    ...form.acls.map((rule, index) => [`acls[${index}].srcPosture`, rule.srcPosture] as const),
    ...form.grants.map((rule, index) => [`grants[${index}].srcPosture`, rule.srcPosture] as const),
  ];
  for (const [place, names = []] of used)
    for (const name of names)
      if (form.postures[name] === undefined)
        throw new ApiError(400, `${place}: posture not found: "${name}"`);
}

/** Whether a rule asks something of its sources that no device of the lab has. */
const asksPosture = (own: readonly string[] | undefined, form: PolicyForm): boolean =>
  (own ?? form.defaultSrcPosture).length > 0;

function checkNodeAttributes(form: PolicyForm): void {
  for (const [index, { target }] of form.nodeAttrs.entries())
    selectors(target, `nodeAttrs[${index}].target`, allowedAt.source, form);
}

function aclRules(form: PolicyForm): AccessRule[] {
  return form.acls.map(({ src, dst, proto, srcPosture }, index) => {
    const at = `acls[${index}]`;
    const named = selectors(src, `${at}.src`, allowedAt.source, form);
    const sources = asksPosture(srcPosture, form) ? [] : named;
    const destinations = dst.map((text, item) => {
      const place = `${at}.dst[${item}]`;
      const { host, port } = splitPort(text, place);
      const selector = readSelector(host, place, allowedAt.destination, form);
      return { selector, traffic: readAclTraffic(proto, port, place) };
    });
    return checkedSelf({ sources, destinations }, at);
  });
}

function grantRules(form: PolicyForm): AccessRule[] {
  return form.grants.map(({ src, dst, ip = [], via = [], srcPosture }, index) => {
    const at = `grants[${index}]`;
    const named = selectors(src, `${at}.src`, allowedAt.source, form);
    const sources = asksPosture(srcPosture, form) ? [] : named;
    const traffic = ip.map((text, item) => readGrantTraffic(text, `${at}.ip[${item}]`));
    const destinations = selectors(dst, `${at}.dst`, allowedAt.destination, form).map(
      (selector) => ({ selector, traffic }),
    );
    selectors(via, `${at}.via`, { kinds: ["tag"], autogroups: [] }, form);
    return checkedSelf({ sources, destinations }, at);
  });
}

/** A person's own devices: only people have some. */
function checkedSelf(rule: AccessRule, place: string): AccessRule {
  const self = rule.destinations.some(
    ({ selector }) => selector.kind === "autogroup" && selector.name === "self",
  );
  const people = rule.sources.every(
    ({ kind, ...rest }) =>
      ["user", "domain", "group", "autogroup"].includes(kind) &&
      !("name" in rest && rest.name === "tagged"),
  );
  if (self && !people)
    throw new ApiError(400, `${place}: autogroup:self needs users, groups or autogroups as src`);
  return rule;
}

/** Cuts `HOST:PORTS` at its last colon; an IPv6 address may stand in brackets. */
export function splitPort(text: string, place: string): { host: string; port: string } {
  const colon = text.lastIndexOf(":");
  if (colon < 0) throw new ApiError(400, `${place}: "${text}" has no port; use HOST:PORT`);
  const host = text.slice(0, colon).replace(/^\[(.*)\]$/, "$1");
  return { host, port: text.slice(colon + 1) };
}

function selectors(
  list: readonly string[],
  place: string,
  allowed: Allowed,
  form: PolicyForm,
): Selector[] {
  return list.map((text, index) => readSelector(text, `${place}[${index}]`, allowed, form));
}
