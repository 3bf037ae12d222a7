import { apiServer, nodes, pods, tcp, type Flow } from "../../../components/policies/flow.ts";

const relay = pods("Hubble Relay", "kube-system", { "k8s-app": "hubble-relay" });
const ui = pods("Hubble UI", "kube-system", { "k8s-app": "hubble-ui" });

/**
 * Pods that Cilium's chart brings to the cluster's own network. The UI asks for no login: nobody reaches it but through
 * the API server (`kubectl port-forward`), whose kubelet is the pod's own machine.
 */
export const hubblePods = [relay, ui];

/** Hubble's ways (chart 1.19.6: templates/hubble-relay, hubble-ui and hubble/peer-service.yaml). */
export function networkTraffic(): readonly Flow[] {
  return [
    { from: ui, to: relay, ports: tcp(4245), why: "what has been seen on all machines" },
    { from: ui, to: apiServer, why: "names of what talks" },
    { from: relay, to: nodes, ports: tcp(4244), why: "what each machine's Cilium has seen" },
  ];
}
