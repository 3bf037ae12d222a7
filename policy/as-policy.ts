/** Rules in the form that the engine's policy packs have. A violation of any of them fails the run. */
import type {
  PolicyResource,
  ReportViolation,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  StackValidationPolicy,
} from "@pulumi/policy";
import type { Finding, ResourceRule, SeenResource, StackRule } from "./rule.ts";
import { seenInputs } from "./seen.ts";

/** A rule that sees every value in plain, secret or not. */
export function resourcePolicy({
  name,
  description,
  judge,
}: ResourceRule): ResourceValidationPolicy {
  return {
    name,
    description,
    enforcementLevel: "mandatory",
    validateResource: (args, report) => {
      const resource = seen(args);
      tell(resource, judge(resource), report);
    },
  };
}

/**
 * A rule that sees which values are secret. The engine tells that only to remediations: so it is judged there, where it
 * changes nothing, and reported by the validation that follows for the same resource.
 */
export function secretAwarePolicy({
  name,
  description,
  judge,
}: ResourceRule): ResourceValidationPolicy {
  const judged = new Map<string, readonly Finding[]>();
  return {
    name,
    description,
    enforcementLevel: "remediate",
    remediateResource: (args) => {
      judged.set(args.urn, judge(seen(args)));
      return undefined;
    },
    validateResource: (args, report) => {
      const findings = judged.get(args.urn);
      if (findings === undefined) {
        throw new Error(`${name} judges at the enforcement level remediate only; give it no other`);
      }
      judged.delete(args.urn);
      tell(seen(args), findings, report);
    },
  };
}

/** A rule over all resources of a stack. */
export function stackPolicy({ name, description, judge }: StackRule): StackValidationPolicy {
  return {
    name,
    description,
    enforcementLevel: "mandatory",
    validateStack: ({ resources }, report) => {
      const all = resources.map((resource) => ({ ...seen(resource), urn: resource.urn }));
      for (const { resource, finding } of judge(all)) tell(resource, [finding], report);
    },
  };
}

type Raw = Pick<
  ResourceValidationArgs | PolicyResource,
  "type" | "name" | "urn" | "props" | "opts"
>;

function seen({ type, name, props, opts }: Raw): SeenResource {
  return { type, name, inputs: seenInputs(props), options: opts };
}

function tell(
  resource: SeenResource & { readonly urn?: string },
  findings: readonly Finding[],
  report: ReportViolation,
): void {
  for (const finding of findings) report(`${resource.name}: ${finding}`, resource.urn);
}
