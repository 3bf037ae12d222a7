/** What the cluster says of its nodes. */
import type { SiteConfig } from "../../stacks/schema.ts";
import type { ClusterCommand } from "../kubectl.ts";
import { ok, problem, type Finding } from "./finding.ts";

/** A Node, as far as the doctor looks. */
export interface NodeInForce {
  readonly metadata: { readonly name: string };
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly message?: string;
    }[];
  };
}

/** Lists objects of a kind; rejects with kubectl's last line. */
export async function objects<T>(run: ClusterCommand, kind: string): Promise<readonly T[]> {
  const {
    ok: done,
    stdout,
    stderr,
  } = await run("kubectl", ["get", kind, "-A", "-o", "json", "--request-timeout=10s"]);
  if (!done) throw new Error(stderr.split("\n").at(-1) ?? `kubectl get ${kind} failed`);
  return (JSON.parse(stdout) as { items: T[] }).items;
}

const pressures: Readonly<Record<string, string>> = {
  DiskPressure:
    "free some of its disk (du -xh / | sort -h | tail), or raise diskGb; pods come back by themselves",
  MemoryPressure: "give the machine more memoryMiB, or move pods away",
  PIDPressure: "look for a program that forks without end: ps -eo pid,nlwp,cmd --sort=-nlwp | head",
};

/** Every machine is a node that is Ready and under no pressure. */
export function judgeNodes(
  machines: SiteConfig["machines"],
  nodes: readonly NodeInForce[],
): readonly Finding[] {
  return machines.flatMap(({ name, role }): Finding[] => {
    const subject = `node ${name}`;
    const node = nodes.find(({ metadata }) => metadata.name === name);
    if (node === undefined) {
      return [
        problem(
          subject,
          "is not in the cluster",
          `npm run up; if it stays away: ssh root@${name} journalctl -u rke2-${role}`,
        ),
      ];
    }
    const conditions = node.status?.conditions ?? [];
    const ready = conditions.find(({ type }) => type === "Ready");
    const found = conditions
      .filter(({ type, status }) => status === "True" && type in pressures)
      .map(({ type, message }) =>
        problem(subject, `is under ${type}: ${message ?? ""}`, pressures[type] ?? ""),
      );
    if (ready?.status !== "True") {
      found.push(
        problem(
          subject,
          `is not Ready: ${ready?.message ?? "it says nothing"}`,
          `look at the machine (above); else kubectl describe node ${name}, and kubectl -n kube-system get pods -o wide`,
        ),
      );
    }
    return found.length > 0 ? found : [ok(subject, "Ready")];
  });
}

/** Asks the cluster. */
export async function checkNodes(
  { machines }: Pick<SiteConfig, "machines">,
  run: ClusterCommand,
): Promise<readonly Finding[]> {
  return judgeNodes(machines, await objects<NodeInForce>(run, "nodes"));
}
