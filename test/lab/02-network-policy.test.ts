import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { attempt, kubectl, paths, run } from "./command.ts";
import { eventually } from "./site.ts";
import { given, siteIsUp } from "./states.ts";

/** The site's own pods, as far as they have a network of their own, and what is around them. */
interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec: { readonly nodeName: string };
  readonly status: {
    readonly podIP?: string;
    readonly phase: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

const image = "registry.k8s.io/e2e-test-images/agnhost:2.53";

/** Pods with the labels of the site's, which its policies cannot tell from them, and one that none selects. */
const asked = {
  typeo: { namespace: "typeo", labels: { "app.kubernetes.io/name": "typeo" } },
  cloudflared: { namespace: "cloudflared", labels: { "app.kubernetes.io/name": "cloudflared" } },
  connector: {
    namespace: "tailscale",
    labels: { "tailscale.com/managed": "true", "tailscale.com/parent-resource-type": "connector" },
  },
  impostor: { namespace: "default", labels: { "app.kubernetes.io/name": "cloudflared" } },
} as const;

type Asked = keyof typeof asked;

const labelled = ({ metadata }: Pod, key: string, value: string): boolean =>
  metadata.labels?.[key] === value;

const proxyOf =
  (gateway: string) =>
  (one: Pod): boolean =>
    labelled(one, "gateway.envoyproxy.io/owning-gateway-name", gateway);

const name = (which: Asked): string => `policy-${which}`;

/** A pod that answers over HTTP at the ports that the table asks about. */
function manifest(which: Asked, nodeName: string): object {
  const { namespace, labels } = asked[which];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: name(which), namespace, labels: { ...labels, asked: which } },
    spec: {
      nodeName,
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 1,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 65534,
        seccompProfile: { type: "RuntimeDefault" },
      },
      containers: [2000, 8080, 9090].map((port) => ({
        name: `port-${port}`,
        image,
        args: ["netexec", `--http-port=${port}`, "--udp-port=-1"],
        readinessProbe: { httpGet: { path: "/", port }, periodSeconds: 1 },
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
      })),
    },
  };
}

/** The Service of the typeo pod, whose address leads past Access as its own does. */
const service = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "policy-typeo", namespace: "typeo" },
  spec: { selector: { asked: "typeo" }, ports: [{ port: 80, targetPort: 8080 }] },
};

/** A TCP connection that somebody tries. */
interface Question {
  readonly from: string;
  readonly to: string;
  readonly port: number;
}

/** Answer of the network: a connection, somebody's refusal, or nothing at all. */
type Answer = "connected" | "refused" | "silent";

function answerOf(code: number): Answer {
  if (code === 0) return "connected";
  return code === 124 ? "silent" : "refused";
}

const patience = 4;

/** A shell's text that tries all at once and tells for each how it ended. */
const attempts = (ways: readonly string[]): string =>
  [
    ...ways.map(
      (way, index) =>
        `(code=0; timeout ${patience} bash -c 'exec 3<>/dev/tcp/${way}' 2>/dev/null || code=$?; echo ${index} $code) &`,
    ),
    "wait",
  ].join("\n");

describe("network policy in force", () => {
  given(siteIsUp);

  let pods: readonly Pod[] = [];
  let machines: Readonly<Record<string, string>> = {};
  let clusterIP = "";

  before("pods that are asked about", async () => {
    const nodes = await kubectl<{
      items: {
        metadata: { name: string };
        status: { addresses: { type: string; address: string }[] };
      }[];
    }>`--context home get nodes`;
    machines = Object.fromEntries(
      nodes.items.map(({ metadata, status }) => [
        metadata.name,
        status.addresses.find(({ type }) => type === "InternalIP")?.address ?? "",
      ]),
    );
    const names = Object.keys(machines).sort();
    const items = [
      service,
      ...(Object.keys(asked) as Asked[]).map((which, index) =>
        manifest(which, names[index % names.length] ?? ""),
      ),
    ];
    const file = join(paths.run, "policy-pods.json");
    await writeFile(file, JSON.stringify({ apiVersion: "v1", kind: "List", items }));
    await run`kubectl --context home apply -f ${file}`;
    await eventually(120, async () => {
      pods = (await kubectl<{ items: Pod[] }>`--context home get pods -A`).items;
      const ready = pods.filter(
        ({ metadata, status }) =>
          metadata.labels?.["asked"] !== undefined &&
          status.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True"),
      );
      assert.equal(ready.length, Object.keys(asked).length);
    });
    const made = await kubectl<{
      spec: { clusterIP: string };
    }>`--context home get service -n typeo policy-typeo`;
    clusterIP = made.spec.clusterIP;
  });

  after("those pods go", async () => {
    await run`kubectl --context home delete -f ${join(paths.run, "policy-pods.json")} --wait=false`;
  });

  function pod(word: string): Pod {
    const chosen: Readonly<Record<string, (one: Pod) => boolean>> = {
      "lan-envoy": proxyOf("lan"),
      "public-envoy": proxyOf("public"),
      "site-dns": (one) =>
        one.metadata.namespace === "names" && labelled(one, "app.kubernetes.io/name", "resolver"),
      dns: (one) =>
        one.metadata.namespace === "kube-system" && labelled(one, "k8s-app", "kube-dns"),
      webhook: (one) =>
        one.metadata.namespace === "cert-manager" &&
        labelled(one, "app.kubernetes.io/component", "webhook"),
    };
    const wanted = chosen[word] ?? (({ metadata }) => metadata.labels?.["asked"] === word);
    const found = pods.find((one) => one.status.phase === "Running" && wanted(one));
    assert.ok(found?.status.podIP, `there is no pod ${word}`);
    return found;
  }

  const own = (word: string): string => machines[pod(word).spec.nodeName] ?? "";

  /** Address of a word of the table; machines are told from the pod that they are asked about, or that asks. */
  function addressOf(to: string, from: string): string {
    const fixed: Readonly<Record<string, string>> = {
      proxmox: "192.168.1.11",
      router: "192.168.1.1",
      vip: "192.168.1.20",
      internet: "1.1.1.1",
      "typeo-service": clusterIP,
    };
    if (to === "machine") return Object.values(machines).find((one) => one !== own(from)) ?? "";
    if (to === "own-machine") return own(from);
    return fixed[to] ?? pod(to).status.podIP ?? "";
  }

  /** Tries the connections of one asker at once. */
  async function ask(from: string, to: readonly Question[]): Promise<readonly Answer[]> {
    const text = attempts(to.map((each) => `${addressOf(each.to, from)}/${each.port}`));
    let lines: string;
    if (from === "laptop") lines = await run`bash -c ${text}`;
    else {
      const { metadata, spec } = pod(from);
      const inside = `nsenter --net=/run/netns/cni-${metadata.uid} bash -s`;
      lines = await run`ssh ${spec.nodeName} ${`${inside} <<'EOF'\n${text}\nEOF`}`;
    }
    const codes = new Map(lines.split("\n").map((line) => line.split(" ") as [string, string]));
    return to.map((_, index) => answerOf(Number(codes.get(String(index)))));
  }

  const questions = (answer: "yes" | "no", table: string): readonly Question[] =>
    table
      .trim()
      .split("\n")
      .map((line) => {
        const [says, from = "", to = "", port] = line.trim().split(/\s+/);
        return { says, from, to, port: Number(port) };
      })
      .filter(({ says }) => says === answer);

  async function expectAll(table: string): Promise<void> {
    const [yes, no] = [questions("yes", table), questions("no", table)];
    const askers = [...new Set([...yes, ...no].map(({ from }) => from))];
    const wrong = await Promise.all(
      askers.map(async (from) => {
        const of = ({ from: one }: Question): boolean => one === from;
        const [passing, held] = [yes.filter(of), no.filter(of)];
        const answers = await ask(from, [...passing, ...held]);
        return [...passing, ...held].flatMap((each, index) => {
          const got = answers[index] ?? "silent";
          const right = index < passing.length ? got === "connected" : got === "silent";
          return right ? [] : [`${from} -> ${each.to} ${each.port}: ${got}`];
        });
      }),
    );
    assert.deepEqual(wrong.flat(), []);
  }

  it("pods connect to what they need, and what nobody allowed is silent", async () => {
    await expectAll(`
      yes cloudflared typeo 8080
      yes cloudflared typeo-service 80
      yes cloudflared public-envoy 10080
      yes cloudflared dns 53
      no  cloudflared typeo 9090
      no  cloudflared lan-envoy 10080
      no  cloudflared own-machine 22
      no  cloudflared machine 10250
      no  cloudflared vip 6443
      no  cloudflared proxmox 8006
      no  cloudflared proxmox 22
      no  cloudflared router 53
      yes typeo dns 53
      no  typeo dns 9153
      no  typeo proxmox 8006
      no  typeo proxmox 22
      no  typeo router 53
      no  typeo vip 6443
      no  typeo own-machine 22
      no  typeo own-machine 10250
      no  typeo machine 22
      no  typeo machine 10250
      no  typeo cloudflared 2000
      no  typeo impostor 8080
      no  typeo lan-envoy 10443
      no  typeo site-dns 1053
      yes connector typeo 8080
      yes connector cloudflared 2000
      yes connector proxmox 8006
      yes connector machine 22
      no  impostor typeo 8080
      no  impostor typeo-service 80
      no  impostor cloudflared 2000
      no  impostor public-envoy 10080
    `);
  });

  it("from the LAN there is no way past Access, by pod or by service", async () => {
    await expectAll(`
      yes laptop lan-envoy 10080
      yes laptop site-dns 1053
      yes laptop impostor 8080
      no  laptop typeo 8080
      no  laptop typeo-service 80
      no  laptop cloudflared 2000
      no  laptop public-envoy 10080
      no  laptop lan-envoy 19000
      no  laptop site-dns 9153
      no  laptop webhook 10250
    `);
  });

  it("what is silent for others is there: a pod that no policy selects reaches it", async () => {
    await expectAll(`
      yes impostor impostor 8080
      yes impostor dns 9153
      yes impostor proxmox 8006
      yes impostor proxmox 22
      yes impostor router 53
      yes impostor vip 6443
      yes impostor own-machine 22
      yes impostor own-machine 10250
      yes impostor machine 22
      yes impostor machine 10250
    `);
  });

  it("machines reach their own pods, and of others' the webhooks alone", async () => {
    const way = (word: string, port: number): string => `${pod(word).status.podIP ?? ""}/${port}`;
    const from = async (machine: string): Promise<readonly Answer[]> => {
      const text = attempts([way("typeo", 8080), way("webhook", 10250), way("cloudflared", 2000)]);
      const codes = new Map(
        (await run`ssh ${machine} ${text}`)
          .split("\n")
          .map((line) => line.split(" ") as [string, string]),
      );
      return ["0", "1", "2"].map((index) => answerOf(Number(codes.get(index))));
    };
    const { nodeName } = pod("typeo").spec;
    const away = pod("cloudflared").spec.nodeName;
    assert.notEqual(nodeName, away);
    assert.deepEqual(await from(nodeName), ["connected", "connected", "silent"]);
    assert.deepEqual(await from(away), ["silent", "connected", "connected"]);
  });

  it("a policy that goes opens, and one that comes ends what is open", async () => {
    const before = await ask("laptop", [{ from: "laptop", to: "impostor", port: 8080 }]);
    assert.deepEqual(before, ["connected"]);
    const file = join(paths.run, "policy-impostor.json");
    const policy = {
      apiVersion: "cilium.io/v2",
      kind: "CiliumNetworkPolicy",
      metadata: { name: "policy-impostor", namespace: "default" },
      spec: { endpointSelector: { matchLabels: { asked: "impostor" } }, ingress: [{}] },
    };
    await writeFile(file, JSON.stringify(policy));
    await run`kubectl --context home apply -f ${file}`;
    const becomes = (answer: Answer) => async (): Promise<void> => {
      const [now] = await ask("laptop", [{ from: "laptop", to: "impostor", port: 8080 }]);
      assert.equal(now, answer);
    };
    await eventually(30, becomes("silent"));
    const { code } = await attempt`kubectl --context home delete -f ${file}`;
    assert.equal(code, 0);
    await eventually(30, becomes("connected"));
  });
});
