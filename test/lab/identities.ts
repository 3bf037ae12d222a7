/** What tells a machine from another that takes its place, as Proxmox, the cluster, etcd and the tailnet know it. */
import type { NodeObject } from "../../lab/shell/summary.ts";
import { nodes } from "./cluster.ts";
import { run } from "./command.ts";
import { machines } from "./site.ts";
import { devices } from "./world.ts";

export interface Member {
  readonly ID: string;
  readonly name: string;
  readonly isLearner?: boolean;
}

type LabelledNode = NodeObject & {
  readonly metadata: { readonly uid: string; readonly labels: Readonly<Record<string, string>> };
};

/** etcd's cluster as its own API tells it (https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway/). */
interface EtcdCluster {
  readonly header: { readonly cluster_id: string };
  readonly members: readonly Member[];
}

async function etcdOn(server: string): Promise<EtcdCluster> {
  const tls = "/var/lib/rancher/rke2/server/tls/etcd";
  const files = `--cacert ${tls}/server-ca.crt --cert ${tls}/server-client.crt --key ${tls}/server-client.key`;
  const url = "https://127.0.0.1:2379/v3/cluster/member/list";
  const text = await run`ssh ${server} curl -sSf ${files} -d '{}' ${url}`;
  return JSON.parse(text) as EtcdCluster;
}

/** etcd's members, asked on a server. */
export const members = async (server = "proxmox-stone"): Promise<readonly Member[]> =>
  (await etcdOn(server)).members;

/** What tells a cluster from another under its name: etcd's id, asked on a server, and what Kubernetes is known by. */
export async function clusterOn(server: string): Promise<readonly [etcd: string, uid: string]> {
  const { header } = await etcdOn(server);
  const uid = "-o=jsonpath={.metadata.uid}";
  const kubectl = "/var/lib/rancher/rke2/bin/kubectl --kubeconfig /etc/rancher/rke2/rke2.yaml";
  return [header.cluster_id, await run`ssh ${server} ${kubectl} get namespace kube-system ${uid}`];
}

/** Everything about machines that tells one from the machine that takes its place; by name. A server is asked for etcd. */
export async function identities(server = "proxmox-stone") {
  const [vms, joined] = await Promise.all([machines("home"), devices()]);
  const seen = await nodes<LabelledNode>("home");
  const etcd = await members(server);
  const own = joined.filter(({ hostname }) => hostname.startsWith("proxmox-"));
  return {
    vm: new Map(vms.map(({ name, vmid, node, tags }) => [name, { vmid, host: node, tags }])),
    node: new Map(seen.map(({ metadata }) => [metadata.name, metadata.uid])),
    // RKE2 calls a member by its node's name and a random end.
    member: new Map(etcd.map(({ ID, name }) => [name.replace(/-[0-9a-f]+$/, ""), ID])),
    device: new Map(own.map(({ hostname, id }) => [hostname, id])),
    counts: [vms.length, seen.length, etcd.length, own.length],
    names: own.map(({ name }) => name.split(".")[0]).sort(),
    learners: etcd.filter(({ isLearner }) => isLearner === true).map(({ name }) => name),
    nodes: seen,
  };
}
