/** Machines that are lost are built and prepared anew, up to where the first server would begin a cluster. */
import { policyPacks } from "../policy-pack.ts";
import { say, selectStack, withRepair } from "../site-stack.ts";
import { readState } from "../state.ts";

/**
 * Looks which machines are there, and builds those that are not. The run stops at the first server, which waits for the
 * restore; whether the machines are ready for it is for the caller to see. The cluster is not asked: it does not answer.
 */
export async function buildMachines(name: string): Promise<void> {
  const stack = await selectStack(name);
  const onOutput = (text: string): boolean => process.stdout.write(text);
  say(`${name}: building the machines that are lost; the run ends where the restore goes on`);
  await withRepair(stack, async () => {
    const { resources } = await readState(stack);
    const target = resources
      .filter(({ type }) => /^proxmoxve:.*:VmLegacy$/.test(type))
      .map(({ urn }) => urn);
    if (target.length > 0) await stack.refresh({ target, onOutput });
    try {
      await stack.up({ policyPacks, onOutput });
    } catch (error) {
      say(
        error instanceof Error
          ? (error.message.split("\n").find((line) => line.includes("error:")) ?? "")
          : String(error),
      );
    }
  });
}
