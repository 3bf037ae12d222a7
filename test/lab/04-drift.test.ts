import assert from "node:assert/strict";
import { ordersPlaced } from "./acme.ts";
import { node } from "./cluster.ts";
import { run } from "./command.ts";
import { eventually, machine, nothingToChange, proxmox, up } from "./site.ts";
import { given, siteIsUp } from "./states.ts";
import { cloudflare, tailscale, typeoRecord, visit } from "./world.ts";

interface Tunnel {
  readonly id: string;
  readonly name: string;
}
interface Application {
  readonly id: string;
  readonly domain: string;
}
interface Ingress {
  readonly config: { readonly ingress: readonly { readonly hostname?: string }[] };
}

const zone = "topology.kubernetes.io/zone";

const name = "proxmox-vault";

async function memory(): Promise<number> {
  const { path } = await machine(name);
  return Number((await proxmox<{ memory: string }>("home", `${path}/config`)).memory);
}

async function configuration(): Promise<string> {
  const tunnels = await cloudflare<Tunnel[]>("GET", "accounts/{a}/cfd_tunnel?is_deleted=false");
  const [tunnel] = tunnels;
  assert.ok(tunnel, "there is no tunnel");
  return `accounts/{a}/cfd_tunnel/${tunnel.id}/configurations`;
}

/** What was there before it was changed by hand. */
const original: {
  memory?: number;
  disk?: string | undefined;
  record?: string;
  ingress?: number;
  policy?: string;
  pair?: string;
  orders?: number;
} = {};

/** The public zone's certificate with its key, as the gateway has them. */
const pair = async (): Promise<string> =>
  run`kubectl --context home -n certificates get secret example-net-tls -o ${"jsonpath={.data}"}`;

/** A disk of somebody's own in a machine; undefined where it has none. */
async function foreignDisk(): Promise<string | undefined> {
  const { path } = await machine(name);
  return (await proxmox<{ scsi7?: string }>("home", `${path}/config`)).scsi7;
}

describe("what was changed by hand", () => {
  given(siteIsUp);

  after(async () => {
    const { path } = await machine(name);
    for (const key of ["scsi7", "unused0"])
      await proxmox("home", `${path}/config?delete=${key}`, "PUT");
  });

  it("is Access in front of a name, whose requests the tunnel then refuses by itself", async () => {
    const all = await cloudflare<Application[]>("GET", "accounts/{a}/access/apps");
    const application = all.find(({ domain }) => domain === "typeo.example.net");
    assert.ok(application, "there is no application");
    await cloudflare("DELETE", `accounts/{a}/access/apps/${application.id}`);
    await eventually(30, async () => {
      assert.equal((await visit("https://typeo.example.net/")).status, 403);
    });
  });

  it("is a machine's memory, a record, the tunnel's ingress, the policy and a label", async () => {
    const { path: vault } = await machine(name);
    original.memory = await memory();
    await proxmox("home", `${vault}/config?memory=6144`, "PUT");
    assert.equal(await memory(), 6144);
    await proxmox("home", `${vault}/config?scsi7=local-lvm:4`, "PUT");
    original.disk = await foreignDisk();
    assert.match(original.disk ?? "", /^local-lvm:vm-124-disk-\d+,size=4G$/);

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

    await run`kubectl --context home label node ${name} ${zone}=elsewhere --overwrite`;
  });

  it("is a certificate that is gone with its Secret, as after a cluster that is lost", async () => {
    original.pair = await pair();
    original.orders = await ordersPlaced();
    // Without its Certificate nobody orders for a Secret that is missing.
    for (const object of ["certificate/example-net", "secret/example-net-tls"])
      await run`kubectl --context home -n certificates delete ${object} --timeout=60s`;
  });

  it("is shown by a preview that looks at what really exists", async () => {
    const text = await run`pulumi preview --stack home --refresh --diff`;
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
    await up("home", "--refresh");
    assert.equal(await memory(), original.memory);
    // The provider takes away what it does not know as soon as it writes the machine's disks.
    assert.equal(await foreignDisk(), original.disk);
    assert.equal((await typeoRecord()).content, original.record);
    const { config } = await cloudflare<Ingress>("GET", await configuration());
    assert.equal(config.ingress.length, original.ingress);
    assert.equal(await tailscale("GET", "tailnet/-/acl"), original.policy);
    assert.equal((await visit("https://typeo.example.net/")).status, 302);
    assert.equal((await node(name)).metadata.labels?.[zone], (await machine(name)).node);
    // What 1Password kept is there again, and Let's Encrypt was asked for nothing.
    assert.equal(await pair(), original.pair);
    assert.equal(await ordersPlaced(), original.orders);
    await nothingToChange("home");
  });
});
