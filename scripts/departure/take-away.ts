/** Destroys a site even when its cluster or machines are dead, and looks at what is left outside it. */
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { TailscaleApi } from "../../components/tailnet/tailscale-api.ts";
import { withRetry } from "../retry/retry.ts";
import { tailscaleRemedy } from "../retry/tailscale.ts";
import { readState } from "../state.ts";
import { departureStep } from "./accounts.ts";
import { dropConnections } from "../../components/edge/cloudflare-api.ts";
import { clusterObjects, deadCluster } from "./dead-cluster.ts";
import { goingWith, withoutResources } from "./forget.ts";
import { deadMachine, leaveTailnet } from "./leave-tailnet.ts";
import type { Outside } from "./outside.ts";
import { forgetDeletedTunnel } from "../repair/tunnel.ts";
import { cloudflareRemedy } from "./remedies.ts";

type Say = (text: string) => void;

/** A virtual machine's URN; the type is the proxmoxve provider's. */
const vmUrn = /\$proxmoxve:[^:]*:VmLegacy::/;

/**
 * Forgets what cannot be asked any more: the objects of a dead cluster, and what the departure step would do on a dead
 * machine. Tells whether that step's work is to be done from here, once everything that needs the tailnet has gone. Must
 * come before pending operations are settled, because that asks the cluster.
 */
export async function bury(stack: Stack, outside: Outside, say: Say): Promise<boolean> {
  const state = await readState(stack);
  const cluster = await deadCluster(state);
  if (cluster !== undefined) {
    const urns = clusterObjects(state).map(({ urn }) => urn);
    say(
      `the Kubernetes API does not answer (${cluster}); its ${urns.length} objects are forgotten and go with their machines`,
    );
    await stack.importStack(withoutResources(state.deployment, urns));
    // Nobody asked its cloudflared to leave.
    await dropTunnelConnections(outside);
  }
  const step = departureStep(state);
  if (step === undefined) return false;
  // An earlier destroy came so far, and the machine may be half gone by now.
  if (step.deletedWith !== undefined) return true;
  const machine = await deadMachine(step);
  if (machine === undefined) return false;
  if (outside.tailnet === undefined) {
    throw new Error(
      `the machine that takes the site out of the tailnet does not answer (${machine}), and the state holds no login to ` +
        `do it from here; start the machine, or run: pulumi state delete '${step.urn}', and look at the tailnet by hand`,
    );
  }
  say(
    `the machine that takes the site out of the tailnet does not answer (${machine}); that is done from here`,
  );
  const vm = step.dependencies?.find((urn) => vmUrn.test(urn));
  if (vm === undefined) throw new Error(`${step.urn} depends on no machine: the state was changed`);
  await stack.importStack(goingWith((await readState(stack)).deployment, step.urn, vm));
  return true;
}

/**
 * The departure step's work. Must come after `takeAway`, whether that ended well or not; does nothing while the state
 * still has the step, because something is left then that needs the tailnet.
 */
export async function leaveFromHere(
  stack: Stack,
  { tailnet }: Outside,
  site: string,
  say: Say,
): Promise<void> {
  if (tailnet === undefined || departureStep(await readState(stack)) !== undefined) return;
  await leaveTailnet(new TailscaleApi(tailnet.access), site, tailnet, say);
}

async function dropTunnelConnections({ cloudflare, tunnel }: Outside): Promise<void> {
  if (cloudflare !== undefined && tunnel !== undefined) await dropConnections(cloudflare, tunnel);
}

/**
 * Destroys the stack. One resource that cannot go keeps no other: cloudflared of a dead cluster ends with its machines, and
 * only then does its tunnel let go.
 */
export async function takeAway(stack: Stack, outside: Outside, say: Say): Promise<void> {
  const looking = lookingAgain(stack, say);
  const hands = {
    dropConnections: () => dropTunnelConnections(outside),
    lookAgain: looking.lookAgain,
  };
  const onOutput = (text: string): boolean => process.stdout.write(text);
  await withRetry(
    (onEvent) => {
      looking.begin();
      return stack.destroy({ onOutput, onEvent, continueOnError: true });
    },
    [cloudflareRemedy(hands), tailscaleRemedy],
    say,
  );
}

/** Looks for what Cloudflare says is gone. The tunnel is asked about once for all that is stuck, until the next try begins. */
export function lookingAgain(
  stack: Pick<Stack, "exportStack" | "getAllConfig" | "importStack" | "refresh">,
  say: Say,
): { begin: () => void; lookAgain: (urn: string) => Promise<void> } {
  let forgotten: Promise<string | undefined> | undefined;
  return {
    begin: () => {
      forgotten = undefined;
    },
    lookAgain: async (urn) => {
      forgotten ??= forgetDeletedTunnel(stack, say);
      if ((await forgotten) === urn) return;
      await stack.refresh({ target: [urn], suppressOutputs: true });
    },
  };
}
