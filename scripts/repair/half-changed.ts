/** Machines whose last change failed: the state has what was planned for them. */
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { nameOf, type StackState, type StateResource } from "../state.ts";

type Resources = Pick<StackState, "resources">;

const halfChanged = ({ resources }: Resources): readonly StateResource[] =>
  resources.filter(
    ({ type, initErrors = [] }) => type.startsWith("proxmoxve:") && initErrors.length > 0,
  );

const namesOf = (changed: readonly StateResource[]): string => changed.map(nameOf).join(", ");

/**
 * Looks again at what Proxmox has of each resource whose last creation or change failed. Its provider saves what it was to
 * become, whatever was done of it (bpg's vmUpdate in Terraform's SDK, and pulumi-terraform-bridge's initializationError), and the
 * engine's next update would find no difference: a disk that has not grown would count as grown.
 * @see https://github.com/pulumi/pulumi-terraform-bridge/blob/v3.137.0/pkg/tfbridge/provider.go
 */
export async function lookAtHalfChanged(
  stack: Pick<Stack, "refresh">,
  state: Resources,
  say: (text: string) => void,
): Promise<void> {
  const changed = halfChanged(state);
  if (changed.length === 0) return;
  say(
    `${namesOf(changed)}: its last change failed; the state has it as planned, so Proxmox is asked first`,
  );
  await stack.refresh({ target: changed.map(({ urn }) => urn), suppressOutputs: true });
}

/** Says of which of them a preview that has not looked shows too little; it may not write what it would see to the state. */
export function tellHalfChanged(state: Resources, say: (text: string) => void): void {
  const changed = halfChanged(state);
  if (changed.length === 0) return;
  say(
    `${namesOf(changed)}: its last change failed, and what stands above takes it for made; npm run up asks Proxmox first, ` +
      "and a preview with --refresh does",
  );
}
