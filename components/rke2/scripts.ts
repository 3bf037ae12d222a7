import { purgeScript } from "../storage/purge.ts";
import { scriptText, stepScript } from "../remote/shell.ts";

const text = (file: string): string => scriptText(import.meta.url, file);

/** What every script begins with that has to do with RKE2; see scripts/rke2.sh. */
export const rke2Script = stepScript + text("rke2.sh");

/** Functions that tell when a node's certificates end; see scripts/certificates.sh. */
export const certificatesScript = text("certificates.sh");

/** Scripts that run on machines, each whole: its functions, then its call. */
export const scripts = {
  prepare: rke2Script + text("grow.sh") + text("prepare.sh"),
  stage: rke2Script + certificatesScript + text("stage.sh"),
  node: rke2Script + text("unit.sh") + text("drain.sh") + certificatesScript + text("node.sh"),
  admit: rke2Script + text("admit.sh"),
  drain: rke2Script + text("drain.sh") + text("drain-node.sh"),
  dismiss: rke2Script + text("drain.sh") + text("bgp.sh") + purgeScript + text("dismiss.sh"),
  restart: rke2Script + text("drain.sh") + text("bgp.sh") + text("restart.sh"),
  taints: rke2Script + text("drain.sh") + text("taints.sh"),
  kubeconfig: rke2Script + text("kubeconfig.sh"),
  snapshot: rke2Script + text("snapshot.sh"),
  restore: rke2Script + text("unit.sh") + certificatesScript + text("restore.sh"),
} as const;
