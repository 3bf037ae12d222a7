/** Whether pods send what the LAN carries: too much is lost on the way, too little costs packets. */
import { problem, warning, type Finding } from "../../../doctor/finding.ts";

/** A machine's card on the LAN, and the MTU that the site's pods are to have. */
export interface LanOfMachine {
  readonly card: string;
  readonly podMtu: number;
}

/**
 * Nothing where all is well, or where Cilium is not there yet. Its interface `cilium_host` has the MTU that pods get
 * (github.com/cilium/cilium pkg/datapath/loader, setupBaseDevice with DeviceMTU).
 * @param mtus values by `mtu-INTERFACE`
 */
export function judgeMtu(
  machine: string,
  { card, podMtu }: LanOfMachine,
  mtus: ReadonlyMap<string, string>,
): readonly Finding[] {
  const [lan, pods] = [card, "cilium_host"].map((name) => Number(mtus.get(`mtu-${name}`) ?? "NaN"));
  if (lan === undefined || pods === undefined || Number.isNaN(lan) || Number.isNaN(pods)) return [];
  const subject = `MTU of ${machine}`;
  const sent = `pods send ${pods} bytes at a time`;
  const anew =
    "kubectl -n kube-system rollout restart daemonset/cilium, then pods: each keeps what it began with";
  if (pods > lan)
    return [
      problem(
        subject,
        `${sent}, ${card} carries ${lan}`,
        `homelab:site.mtu ${lan}, npm run up; ${anew}`,
      ),
    ];
  if (pods === podMtu) return [];
  return [
    warning(
      subject,
      `${sent}, the site's LAN carries ${podMtu}`,
      `npm run up -- --refresh; ${anew}`,
    ),
  ];
}
