import assert from "node:assert/strict";
import { kubectl, proxmox, run } from "./site.ts";
import { cloudflare, tailscale } from "./world.ts";

interface Tunnel {
  readonly id: string;
  readonly name: string;
}
interface DnsRecord {
  readonly id: string;
  readonly name: string;
  readonly content: string;
}
interface Ingress {
  readonly config: { readonly ingress: readonly { readonly hostname?: string }[] };
}

const zone = "topology.kubernetes.io/zone";

const memory = async (): Promise<number> =>
  Number((await proxmox<{ memory: string }>("home", "nodes/vault/qemu/124/config")).memory);

async function typeoRecord(): Promise<DnsRecord> {
  const records = await cloudflare<DnsRecord[]>("GET", "zones/{z}/dns_records");
  const found = records.find(({ name }) => name === "typeo.example.net");
  assert.ok(found, "typeo.example.net has no record");
  return found;
}

async function configuration(): Promise<string> {
  const tunnels = await cloudflare<Tunnel[]>("GET", "accounts/{a}/cfd_tunnel?is_deleted=false");
  const [tunnel] = tunnels;
  assert.ok(tunnel, "there is no tunnel");
  return `accounts/{a}/cfd_tunnel/${tunnel.id}/configurations`;
}

async function zoneOf(node: string): Promise<string | undefined> {
  const { metadata } = await kubectl<{ metadata: { labels: Record<string, string> } }>(
    "home",
    "get",
    "node",
    node,
  );
  return metadata.labels[zone];
}

/** What was there before it was changed by hand. */
const original: { record?: string; ingress?: number; policy?: string } = {};

describe("what was changed by hand", () => {
  it("is a machine's memory, a record, the tunnel's ingress, the policy and a label", async () => {
    await proxmox("home", "nodes/vault/qemu/124/config?memory=6144", "PUT");
    assert.equal(await memory(), 6144);

    const record = await typeoRecord();
    original.record = record.content;
    await cloudflare("PATCH", `zones/{z}/dns_records/${record.id}`, {
      content: "elsewhere.example.net",
    });

    const path = await configuration();
    const { config } = await cloudflare<Ingress>("GET", path);
    original.ingress = config.ingress.length;
    assert.ok(original.ingress > 1);
    await cloudflare("PUT", path, { config: { ingress: [{ service: "http_status:503" }] } });

    original.policy = await tailscale("GET", "tailnet/-/acl");
    await tailscale("POST", "tailnet/-/acl", `// by hand\n${original.policy}`);

    await run(
      ...["kubectl", "--context", "home", "label", "node", "proxmox-vault", `${zone}=elsewhere`],
      "--overwrite",
    );
  });

  it("is shown by a preview that looks at what really exists", async () => {
    const text = await run("pulumi", "preview", "--stack", "home", "--refresh", "--diff");
    for (const changed of [
      /memory/,
      /DnsRecord|dnsRecord/,
      /ingress/i,
      /tailscale:index\/acl:Acl/,
      /topology\.kubernetes\.io\/zone/,
    ])
      assert.match(text, changed);
  });

  it("is repaired by an up that looks first", async () => {
    await run("node", "scripts/up.ts", "--stack", "home", "--refresh");
    assert.equal(await memory(), 8192);
    assert.equal((await typeoRecord()).content, original.record);
    const { config } = await cloudflare<Ingress>("GET", await configuration());
    assert.equal(config.ingress.length, original.ingress);
    assert.equal(await tailscale("GET", "tailnet/-/acl"), original.policy);
    assert.equal(await zoneOf("proxmox-vault"), "vault");
    await run("pulumi", "preview", "--stack", "home", "--refresh", "--expect-no-changes");
  });
});
