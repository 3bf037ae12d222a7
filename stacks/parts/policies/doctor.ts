/** Network policies: all are there, and Cilium has found each valid. */
import { guardedNamespaces, policyName } from "../../../components/policies/rules.ts";
import type { Check } from "../../doctor/check.ts";
import { whyNot, type Condition } from "../../doctor/conditions.ts";
import type { ClusterCommand, Examined } from "../../doctor/examined.ts";
import { ok, problem, type Finding } from "../../doctor/finding.ts";
import { objects } from "../../doctor/kubectl.ts";
import { policyPlan } from "../../traffic.ts";

/** A CiliumClusterwideNetworkPolicy or CiliumNetworkPolicy (cilium.io/v2), as far as the doctor looks. */
export interface PolicyInForce {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly status?: {
    readonly conditions?: readonly Condition[];
  };
}

/** None where the site has no network policies. */
export function policyChecks(
  { name, config }: Pick<Examined, "name" | "config">,
  run: ClusterCommand,
): readonly Check[] {
  if (config.networkPolicy === undefined) return [];
  return [
    {
      subject: "network policies",
      run: async () => {
        const all = await Promise.all(
          ["ciliumclusterwidenetworkpolicies.cilium.io", "ciliumnetworkpolicies.cilium.io"].map(
            (kind) => objects<PolicyInForce>(run, kind),
          ),
        );
        const wanted = guardedNamespaces(policyPlan(config)).map(policyName);
        return judgePolicies(name, wanted, all.flat());
      },
    },
  ];
}

/** The policies that the site has to have, and what Cilium says of these and of all others. */
export function judgePolicies(
  site: string,
  wanted: readonly string[],
  all: readonly PolicyInForce[],
): readonly Finding[] {
  const subject = "network policies";
  const missing = wanted.filter((name) => !all.some(({ metadata }) => metadata.name === name));
  const findings = [
    ...missing.map((name) =>
      problem(
        subject,
        `${name} is not in the cluster, so its pods talk to everybody`,
        `npm run up -- --stack ${site} --refresh`,
      ),
    ),
    ...all.flatMap(({ metadata: { name, namespace }, status }) => {
      const said = whyNot(status?.conditions, "Valid", "its operator has not judged it");
      if (said === undefined) return [];
      const which = namespace === undefined ? name : `${namespace}/${name}`;
      const remedy = `kubectl get ${namespace === undefined ? "ccnp" : `-n ${namespace} cnp`} ${name} -o yaml; look at cilium-operator (kubectl -n kube-system get pods -l name=cilium-operator)`;
      return [problem(subject, `Cilium enforces nothing of ${which}: ${said}`, remedy)];
    }),
  ];
  return findings.length > 0 ? findings : [ok(subject, `${all.length} are valid`)];
}
