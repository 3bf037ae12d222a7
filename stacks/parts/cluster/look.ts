import { getOrganization, getProject, getStack, log, runtime } from "@pulumi/pulumi";
import { z } from "zod";
import { dayOf, fromNow } from "../../../components/days.ts";
import { renewal, type LastUp, type Renewal } from "../../../components/rke2/renewal.ts";

/** Asks for what the last `up` has left. */
export type AskLastUp = () => Promise<LastUp>;

/**
 * Whether the cluster's certificates are to be renewed by this run, which is said before it begins. Nobody but the state
 * is asked: once they have ended, the cluster takes nobody who could ask it.
 */
export async function findRenewal(
  ask: AskLastUp = askLastUp,
  now: Date = new Date(),
): Promise<Renewal> {
  const found = renewal(await ask(), now);
  const { ends, due } = found;
  if (ends !== undefined && due) {
    const [verb, effect] =
      ends > now
        ? ["end", "RKE2 restarts on one node after the other, and pods go on"]
        : [
            "ended",
            "RKE2 restarts on all nodes, because the Kubernetes API takes nobody until then",
          ];
    void log.warn(
      `the cluster's certificates ${verb} on ${dayOf(ends)}, ${fromNow(ends, now)}: this run has RKE2 renew them; ${effect}`,
    );
  }
  return found;
}

const lastUp = z.object({
  outputs: z.object({
    kubeconfig: z.string().optional(),
    certificates: z.object({ ends: z.string(), renewed: z.string() }).optional(),
  }),
});

/**
 * The stack's outputs as the engine reads them from the state: those of the last `up`, until this one ends. It is what a
 * StackReference reads, without a resource that would keep a copy of the secrets among them.
 */
async function askLastUp(): Promise<LastUp> {
  const name = `${getOrganization()}/${getProject()}/${getStack()}`;
  const answer: unknown = await runtime.invoke("pulumi:pulumi:readStackOutputs", { name });
  return lastUp.parse(answer).outputs;
}
