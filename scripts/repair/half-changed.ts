/** Machines whose last change failed: the state has what was planned for them. */
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import type { StackState } from "../state.ts";

/**
 * Looks again at what Proxmox has of each resource whose last creation or change failed. Its provider saves what it was to
 * become, whatever was done of it (bpg's vmUpdate in Terraform's SDK, and pulumi-terraform-bridge's initializationError), and the
 * engine's next update would find no difference: a disk that has not grown would count as grown.
 * @see https://github.com/pulumi/pulumi-terraform-bridge/blob/v3.137.0/pkg/tfbridge/provider.go
 */
export async function lookAtHalfChanged(
  stack: Pick<Stack, "refresh">,
  { resources }: Pick<StackState, "resources">,
  say: (text: string) => void,
): Promise<void> {
  const changed = resources.filter(
    ({ type, initErrors = [] }) => type.startsWith("proxmoxve:") && initErrors.length > 0,
  );
  if (changed.length === 0) return;
  const target = changed.map(({ urn }) => urn);
  const names = target.map((urn) => urn.split("::").at(-1) ?? urn).join(", ");
  say(`${names}: its last change failed; the state has it as planned, so Proxmox is asked first`);
  await stack.refresh({ target, suppressOutputs: true });
}
