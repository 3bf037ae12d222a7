/** Who may talk to whom, for people: a page in Markdown of the same flows that the policies are made of. */
import type { Flow, Peer, Pods, Port } from "./flow.ts";
import { nameText } from "./names.ts";
import { guardedNamespaces, isGuarded, type PolicyPlan } from "./rules.ts";

/** The page of a site. */
export function reachabilityPage(site: string, plan: PolicyPlan): string {
  return `# Who may talk to whom: ${site}

Made from the site's config by \`npm run schema\`; [network-policy.md](network-policy.md) says how it comes about. What is
not listed here does not pass, in either direction, for the pods of these namespaces: ${plan.guarded.map(guarded).join(", ")}.

Besides, all of them ask the cluster's DNS for names below \`${plan.clusterDomain}\`, and are probed by the machine that they
run on. Ports are those of the pods. "Machines" are the kubelet, mounts, and pods on the machines' own network.

${guardedNamespaces(plan)
  .map((namespace) => section(namespace, plan))
  .join("\n\n")}
`;
}

function guarded({ title, namespace, labels }: Pods): string {
  return labels === undefined ? namespace : `${namespace} (${title})`;
}

function section(namespace: string, plan: PolicyPlan): string {
  const rows = (direction: "from" | "to"): readonly string[] =>
    plan.flows
      .filter((flow) => isGuarded(flow[direction], namespace, plan))
      .map((flow) => row(flow, namespace));
  const everybody = plan.flows.flatMap((flow) =>
    flow.to.kind === "cluster"
      ? [row({ ...flow, to: { kind: "pods", title: "every pod", namespace } } as Flow, namespace)]
      : [],
  );
  const listed = [...new Set([...rows("to"), ...rows("from"), ...everybody])];
  const table =
    listed.length === 0
      ? "Nobody reaches its pods, and they reach nobody."
      : `| from | to | ports | why |\n| --- | --- | --- | --- |\n${listed.join("\n")}`;
  return `## ${namespace}\n\n${table}`;
}

function row(flow: Flow, namespace: string): string {
  const { from, to, why } = flow;
  const ports = "ports" in flow ? portsText(flow) : to.kind === "questions" ? "lookups" : "6443";
  return `| ${peerText(from, namespace)} | ${peerText(to, namespace)} | ${ports} | ${why} |`;
}

function peerText(peer: Peer, namespace: string): string {
  switch (peer.kind) {
    case "pods":
      return peer.namespace === namespace || peer.title === peer.namespace
        ? peer.title
        : `${peer.title} (${peer.namespace})`;
    case "nodes":
      return "machines";
    case "api-server":
      return "API servers";
    case "cluster":
      return "everything in the cluster";
    case "others":
      return "pods of other namespaces";
    case "world":
      return "everybody outside of the cluster";
    case "networks": {
      const except = peer.networks.flatMap((network) => network.except ?? []);
      // The internet's are said by its name.
      const without =
        except.length === 0 || peer.title.startsWith("the ") ? "" : ` without ${except.join(", ")}`;
      return `${peer.title}${without}`;
    }
    case "names":
    case "questions":
      return peer.names.map((name) => `\`${nameText(name)}\``).join(", ");
  }
}

function portsText({ ports, http }: Extract<Flow, { readonly ports: unknown }>): string {
  if (ports === "all") return "all";
  const text = ports.map(portText).join(", ");
  if (http === undefined) return text;
  const requests = http.map(({ method = "any", path = "any path" }) => `${method} \`${path}\``);
  return `${text}, of HTTP ${requests.join(", ")}`;
}

function portText({ port, end, protocol }: Port): string {
  const number =
    end === undefined ? String(port) : port === 1 && end === 65_535 ? "all" : `${port}-${end}`;
  return protocol === "TCP" ? number : `${number}/UDP`;
}
