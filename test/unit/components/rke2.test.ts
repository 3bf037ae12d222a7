import assert from "node:assert/strict";
import { parse, parseAllDocuments } from "yaml";
import {
  agentConfig,
  nodeTaints,
  registrationConfig,
  releaseUrl,
  serverConfig,
} from "../../../components/rke2/config.ts";
import { toldLater } from "../../../components/rke2/authentication.ts";
import { kubeVipManifest } from "../../../components/rke2/kube-vip.ts";
import { registriesConfig, registryCertificates } from "../../../components/rke2/registries.ts";
import { clusterPlan } from "../../../stacks/parts/cluster/deploy.ts";
import { at } from "./at.ts";
import { homeConfig } from "../stacks/sample.ts";

const config = homeConfig({ "cluster.kubeletArgs": { "max-pods": "200" } });
const cluster = clusterPlan({ name: "home", config }, (ref) => `secret of ${ref}`);
const nodes = config.machines.map((machine) => ({ ...machine, generation: "gen-0000aaaa" }));
const servers = nodes.filter((node) => node.role === "server");
type Node = (typeof nodes)[number];
const [stone, tank] = servers as [Node, Node];
const tokens = { server: "SERVER", agent: "AGENT" };
const server = (node: Node, plan = cluster) =>
  parse(serverConfig(plan, servers, node, tokens)) as Record<string, unknown>;

describe("RKE2 config", () => {
  it("of a server carries the site's networks, no CNI, no kube-proxy, and encrypts secrets", () => {
    assert.deepEqual(server(stone), {
      "node-name": "proxmox-stone",
      "node-ip": "192.168.1.21",
      "node-label": ["homelab/generation=gen-0000aaaa"],
      "kubelet-arg": ["max-pods=200"],
      token: "SERVER",
      "agent-token": "AGENT",
      "tls-san": [
        "192.168.1.20",
        "home.home.arpa",
        ...["stone", "tank", "titan"].flatMap((host) => [
          `proxmox-${host}`,
          `proxmox-${host}.home.arpa`,
        ]),
      ],
      cni: "none",
      "disable-kube-proxy": true,
      "ingress-controller": "none",
      "cluster-cidr": "10.42.0.0/16",
      "service-cidr": "10.43.0.0/16",
      "cluster-dns": "10.43.0.10",
      "cluster-domain": "cluster.local",
      "secrets-encryption": true,
      "etcd-expose-metrics": true,
      "kube-controller-manager-arg": ["bind-address=0.0.0.0"],
      "kube-scheduler-arg": ["bind-address=0.0.0.0"],
      "write-kubeconfig-mode": "0600",
      "etcd-snapshot-schedule-cron": "0 */6 * * *",
      "etcd-snapshot-retention": 12,
      "etcd-s3": true,
      "etcd-s3-config-secret": "etcd-snapshot-store",
    });
  });

  it("keeps away RKE2's own chart of Gateway API's kinds from 1.37 on, which has one", () => {
    const disabled = (version: string): unknown =>
      (
        parse(serverConfig({ ...cluster, version }, [stone], stone, tokens)) as Record<
          string,
          unknown
        >
      )["disable"];
    assert.deepEqual(["v1.36.12+rke2r1", "v1.37.0+rke2r1", "v1.40.2+rke2r3"].map(disabled), [
      undefined,
      ["rke2-gateway-api-crd"],
      ["rke2-gateway-api-crd"],
    ]);
  });

  it("is the same for all servers but for the node itself, so that a rebuilt first server can join", () => {
    const own = new Set(["node-name", "node-ip"]);
    const shared = (node: Node) => Object.entries(server(node)).filter(([key]) => !own.has(key));
    assert.deepEqual(shared(stone), shared(tank));
    assert.ok(!("server" in server(tank)));
  });

  it("keeps pods off a server that runs no workloads, without settings that would restart it", () => {
    const alone = { ...stone, workloads: false };
    assert.deepEqual(server(alone), server(stone));
    assert.equal(registrationConfig(stone), "");
    assert.deepEqual(parse(registrationConfig(alone)), {
      "node-taint": ["CriticalAddonsOnly=true:NoExecute"],
    });
    assert.deepEqual(nodeTaints({ ...alone, role: "agent" }), []);
    const gpu = ["example.net/gpu=:NoSchedule"];
    assert.deepEqual(nodeTaints({ ...stone, taints: gpu }), gpu);
    assert.equal(nodeTaints({ ...alone, taints: gpu }).length, 2);
  });

  it("names how people sign on to the API server only when asked, by a file of the server", () => {
    const signOn = { issuer: "https://house.cloudflareaccess.com/x", clientId: "id" };
    const asked = server(stone, { ...cluster, signOn })["kube-apiserver-arg"];
    assert.deepEqual(asked, ["authentication-config=/etc/rancher/rke2/authentication.yaml"]);
    assert.ok(!("kube-apiserver-arg" in server(stone)));
    assert.deepEqual(server(stone, { ...cluster, signOn: toldLater })["kube-apiserver-arg"], [
      "authentication-config=/etc/rancher/rke2/people.yaml",
    ]);
    assert.doesNotMatch(agentConfig({ ...cluster, signOn }, nodes[3]!, tokens), /apiserver/);
  });

  it("names the hardening profile only when asked", () => {
    assert.equal(server(stone, { ...cluster, profile: "cis" })["profile"], "cis");
    assert.ok(!("profile" in server(stone)));
  });

  it("of an agent holds the agents' token and never the servers'", () => {
    const text = agentConfig(cluster, nodes[3]!, tokens);
    assert.equal((parse(text) as Record<string, unknown>)["token"], "AGENT");
    assert.ok(!text.includes("SERVER"));
  });

  it("writes registries with mirrors, logins and certificates, and no file without any", () => {
    assert.equal(registriesConfig({}), "");
    assert.equal(registryCertificates({}), "");
    const ca = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    const registries = {
      "docker.io": { endpoints: ["https://mirror.home.arpa:5000"] },
      "mirror.home.arpa:5000": {
        endpoints: [],
        login: { username: "homelab", password: "pass: word" },
        ca,
      },
    };
    assert.deepEqual(parse(registriesConfig(registries)), {
      mirrors: { "docker.io": { endpoint: ["https://mirror.home.arpa:5000"] } },
      configs: {
        "mirror.home.arpa:5000": {
          auth: { username: "homelab", password: "pass: word" },
          tls: { ca_file: "/etc/rancher/rke2/registries.d/mirror.home.arpa_5000.pem" },
        },
      },
    });
    const [file, content = ""] = registryCertificates(registries).split(" ");
    assert.equal(file, "mirror.home.arpa_5000.pem");
    assert.equal(Buffer.from(content, "base64").toString(), ca);
  });

  it("adds what one machine's kubelet and the certificate have beyond the others", () => {
    const own = { ...stone, kubeletArgs: { "max-pods": "200" } };
    const plan = {
      ...cluster,
      kubeletArgs: { "max-pods": "110", "image-gc-high-threshold": "80" },
      tlsSan: ["k8s.example.net"],
    };
    assert.deepEqual(server(own, plan)["kubelet-arg"], [
      "max-pods=200",
      "image-gc-high-threshold=80",
    ]);
    assert.equal((server(stone, plan)["tls-san"] as string[]).at(-1), "k8s.example.net");
  });

  it("opens the control plane's metrics only when asked", () => {
    assert.ok(!("etcd-expose-metrics" in server(stone, { ...cluster, metrics: false })));
    assert.partialDeepStrictEqual(server(stone, { ...cluster, metrics: true }), {
      "etcd-expose-metrics": true,
      "kube-scheduler-arg": ["bind-address=0.0.0.0"],
    });
  });

  it("escapes the plus sign of a release in its address", () => {
    assert.equal(
      releaseUrl("v1.35.4+rke2r1"),
      "https://github.com/rancher/rke2/releases/download/v1.35.4%2Brke2r1",
    );
  });
});

describe("kube-vip manifest", () => {
  const documents = parseAllDocuments(
    kubeVipManifest({ version: "v1.0.4", vip: "192.168.1.20", interface: "eth0" }),
  );
  const daemonSet: unknown = documents.at(-1)?.toJS();
  const container = at(daemonSet, "spec.template.spec.containers[0]");
  const env = Object.fromEntries(
    (at(container, "env") as { name: string; value?: string }[]).map((entry) => [
      entry.name,
      entry.value,
    ]),
  );

  it("runs on servers only, in the host's network", () => {
    assert.equal(at(daemonSet, "spec.template.spec.hostNetwork"), true);
    const node =
      "spec.template.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution";
    const key = at(daemonSet, `${node}.nodeSelectorTerms[0].matchExpressions[0].key`);
    assert.equal(key, "node-role.kubernetes.io/control-plane");
  });

  it("reaches the API through its own node, because it starts before the cluster has a network", () => {
    assert.equal(env["KUBERNETES_SERVICE_HOST"], "127.0.0.1");
    assert.equal(env["KUBERNETES_SERVICE_PORT"], "6443");
  });

  it("shows its metrics to its own node alone: on the host's network all addresses are the LAN's", () => {
    assert.equal(env["prometheus_server"], "127.0.0.1:2112");
  });

  it("moves the address within its lease of 10 s, and lets etcd stall for 7", () => {
    assert.equal(env["address"], "192.168.1.20");
    assert.equal(env["vip_leaseduration"], "10");
    assert.equal(env["vip_renewdeadline"], "7");
  });
});
