import { log } from "@pulumi/pulumi";
import { dayOf, fromNow } from "../../../components/days.ts";
import { renewal, type LastUp, type Renewal } from "../../../components/rke2/renewal.ts";

/**
 * Whether the cluster's certificates are to be renewed by this run, which is said before it begins. Nobody but the state
 * is asked: once they have ended, the cluster takes nobody who could ask it.
 */
export function findRenewal(lastUp: LastUp = {}, now: Date = new Date()): Renewal {
  const found = renewal(lastUp, now);
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
