import assert from "node:assert/strict";
import { roles } from "../../lab/shell/summary.ts";
import { expectSessions, learnedRoutes, nodes, readiness } from "./cluster.ts";
import { parseHuJson } from "../../components/tailnet/hujson.ts";
import { kubectl, refused, run } from "./command.ts";
import { expectNothingYet } from "./doctor.ts";
import { eventually, nothingToChange, setConfig, up } from "./site.ts";
import { given, labIsNew } from "./states.ts";
import { logIn, tailscale } from "./world.ts";

const acl = "tailnet/-/acl";
const adopt = "homelab:tailnet.policy.adopt";

describe("from nothing", () => {
  given(labIsNew);

  it("has a doctor who finds nothing wrong before the first up, and calls new what is not there yet", async () => {
    await expectNothingYet("home", "robbinsdale-connector-0");
  });

  // A tailnet that people use, under the policy that nobody ever edited.
  let phone: string;

  it("asks before it takes the default policy from who lives by it, and says whom that touches", async () => {
    phone = await logIn("family@example.net", "phone");
    const policy = await tailscale("GET", acl);
    const said = await refused`node scripts/preview.ts --stack home`;
    assert.match(said, /Tailscale's default policy/);
    assert.match(said, /touches 1 device of 1 user \(family@example\.net\)/);
    assert.match(said, /homelab:tailnet\.policy\.adopt: default/);
    assert.equal(await tailscale("GET", acl), policy);
    await setConfig(adopt, "default");
  });

  it("brings the home site up", async () => {
    await up("home");
  });

  it("has left people what they have among their own devices", async () => {
    const { grants } = parseHuJson(await tailscale("GET", acl)) as {
      readonly grants: readonly { readonly src: string[]; readonly dst: string[] }[];
    };
    const own = grants.find(({ dst }) => dst.includes("autogroup:self"));
    assert.deepEqual(own?.src, ["autogroup:member"]);
    await tailscale("DELETE", `device/${phone}`);
    await run`pulumi config rm --stack home --path ${adopt}`;
  });

  it("has four ready nodes with their names, addresses, versions and roles", async () => {
    const seen = (await nodes("home")).map((node) => ({
      name: node.metadata.name,
      roles: roles(node),
      version: node.status.nodeInfo.kubeletVersion,
      address: node.status.addresses.find(({ type }) => type === "InternalIP")?.address,
      ready: readiness(node),
    }));
    // Another suite of an earlier run may have given it another address, and a newer release.
    const own = await run`pulumi config get --stack home --path homelab:machines[0].address`;
    const release = await run`pulumi config get --stack home --path homelab:versions.rke2`;
    const server = { roles: "control-plane,etcd", version: release.trim(), ready: "True" };
    assert.deepEqual(seen, [
      { name: "proxmox-stone", ...server, address: own.trim() },
      { name: "proxmox-tank", ...server, address: "192.168.1.22" },
      { name: "proxmox-titan", ...server, address: "192.168.1.23" },
      { name: "proxmox-vault", ...server, roles: "agent", address: "192.168.1.24" },
    ]);
  });

  it("has four established BGP sessions, seen from both sides", async () => {
    await eventually(60, () => expectSessions("home", 4));
  });

  it("has taught the router every node's pods, and the service and load-balancer addresses", async () => {
    const { items } = await kubectl<{
      items: { metadata: { name: string }; spec: { ipam: { podCIDRs: string[] } } }[];
    }>`--context home get ciliumnodes`;
    assert.equal(items.length, 4);
    await run`kubectl --context home create service loadbalancer probe --tcp=80:80`;
    await eventually(30, async () => {
      const service = await kubectl<{
        spec: { clusterIP: string };
        status: { loadBalancer: { ingress?: { ip: string }[] } };
      }>`--context home get service probe`;
      const balancer = service.status.loadBalancer.ingress?.[0]?.ip;
      assert.match(balancer ?? "none", /^10\.96\./);
      const routes = await learnedRoutes("home");
      for (const { spec } of items) assert.ok(routes.includes(spec.ipam.podCIDRs[0] ?? "none"));
      assert.ok(routes.includes(`${service.spec.clusterIP}/32`), routes.join(" "));
      assert.ok(routes.includes(`${balancer}/32`), routes.join(" "));
    });
    await run`kubectl --context home delete service probe`;
  });

  it("has nothing to change", async () => {
    await run`pulumi up --yes --stack home --expect-no-changes --skip-preview`;
  });

  it("has nothing to change after looking at what really exists", async () => {
    await nothingToChange("home");
  });
});
