/** A tailnet's policy as a site file has it: what `npm run tailnet -- adopt` shows. */
import { readPolicy } from "../../../components/tailnet/policy-document.ts";
import { policySha256 } from "../../../components/tailnet/policy-guard.ts";
import { policyTags } from "../../../components/tailnet/tags.ts";
import type { PolicyInForce } from "../../../components/tailnet/tailscale-types.ts";
import { label } from "../../config/forms.ts";
import { admins } from "../people/schema.ts";
import { passedSections } from "./schema.ts";

/** Values of a site file, and what they do not say. */
export interface Adopted {
  readonly people: Readonly<Record<string, unknown>>;
  readonly policy: Readonly<Record<string, unknown>>;
  readonly remarks: readonly string[];
}

/**
 * The policy in force in a site file's form. What the program makes for its sites is left out.
 * @param sites this site and those of `policy.sites`
 */
export function adoptedPolicy(
  { text, isDefault }: PolicyInForce,
  sites: readonly string[],
): Adopted {
  const {
    groups = {},
    tagOwners = {},
    autoApprovers = {},
    ...sections
  } = readPolicy(text) as Readonly<Record<string, unknown>> & {
    groups?: object;
    tagOwners?: object;
    autoApprovers?: Approvers;
  };
  const made = sites.flatMap(policyTags);
  const taken = ["grants", "ssh", "tests", ...passedSections];
  const approvers = foreignApprovers(autoApprovers, made);
  const owners = Object.entries(tagOwners).filter(([tag]) => !made.includes(tag));
  const kept = Object.entries(sections).filter(([name]) => taken.includes(name));
  const lost = Object.keys(sections).filter((name) => !taken.includes(name));
  const people = Object.fromEntries(
    Object.entries(groups).map(([name, members]): [string, unknown] => [
      name.replace(/^group:/, ""),
      members,
    ]),
  );
  return {
    people,
    policy: {
      adopt: isDefault ? "default" : policySha256(text),
      ...(owners.length > 0 ? { tagOwners: Object.fromEntries(owners) } : {}),
      ...(Object.keys(approvers).length > 0 ? { autoApprovers: approvers } : {}),
      ...Object.fromEntries(kept),
    },
    remarks: [
      ...lost.map((name) => `${name} has no place in the site file, and would be gone`),
      ...Object.keys(people)
        .filter((name) => !label.safeParse(name).success)
        .map((name) => `group:${name} needs a name of small letters, digits and hyphens`),
      ...(Object.hasOwn(people, admins)
        ? []
        : [`homelab:people.${admins} is missing: name who reaches everything`]),
      "comments are not taken over; grants that let everybody reach everything fail the policy's own tests",
    ],
  };
}

/** Approvers as Tailscale's file has them. */
interface Approvers {
  readonly routes?: Readonly<Record<string, readonly string[]>>;
  readonly exitNode?: readonly string[];
  readonly services?: Readonly<Record<string, readonly string[]>>;
}

/** Approvers without those that the program makes; what is left of nothing is left out. */
function foreignApprovers(
  { routes = {}, exitNode = [], services = {} }: Approvers,
  made: readonly string[],
) {
  const others = (names: readonly string[]) => names.filter((name) => !made.includes(name));
  const further = (approved: Readonly<Record<string, readonly string[]>>) =>
    Object.entries(approved)
      .map(([what, names]) => [what, others(names)] as const)
      .filter(([, names]) => names.length > 0);
  const [networks, shown, exits] = [further(routes), further(services), others(exitNode)];
  return {
    ...(networks.length > 0 ? { routes: Object.fromEntries(networks) } : {}),
    ...(exits.length > 0 ? { exitNode: exits } : {}),
    ...(shown.length > 0 ? { services: Object.fromEntries(shown) } : {}),
  };
}
