import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { runAsVisitor } from "../../lab/shell/inside.ts";
import { nodes } from "./cluster.ts";
import { attempt, kubectl, run } from "./command.ts";
import { eventually } from "./site.ts";
import { given, siteIsUp, switchedOn } from "./states.ts";

const clusterDns = "10.43.0.10";
const kubernetes = "kubernetes.default.svc.cluster.local";
const ask = readFileSync(new URL("../../components/dns/scripts/ask.sh", import.meta.url), "utf8");

/** The address that a server gives a machine for a name; empty where it gives none. */
async function fromMachine(machine: string, server: string, name: string): Promise<string> {
  const script = `${ask}\naddress_of ${server} ${name} || true`;
  const text = Buffer.from(script).toString("base64");
  return (await run`ssh ${machine} ${`echo ${text} | base64 -d | bash`}`).trim();
}

const lookup = `const { Resolver } = require("node:dns/promises");
const [server, name] = process.argv.slice(1);
const resolver = new Resolver({ timeout: 1000, tries: 2 });
resolver.setServers([server]);
resolver.resolve4(name).then((found) => console.log(found.join(" ")), (error) => console.log(error.code));`;

/** What a server gives a client on the LAN for a name: its address, or the resolver's word for none. */
const onLan = async (server: string, name: string): Promise<string> =>
  (await run`node -e ${lookup} -- ${server} ${name}`).trim();

interface Pod {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly nodeName: string };
  readonly status: { readonly podIP: string };
}

const caches = async (): Promise<readonly Pod[]> =>
  (
    await kubectl<{
      items: Pod[];
    }>`--context home get pods -n kube-system -l k8s-app=node-local-dns`
  ).items;

/** The questions that a pod of CoreDNS has been asked. */
async function questions(address: string, port: number): Promise<number> {
  const { code, stdout } = await attempt`curl -s --max-time 3 http://${address}:${port}/metrics`;
  if (code !== 0) return 0;
  return [...stdout.matchAll(/^coredns_dns_requests_total\{.*\} ([\d.e+]+)$/gm)]
    .map(([, count]) => Number(count))
    .reduce((sum, count) => sum + count, 0);
}

describe("DNS and names", () => {
  given(siteIsUp);
  // The lab's operator gives no nameserver of the tailnet that answers.
  switchedOn(["dns", "names"], "  homelab:dns: { tailnet: false }\n");

  describe("DNS in the cluster", () => {
    it("is answered on each node by the node's own cache, and by no other node's", async () => {
      const pods = await caches();
      assert.equal(pods.length, (await nodes("home")).length);
      for (const { spec, status } of pods) {
        const others = pods.filter((pod) => pod.spec.nodeName !== spec.nodeName);
        const count = async (): Promise<number> => questions(status.podIP, 9253);
        const [before, elsewhere] = [
          await count(),
          await Promise.all(others.map((pod) => questions(pod.status.podIP, 9253))),
        ];
        for (let i = 0; i < 5; i += 1)
          assert.equal(await fromMachine(spec.nodeName, clusterDns, kubernetes), "10.43.0.1");
        assert.ok((await count()) >= before + 5, spec.nodeName);
        const after = await Promise.all(others.map((pod) => questions(pod.status.podIP, 9253)));
        // Other pods ask on their own; five questions of one machine they are not.
        assert.ok(
          after.every((now, i) => now - (elsewhere[i] ?? 0) < 5),
          spec.nodeName,
        );
      }
    });

    it("knows the LAN's names too", async () => {
      assert.equal(await fromMachine("proxmox-vault", clusterDns, "nas.home.arpa"), "192.168.1.6");
    });

    it("is answered by the cluster's own DNS where the cache is gone", async () => {
      const away = [
        { op: "add", path: "/spec/template/spec/nodeSelector/homelab~1away", value: "yes" },
      ];
      const set = "daemonset/node-local-dns";
      await run`kubectl --context home -n kube-system patch ${set} --type json -p ${JSON.stringify(away)}`;
      try {
        await eventually(60, async () => {
          assert.equal((await caches()).length, 0);
        });
        assert.equal(await fromMachine("proxmox-vault", clusterDns, kubernetes), "10.43.0.1");
      } finally {
        const back = [{ op: "remove", path: "/spec/template/spec/nodeSelector/homelab~1away" }];
        await run`kubectl --context home -n kube-system patch ${set} --type json -p ${JSON.stringify(back)}`;
      }
      await run`kubectl --context home -n kube-system rollout status ${set} --timeout=120s`;
    });

    it("is redirected by a policy that cannot be changed, only replaced", async () => {
      const change = JSON.stringify({ spec: { redirectBackend: { toPorts: [] } } });
      const { code, stderr } =
        await attempt`kubectl --context home -n kube-system patch ciliumlocalredirectpolicy node-local-dns --type merge -p ${change}`;
      assert.notEqual(code, 0);
      assert.match(stderr, /immutable/);
    });
  });

  describe("names of the site", () => {
    const resolver = "10.96.0.53";
    const gateway = "192.168.1.1";

    it("are the same at its own DNS server, at the LAN's resolver and for the tailnet", async () => {
      for (const [name, address] of [
        ["api.home.arpa", "192.168.1.20"],
        ["stone.home.arpa", "192.168.1.11"],
        ["ns.home.arpa", resolver],
      ] as const) {
        assert.equal(await onLan(resolver, name), address);
        // What the stack says of them was loaded there, and the tailnet's split DNS asks there.
        await eventually(20, async () => {
          assert.equal(await onLan(gateway, name), address);
        });
      }
    });

    it("are all that its DNS server knows", async () => {
      assert.equal(await onLan(resolver, "nobody.home.arpa"), "ENOTFOUND");
      assert.equal(await onLan(resolver, "github.com"), "EREFUSED");
    });

    it("show the internet what is published, and nothing of the LAN", async () => {
      const found = async (name: string): Promise<number> =>
        (await runAsVisitor(["getent", "ahostsv4", name], { stdio: "capture" })).code;
      assert.equal(await found("typeo.example.net"), 0);
      assert.notEqual(await found("api.home.arpa"), 0);
      assert.notEqual(await found("proxmox-stone.home.arpa"), 0);
    });
  });
});
