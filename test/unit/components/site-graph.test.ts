import assert from "node:assert/strict";
import { goldenGraph, type GraphNode } from "../../golden/graph.ts";

/** How the graph shows a secret: a digest instead of the value. */
const secretMark = /^\[secret [0-9a-f]{8}\]$/;

interface HookLists {
  readonly beforeCreate?: readonly string[];
  readonly beforeUpdate?: readonly string[];
}

describe("home site's graph", () => {
  let graph: readonly GraphNode[];
  const node = (name: string): GraphNode => {
    const found = graph.find((candidate) => candidate.name === name);
    assert.ok(found, `${name} is not in the graph`);
    return found;
  };
  const after = (name: string): string => (node(name).dependsOn ?? []).join(" ");
  before(async () => {
    graph = await goldenGraph("home");
  });

  it("joins servers one at a time, each after the one before it", () => {
    assert.match(after("proxmox-tank-admit-command"), /proxmox-stone-apply-command/);
    assert.match(after("proxmox-tank-apply-command"), /proxmox-tank-admit-command/);
    assert.match(after("proxmox-titan-admit-command"), /proxmox-tank-apply-command/);
    assert.match(after("proxmox-vault-admit-command"), /proxmox-titan-apply-command/);
  });

  it("asks a machine itself, by its own steps, before its former node is deleted", () => {
    for (const name of ["proxmox-tank", "proxmox-titan", "proxmox-vault"])
      assert.match(after(`${name}-admit-command`), new RegExp(`${name}-stage-command`));
  });

  it("makes the kubeconfig an output of the step that waits for the API and every node", () => {
    assert.match(after("kubernetes"), /home-kubeconfig-command/);
    assert.match(after("home-kubeconfig-command"), /proxmox-vault-apply-command/);
  });

  it("creates BGP resources only after Cilium's own kinds and all nodes are there", () => {
    assert.match(after("home-ready-command"), /Release cilium/);
    assert.match(after("CiliumBGPClusterConfig-router"), /home-ready-command/);
  });

  const commands = (): readonly GraphNode[] =>
    graph.filter((candidate) => candidate.type === "command:remote:Command");
  /** Runs also when the whole site goes. */
  const isDeparture = ({ name }: GraphNode): boolean =>
    /^(home-departure|rook-ceph-cluster-gone)-command$/.test(name);
  const runsAtDelete = (candidate: GraphNode): boolean =>
    /-(departure|dismiss|let-go|gone)-command$/.test(candidate.name);

  it("ties each step to its machine, so that a destroy connects nowhere but to say good-bye", () => {
    const steps = commands().filter((command) => !isDeparture(command));
    assert.equal(steps.length, 46);
    const departure = node("home-departure-command");
    assert.equal(departure.options?.["deletedWith"], undefined);
    assert.match(String((departure.inputs as { delete: unknown }).delete), /bash -s # departure/);
    for (const command of steps) {
      assert.match(String(command.options?.["deletedWith"]), /VmLegacy proxmox-\w+-vm/);
      assert.match((command.dependsOn ?? []).join(" "), /VmLegacy proxmox-\w+-vm/);
      assert.equal("delete" in (command.inputs as object), runsAtDelete(command));
    }
  });

  it("takes each machine out of the cluster by another server before it is destroyed, and after its labels", () => {
    const by: Readonly<Record<string, string>> = {
      ...{ stone: "tank", tank: "stone", titan: "stone", vault: "stone" },
    };
    for (const [host, other] of Object.entries(by)) {
      const { name, options, inputs } = node(`proxmox-${host}-dismiss-command`);
      assert.match(after(name), new RegExp(`VmLegacy proxmox-${host}-vm`));
      assert.match(String(options?.["deletedWith"]), new RegExp(`proxmox-${other}-vm$`));
      const { create, delete: atDelete } = inputs as { create: string; delete: string };
      assert.match(create, /^exec cat >\/dev\/null # dismiss/);
      assert.match(atDelete, new RegExp(`# dismiss proxmox-${host} on proxmox-${other}$`));
      assert.match(after(`proxmox-${host}-labels`), new RegExp(name));
    }
  });

  it("waits for SSH before each step and pins the host key in each connection", () => {
    for (const command of commands()) {
      const { beforeCreate = [], beforeUpdate = [] } = (command.options ?? {}) as HookLists;
      assert.match(beforeCreate[0] ?? "", /-ssh$/);
      assert.match(beforeUpdate[0] ?? "", /-ssh$/);
    }
  });

  it("gives each step a command without secrets, and its input as a secret", () => {
    for (const command of commands()) {
      const inputs = command.inputs as Record<string, unknown>;
      assert.match(
        String(inputs[runsAtDelete(command) ? "delete" : "create"]),
        /^exec timeout --kill-after=15 \d+ bash -s # [\w -]+$/,
      );
      assert.match(String(inputs["stdin"]), secretMark);
      assert.equal(inputs["addPreviousOutputInEnv"], false);
    }
  });

  it("hides the kubeconfig in state and while it is fetched", () => {
    const { inputs, options } = node("home-kubeconfig-command");
    assert.equal((inputs as Record<string, unknown>)["logging"], "none");
    assert.ok((options?.["secretOutputs"] as string[]).includes("stdout"));
    const { kubeconfig: shown, ...plain } = node("kubernetes").inputs as Record<string, unknown>;
    assert.match(String(shown), secretMark);
    assert.deepEqual(plain, {
      clusterIdentifier: "home",
      enableConfigMapMutable: "true",
      enableSecretMutable: "true",
    });
  });

  it("keeps host keys secret in the cloud-init documents", () => {
    const { sourceRaw } = node("proxmox-stone-user-data").inputs as { sourceRaw: unknown };
    const data = typeof sourceRaw === "string" ? sourceRaw : (sourceRaw as { data: unknown }).data;
    assert.match(String(data), secretMark);
  });

  it("deletes images and cloud-init documents before their replacements, which would be lost otherwise", () => {
    assert.equal(node("image-stone-file").options?.["deleteBeforeReplace"], true);
    assert.equal(node("proxmox-stone-user-data").options?.["deleteBeforeReplace"], true);
  });

  it("takes the pool from the pool, so that it outlives its machines", () => {
    assert.match(after("proxmox-stone-vm"), /PoolLegacy home-pool/);
  });

  it("asks no API but by the site's own providers, never by what this workstation is signed in to", () => {
    const own = /^(proxmoxve|kubernetes|tailscale|cloudflare):/;
    for (const { type, name, options } of graph.filter((one) => own.test(one.type))) {
      const provider = String(options?.["provider"]);
      assert.ok(type.startsWith(provider), `${name} is registered by ${provider}`);
    }
  });

  it("gives the providers their credentials as secrets", () => {
    const credentials: readonly [string, readonly string[]][] = [
      ["proxmox", ["apiToken"]],
      ["cloudflare", ["apiToken"]],
      ["tailscale", ["oauthClientId", "oauthClientSecret"]],
    ];
    for (const [provider, names] of credentials) {
      const found = graph.find(
        ({ type, name }) => type.startsWith("pulumi:providers:") && name === provider,
      );
      const inputs = (found?.inputs ?? {}) as Record<string, unknown>;
      for (const name of names)
        assert.match(String(inputs[name]), secretMark, `${provider} ${name}`);
    }
  });
});
