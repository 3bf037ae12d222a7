import type { ResourceRule, SeenResource } from "../../../policy/rule.ts";
import type { SeenMap } from "../../../policy/seen.ts";

/** A resource for a rule. */
export function resource(
  type: string,
  inputs: SeenMap,
  options: SeenResource["options"] = {},
): SeenResource {
  return { type, name: "sample", inputs, options };
}

/** What a rule says of a resource, in one text; empty when it is well. */
export function said(rule: ResourceRule, judged: SeenResource): string {
  return rule.judge(judged).join("\n");
}
