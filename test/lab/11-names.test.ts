import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { runAsVisitor } from "../../lab/shell/inside.ts";
import { nodes } from "./cluster.ts";
import { attempt, kubectl, refused, run } from "./command.ts";
import { gatewayAddress, routed, siteIsRouted } from "./gateway.ts";
import { eventually, nothingToChange } from "./site.ts";
import { given } from "./states.ts";
import { cloudflare, tailscale } from "./world.ts";

const clusterDns = "10.43.0.10";
const kubernetes = "kubernetes.default.svc.cluster.local";
const ask = readFileSync(new URL("../../components/dns/scripts/ask.sh", import.meta.url), "utf8");

/** What a machine is told of a name at the address of the cluster's DNS, asked so many times: each answer once. */
async function fromMachine(machine: string, name: string, times = 1): Promise<string> {
  const script = `${ask}\nfor _ in $(seq ${times}); do address_of ${clusterDns} ${name} || echo none; done | sort -u`;
  const text = Buffer.from(script).toString("base64");
  return (await run`ssh ${machine} ${`echo ${text} | base64 -d | bash`}`).trim();
}

interface Pod {
  readonly spec: { readonly nodeName: string };
  readonly status: { readonly podIP: string };
}

/** Pods of kube-system by their label, with the port of their figures. */
const pods = async (app: string): Promise<readonly Pod[]> =>
  (await kubectl<{ items: Pod[] }>`--context home get pods -n kube-system -l k8s-app=${app}`).items;
const caches = { app: "node-local-dns", metrics: 9253 } as const;
const coredns = { app: "kube-dns", metrics: 9153 } as const;

/** The questions that a pod of CoreDNS has been asked. */
async function questions({ status }: Pod, port: number): Promise<number> {
  const text = await run`curl -sS --max-time 3 http://${status.podIP}:${port}/metrics`;
  return [...text.matchAll(/^coredns_dns_requests_total\{.*\} ([\d.e+]+)$/gm)]
    .map(([, count]) => Number(count))
    .reduce((sum, count) => sum + count, 0);
}

const all = async ({ app, metrics }: typeof caches | typeof coredns) =>
  Promise.all(
    (await pods(app)).map(
      async (pod) => [pod.spec.nodeName, await questions(pod, metrics)] as const,
    ),
  );

/** More than the pods of a quiet cluster ask meanwhile. */
const many = 60;

describe("DNS in the cluster", () => {
  given(siteIsRouted);

  it("is answered on each node by the node's own cache, and by no other", async () => {
    assert.equal((await pods(caches.app)).length, (await nodes("home")).length);
    for (const { metadata } of await nodes("home")) {
      const before = new Map(await all(caches));
      const cluster = await all(coredns);
      assert.equal(await fromMachine(metadata.name, kubernetes, many), "10.43.0.1");
      for (const [node, count] of await all(caches)) {
        const more = count - (before.get(node) ?? 0);
        assert.equal(more >= many, node === metadata.name, `${node} was asked ${more} times`);
      }
      const sum = (counts: typeof cluster): number =>
        counts.reduce((all, [, count]) => all + count, 0);
      assert.ok(sum(await all(coredns)) - sum(cluster) < many, "the cluster's DNS was asked too");
    }
  });

  it("knows the LAN's names too", async () => {
    assert.equal(await fromMachine("proxmox-vault", "nas.home.arpa"), "192.168.1.6");
    assert.equal(await fromMachine("proxmox-vault", routed.own), gatewayAddress);
  });

  it("is answered by the cluster's own DNS where the cache is gone", async () => {
    const set = "daemonset/node-local-dns";
    const path = "/spec/template/spec/nodeSelector/homelab~1away";
    const patch = async (op: object): Promise<string> =>
      run`kubectl --context home -n kube-system patch ${set} --type json -p ${JSON.stringify([op])}`;
    await patch({ op: "add", path, value: "yes" });
    try {
      await eventually(60, async () => {
        assert.deepEqual(await pods(caches.app), []);
      });
      const before = await all(coredns);
      assert.equal(await fromMachine("proxmox-vault", kubernetes, many), "10.43.0.1");
      const more = (await all(coredns)).map(([, count], i) => count - (before[i]?.[1] ?? 0));
      assert.ok(
        more.reduce((sum, count) => sum + count, 0) >= many,
        `it was asked ${more.join(" and ")} times`,
      );
    } finally {
      await patch({ op: "remove", path });
    }
    await run`kubectl --context home -n kube-system rollout status ${set} --timeout=120s`;
  });

  it("is redirected by a policy that cannot be changed, only replaced", async () => {
    const change = JSON.stringify({ spec: { redirectBackend: { toPorts: [] } } });
    const policy = "ciliumlocalredirectpolicy/node-local-dns";
    const said =
      await refused`kubectl --context home -n kube-system patch ${policy} --type merge -p ${change}`;
    assert.match(said, /immutable/);
  });
});

const lookup = `const { Resolver } = require("node:dns/promises");
const [server, ...names] = process.argv.slice(1);
const resolver = new Resolver({ timeout: 1000, tries: 2 });
resolver.setServers([server]);
(async () => {
  for (const name of names)
    console.log(name, await resolver.resolve4(name).then((found) => found.join(), ({ code }) => code));
})();`;

/** What a server tells a client on the LAN of names: an address or the resolver's word for none, in lines. */
const onLan = async (server: string, names: readonly string[]): Promise<string> =>
  run`node -e ${lookup} -- ${server} ${names}`;

describe("names of the site", () => {
  given(siteIsRouted);

  const resolver = "10.96.0.53";
  let names: readonly string[];
  /** Names with their addresses, a line each. */
  let list: readonly string[];
  const inDomain = (line: string): boolean => /^\S+\.home\.arpa( |$)/.test(line);

  before(async () => {
    const text = await run`pulumi stack output names --json --stack home`;
    const { records } = JSON.parse(text) as { records: { dnsmasq: string } };
    const found = [...records.dnsmasq.matchAll(/^host-record=([^,]+),(\S+)$/gm)];
    names = found.map(([, name = ""]) => name);
    list = found.map(([, name = "", address = ""]) => `${name} ${address}`);
    for (const line of [
      "api.home.arpa 192.168.1.20",
      `ns.home.arpa ${resolver}`,
      `${routed.own} ${gatewayAddress}`,
      `${routed.zone} ${gatewayAddress}`,
    ])
      assert.ok(list.includes(line), line);
  });

  it("are the same at the site's own DNS server and at the LAN's resolver", async () => {
    const expected = `${list.join("\n")}\n`;
    assert.equal(await onLan(resolver, names), expected);
    // A person loads there what the stack says of them.
    await eventually(20, async () => {
      assert.equal(await onLan("192.168.1.1", names), expected);
    });
  });

  it("are the same in the tailnet, by the server of its split DNS and the connector that leads there", async () => {
    const split = JSON.parse(await tailscale("GET", "tailnet/-/dns/split-dns")) as unknown;
    const { "home.arpa": servers, ...others } = split as Record<string, readonly string[]>;
    assert.deepEqual(others, {}, "the tailnet is told of another domain");
    const { items } = await kubectl<{
      items: { status: { podIP: string }; metadata: { name: string } }[];
    }>`--context home get pods -n tailscale`;
    const connector = items.find(({ metadata }) => metadata.name.startsWith("ts-"));
    const [server] = servers ?? [];
    assert.ok(connector && server);
    const proxy = `${connector.status.podIP}:41641`;
    const found = await run`node test/lab/lookups.ts ${proxy} ${server} ${names.filter(inDomain)}`;
    assert.equal(found, `${list.filter(inDomain).join("\n")}\n`);
  });

  it("are all that its DNS server knows", async () => {
    assert.equal(
      await onLan(resolver, ["nobody.home.arpa", "github.com"]),
      "nobody.home.arpa ENOTFOUND\ngithub.com EREFUSED\n",
    );
  });

  it("show the internet what is published, and no name and no address of the LAN", async () => {
    interface Record {
      readonly type: string;
      readonly name: string;
      readonly content: string;
    }
    const records = await cloudflare<Record[]>("GET", "zones/{z}/dns_records");
    assert.deepEqual(records.map(({ type, name }) => `${type} ${name}`).sort(), [
      `CNAME ${routed.internet}`,
      "CNAME typeo.example.net",
    ]);
    const loop = 'for name; do getent ahostsv4 "$name" >/dev/null && echo "$name"; done; true';
    const published = ["typeo.example.net", routed.internet];
    const command = ["sh", "-c", loop, "-", ...names, ...published];
    const { stdout } = await runAsVisitor(command, { stdio: "capture" });
    assert.equal(stdout, `${published.join("\n")}\n`);
  });

  it("lead from the LAN where they lead the internet, unless a route is at home", async () => {
    const { stdout } = await attempt`getent ahostsv4 typeo.example.net`;
    const outside = await runAsVisitor(["getent", "ahostsv4", "typeo.example.net"], {
      stdio: "capture",
    });
    const first = (text: string): string | undefined => text.split(/\s/)[0];
    assert.equal(first(stdout), first(outside.stdout));
  });

  it("leave nothing to change", async () => {
    await nothingToChange("home");
  });
});
