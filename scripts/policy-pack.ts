/** The rules that hold for every site, policy/, in `npm run up` and `npm run preview`; docs/policy.md lists them. */
import type { EngineEvent, Stack } from "@pulumi/pulumi/automation/index.js";
import { join } from "node:path";
import { projectDirectory } from "./site-stack.ts";

/** For the option `policyPacks` of an operation. */
export const policyPacks = [join(projectDirectory, "policy")];

/**
 * Judges what an `up` would make, before anything is changed; it says nothing unless it fails. The rules over the whole
 * stack need this: in an `up` itself the engine asks for them last.
 */
export async function judgeFirst(
  stack: Pick<Stack, "preview">,
  options: { readonly refresh: boolean; readonly onEvent: (event: EngineEvent) => void },
  onOutput: (text: string) => void,
): Promise<void> {
  const held: string[] = [];
  try {
    await stack.preview({ ...options, policyPacks, onOutput: (text) => held.push(text) });
  } catch (error) {
    for (const text of held) onOutput(text);
    throw error;
  }
}
