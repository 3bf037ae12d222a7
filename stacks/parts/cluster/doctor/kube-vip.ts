/** The release of what holds the control plane's address. */
import type { SiteConfig } from "../../../schema.ts";
import type { ClusterCommand } from "../../../doctor/examined.ts";
import { ok, problem, type Finding } from "../../../doctor/finding.ts";
import { kubectl } from "../../../doctor/kubectl.ts";

const subject = "kube-vip";

export async function checkKubeVip(
  config: SiteConfig,
  run: ClusterCommand,
): Promise<readonly Finding[]> {
  const object = ["-n", "kube-system", "get", "daemonset", "kube-vip", "--ignore-not-found"];
  const path = "jsonpath={.spec.template.spec.containers[0].image}";
  return [judgeKubeVip(config.cluster.kubeVip.version, await kubectl(run, ...object, "-o", path))];
}

/**
 * Each server applies its own file of manifests as it starts, whatever the others have applied since (k3s,
 * pkg/deploy/controller.go): one that was away while the release was raised brings the former one back for all.
 */
export function judgeKubeVip(version: string, image: string): Finding {
  if (image === "")
    return problem(
      subject,
      "is not in the cluster, so that nothing holds its address",
      "npm run up",
    );
  const runs = image.slice(image.lastIndexOf(":") + 1);
  if (runs === version) return ok(subject, version);
  return problem(
    subject,
    `is ${runs}, and the config has ${version}: a server that was away has brought its own back`,
    "npm run up, which gives that server the newer one",
  );
}
