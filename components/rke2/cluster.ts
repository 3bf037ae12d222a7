import {
  all,
  ComponentResource,
  type ComponentResourceOptions,
  type Output,
  type Resource,
  type ResourceHook,
} from "@pulumi/pulumi";
import { RandomPassword } from "@pulumi/random/randomPassword.js";
import { memoryMiB } from "../machine.ts";
import { RemoteStep, type RemoteStepArgs } from "../remote/remote-step.ts";
import { nodeTaints, releaseUrl } from "./config.ts";
import { dismissal } from "./dismissal.ts";
import { nodeParameters, type ClusterNode, type NodeSettings } from "./node-parameters.ts";
import { drainHook, releaseHook } from "./release-hook.ts";
import { firstEnd } from "./renewal.ts";
import { scripts } from "./scripts.ts";

export interface Rke2ClusterArgs extends NodeSettings {
  /** Machines that run the control plane: 1, 3, 5 or 7, or in between while they leave. The first begins the cluster. */
  readonly servers: readonly [ClusterNode, ...ClusterNode[]];
  readonly agents: readonly ClusterNode[];
}

/** How long one node may take to come up, with the download of images and its waits for etcd, the API and the address, in seconds. */
const nodeSeconds = 5400;

/** An RKE2 cluster on machines that are reachable over SSH. Its kubeconfig is there once every node has registered. */
export class Rke2Cluster extends ComponentResource {
  /** Administrator's kubeconfig that points at the control plane's address; secret. */
  readonly kubeconfig: Output<string>;
  /** What servers join with, and what a snapshot's secrets are encrypted with; secret. */
  readonly serverToken: Output<string>;
  /** By node name: the step that takes the node out of the cluster when its machine leaves the site. */
  readonly dismissals: ReadonlyMap<string, Resource>;
  /** When the first of the nodes' certificates ends, RFC 3339. */
  readonly certificatesEnd: Output<string>;
  readonly #args: Rke2ClusterArgs;
  readonly #agentToken: Output<string>;
  /** By node name. A machine built anew must show the password that the cluster knows for its name. */
  readonly #nodePasswords: ReadonlyMap<string, Output<string>>;
  /** What the nodes print of their certificates. */
  readonly #ends: Output<string>[] = [];

  constructor(name: string, args: Rke2ClusterArgs, opts?: ComponentResourceOptions) {
    super("homelab:rke2:Cluster", name, {}, opts);
    this.#args = args;
    this.serverToken = this.token(`${name}-server-token`, 48);
    this.#agentToken = this.token(`${name}-agent-token`, 48);
    this.#nodePasswords = new Map(
      [...args.servers, ...args.agents].map((node) => [
        node.name,
        this.token(`${node.name}-node-password`, 32),
      ]),
    );
    this.dismissals = new Map(
      [...args.servers, ...args.agents].map((node) => [
        node.name,
        dismissal(node, args.servers, this),
      ]),
    );
    const staged = this.stage();
    const servers = this.raiseServers(staged);
    const joined = this.joinAgents(staged, servers);
    const settled = this.settleAgents(joined, servers);
    this.setTaints(name, settled);
    this.kubeconfig = this.fetchKubeconfig(name, settled);
    this.certificatesEnd = all(this.#ends).apply(firstEnd);
    this.registerOutputs({ kubeconfig: this.kubeconfig });
  }

  private token(name: string, length: number): Output<string> {
    return new RandomPassword(name, { length, special: false }, { parent: this }).result;
  }

  /** Prepares all machines and downloads the release to them, each on its own; nothing restarts. */
  private stage(): ReadonlyMap<string, Resource> {
    const { version, profile = "" } = this.#args.cluster;
    const url = releaseUrl(version);
    return new Map(
      [...this.#args.servers, ...this.#args.agents].map((node) => {
        const prepared = this.step(node, "prepare", {
          script: scripts.prepare,
          parameters: {
            MEMORY_MIB: String(memoryMiB(node)),
            DISK_GIB: String(node.diskGiB),
            RELEASE_URL: `${url}/sha256sum-amd64.txt`,
            PROFILE: profile,
            DEVICES: [...node.pci, ...node.usb].join(" "),
          },
        }).done;
        const staged = this.step(
          node,
          "stage",
          {
            script: scripts.stage,
            parameters: { VERSION: version, RELEASE_URL: url, RENEWS: this.#args.renews },
          },
          [prepared],
        ).done;
        return [node.name, staged];
      }),
    );
  }

  /** One server after the other, each once the one before it is a voting member and answers; returns the last. */
  private raiseServers(staged: ReadonlyMap<string, Resource>): Resource {
    const [first, ...further] = this.#args.servers;
    const asked = this.askForCluster(first, further, known(staged, first));
    // No unit restarts while a machine does.
    const machines = [...this.#args.servers, ...this.#args.agents]
      .filter(({ stands }) => stands)
      .map(({ vm }) => vm);
    let last = this.node(first, "apply", [...known(staged, first), ...machines], asked);
    for (const server of further) {
      const { done } = this.admit(server, first, [...known(staged, server), last]);
      last = this.node(server, "apply", [done]);
    }
    return last;
  }

  private joinAgents(
    staged: ReadonlyMap<string, Resource>,
    servers: Resource,
  ): ReadonlyMap<string, Resource> {
    return new Map(
      this.#args.agents.map((agent) => [
        agent.name,
        this.node(agent, "join", [
          this.admit(agent, this.#args.servers[0], [...known(staged, agent), servers]).done,
        ]),
      ]),
    );
  }

  /** Changed settings reach the agents one after the other; on fresh ones there is nothing left to do. */
  private settleAgents(joined: ReadonlyMap<string, Resource>, servers: Resource): Resource {
    return this.#args.agents.reduce(
      (previous, agent) => this.node(agent, "apply", [...known(joined, agent), previous]),
      servers,
    );
  }

  /**
   * Whether the first server joins a cluster or begins one: another server knows, and lets it in. One that is there is
   * asked where the first is built now; when all are new, there is nobody who knows of a cluster.
   */
  private askForCluster(
    first: ClusterNode,
    further: readonly ClusterNode[],
    after: readonly Resource[],
  ): RemoteStep | undefined {
    const other = further.find((server) => !first.stands && knows(server)) ?? further[0];
    return other === undefined ? undefined : this.admit(first, other, after);
  }

  /**
   * The joiner itself has been asked by then: its own steps refuse to take a machine that was installed before for one
   * that is new, and only then does anybody delete the node of its name.
   */
  private admit(joiner: ClusterNode, on: ClusterNode, after: readonly Resource[]): RemoteStep {
    return new RemoteStep(
      `${joiner.name}-admit`,
      {
        machine: on,
        title: `admit ${joiner.name} on`,
        script: scripts.admit,
        parameters: { JOINER: joiner.name, JOINER_GENERATION: joiner.generation },
        limitSeconds: 1500,
        after,
      },
      { parent: this },
    );
  }

  /** `asked` told the first server whether there is a cluster; all others join. */
  private node(
    node: ClusterNode,
    mode: "join" | "apply",
    after: readonly Resource[],
    asked?: RemoteStep,
  ): Resource {
    const first = node.name === this.#args.servers[0].name;
    const told = asked?.stdout.apply((said) => (said === "cluster" ? "yes" : "no")) ?? "no";
    const secrets = {
      server: this.serverToken,
      agent: this.#agentToken,
      password: this.#nodePasswords.get(node.name) ?? "",
    };
    const step = this.step(
      node,
      mode,
      {
        script: scripts.node,
        parameters: nodeParameters(this.#args, node, mode, secrets, first ? told : "yes"),
        tellsAgain: node.role === "server" && mode === "apply",
        hooks: mode === "apply" ? this.release(node) : [],
      },
      asked === undefined ? after : [...after, asked.done],
    );
    if (mode === "apply") this.#ends.push(step.stdout);
    return step.done;
  }

  /** What was applied last is what a node runs: a join leaves a node that has joined as it is. */
  private release(node: ClusterNode): readonly ResourceHook[] {
    const { cluster, servers } = this.#args;
    const away = servers.filter(({ offline }) => offline).map(({ name }) => name);
    const [name, change] = [`${node.name}-apply`, { node, version: cluster.version, away }];
    const judged = releaseHook(name, change);
    return node.role === "server" ? [judged] : [judged, drainHook(name, change, servers[0])];
  }

  private step(
    node: ClusterNode,
    title: string,
    args: Pick<RemoteStepArgs, "script" | "parameters" | "tellsAgain" | "hooks">,
    after: readonly Resource[] = [],
  ): RemoteStep {
    return new RemoteStep(
      `${node.name}-${title}`,
      { machine: node, title, limitSeconds: nodeSeconds, after, ...args },
      { parent: this },
    );
  }

  /** Of all nodes in one step: those that register have their taints already. */
  private setTaints(name: string, after: Resource): void {
    const { servers, agents } = this.#args;
    const nodes = [...servers, ...agents];
    new RemoteStep(
      `${name}-taints`,
      {
        machine: servers[0],
        title: "taints",
        script: scripts.taints,
        parameters: {
          TAINTS: nodes.map((node) => [node.name, ...nodeTaints(node)].join(" ")).join("\n"),
          // Not read: what a node remembers of its taints goes with its machine.
          GENERATIONS: nodes.map((node) => node.generation).join(" "),
        },
        limitSeconds: 1800,
        after: [after],
      },
      { parent: this },
    );
  }

  private fetchKubeconfig(name: string, after: Resource): Output<string> {
    const { cluster, servers, agents, renews } = this.#args;
    return new RemoteStep(
      `${name}-kubeconfig`,
      {
        machine: servers[0],
        title: "kubeconfig",
        script: scripts.kubeconfig,
        parameters: {
          VIP: cluster.vip,
          NODES: [...servers, ...agents].map((node) => node.name).join(" "),
          SITE: cluster.site,
          VERSION: cluster.version,
          RENEWS: renews,
        },
        limitSeconds: nodeSeconds,
        secretOutput: true,
        after: [after],
      },
      { parent: this },
    ).stdout;
  }
}

/** Whether a server was there before this run and can be asked. */
function knows({ stands, offline }: ClusterNode): boolean {
  return stands && !offline;
}

function known(steps: ReadonlyMap<string, Resource>, node: ClusterNode): readonly Resource[] {
  const step = steps.get(node.name);
  if (step === undefined) throw new Error(`no step was planned for ${node.name}`);
  return [step];
}
