import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openAuthority } from "../../../lab/world/authority.ts";
import { knownOf } from "../../../components/proxmox/known-machines.ts";
import { parameterValues, scriptText } from "../../../components/remote/shell.ts";
import {
  clientEnd,
  firstEnd,
  renewal,
  type Certificates,
} from "../../../components/rke2/renewal.ts";
import { rke2Script, scripts } from "../../../components/rke2/scripts.ts";
import { siteDeps } from "../site-deps.ts";
import { recordedHome } from "./home-recording.ts";
import { machineRoot, runScript } from "./machine-script.ts";

const day = 86_400_000;
const now = new Date("2027-06-01T12:00:00Z");
const inDays = (days: number): Date => new Date(now.getTime() + days * day);

/** A kubeconfig whose client certificate ends at a moment. */
async function kubeconfigUntil(moment: Date): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "renewal-"));
  try {
    const { cert } = await (await openAuthority(directory)).issue(["admin"], moment);
    const data = Buffer.from(cert).toString("base64");
    return `users:\n- name: home\n  user:\n    client-certificate-data: ${data}\n`;
  } finally {
    await rm(directory, { recursive: true });
  }
}

describe("renewal of a cluster's certificates", () => {
  const young = { ends: inDays(300).toISOString(), renewed: "" };

  it("is not due before the first up", () => {
    assert.deepEqual(renewal({}, now), { ends: undefined, due: false, renews: "" });
  });

  it("reads the end of the kubeconfig's certificate", async () => {
    const kubeconfig = await kubeconfigUntil(inDays(200));
    assert.deepEqual(clientEnd(kubeconfig), inDays(200));
    assert.equal(renewal({ kubeconfig, certificates: young }, now).due, false);
    assert.equal(clientEnd("users: []"), undefined);
  });

  it("is due once the kubeconfig has fewer than 119 days left, though the nodes' are young", async () => {
    const kubeconfig = await kubeconfigUntil(inDays(118));
    const { due, ends, renews } = renewal({ kubeconfig, certificates: young }, now);
    assert.deepEqual([due, ends, renews], [true, inDays(118), inDays(118).toISOString()]);
  });

  it("is due once a node's have", () => {
    const certificates = { ends: inDays(5).toISOString(), renewed: "before" };
    assert.equal(renewal({ certificates }, now).renews, certificates.ends);
  });

  it("keeps its parameter until the next one is due, so that a preview shows nothing meanwhile", () => {
    const old = inDays(100).toISOString();
    const first = renewal({ certificates: { ends: old, renewed: "" } }, now);
    const after = { ends: inDays(365).toISOString(), renewed: first.renews };
    for (const days of [0, 100, 245])
      assert.equal(renewal({ certificates: after }, inDays(days)).renews, first.renews);
    assert.notEqual(renewal({ certificates: after }, inDays(247)).renews, first.renews);
  });

  it("asks for the same again when the run that it was due for was cut off", () => {
    const lastUp = { certificates: { ends: inDays(100).toISOString(), renewed: "" } };
    assert.equal(renewal(lastUp, now).renews, renewal(lastUp, inDays(3)).renews);
  });

  it("counts the node whose certificates end first, and nodes that could not say it not at all", () => {
    assert.equal(
      firstEnd(["2028-01-02T00:00:00Z", "", "2027-12-31T00:00:00Z"]),
      "2027-12-31T00:00:00Z",
    );
    assert.equal(firstEnd([""]), "");
  });
});

describe("a site whose certificates are to be renewed", () => {
  const renewsOf = async (certificates: Certificates): Promise<ReadonlyMap<string, string>> => {
    const known = knownOf([{ type: "pulumi:pulumi:Stack", outputs: { certificates } }]);
    const deps = { ...siteDeps, known: () => Promise.resolve(known) };
    const { resources } = await recordedHome({}, deps);
    return new Map(
      resources
        .filter(({ type }) => type === "command:remote:Command")
        .flatMap(({ name, plain }) => {
          const { RENEWS } = parameterValues(String(plain["stdin"]));
          return RENEWS === undefined || RENEWS === "" ? [] : [[name, RENEWS] as const];
        }),
    );
  };
  const nodes = ["stone", "tank", "titan", "vault"].map((host) => `proxmox-${host}`);

  it("changes the steps of every node and the kubeconfig's once, and again only when the next renewal is due", async () => {
    const soon = { ends: new Date(Date.now() + 100 * day).toISOString(), renewed: "" };
    const due = await renewsOf(soon);
    assert.deepEqual(
      [...due.keys()].sort(),
      [
        ...nodes.flatMap((node) => [`${node}-apply-command`, `${node}-stage-command`]),
        "home-kubeconfig-command",
      ].sort(),
    );
    assert.deepEqual(new Set(due.values()), new Set([soon.ends]));
    const young = { ends: new Date(Date.now() + 365 * day).toISOString(), renewed: soon.ends };
    assert.deepEqual(await renewsOf(young), due);
    assert.equal((await renewsOf({ ...young, renewed: "" })).size, 0);
  });
});

describe("certificates on a node", () => {
  let root: string;

  beforeEach(() => {
    root = machineRoot();
    mkdirSync(join(root, "var/lib/rancher/rke2/agent"), { recursive: true });
    mkdirSync(join(root, "var/lib/homelab/releases/v1"), { recursive: true });
    writeFileSync(join(root, "var/lib/homelab/releases/v1/verified"), "");
    command("systemctl", `echo "$@" >>${root}/calls`);
  });

  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  const command = (name: string, body: string): void => {
    writeFileSync(join(root, "usr/local/bin", name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(root, "usr/local/bin", name), 0o755);
  };

  /** `rke2 certificate check` as the real one answers. */
  const certificatesUntil = (...ends: readonly (readonly [file: string, end: Date])[]): void => {
    const Certificates = ends.map(([Filename, end]) => ({
      ...{ Filename, Subject: "x", Issuer: "y", Usages: ["ClientAuth"] },
      ...{ ExpiryTime: end.toISOString().replace(".000", ""), ResidualTime: 1, Status: "OK" },
    }));
    writeFileSync(join(root, "answer"), `${JSON.stringify({ Certificates })}\n`);
    command("rke2", `[ "$*" = "certificate check --output json" ] && cat ${root}/answer`);
  };

  const certificates = scriptText(
    import.meta.resolve("../../../components/rke2/scripts.ts"),
    "certificates.sh",
  );
  const fromToday = (days: number): Date =>
    new Date(Math.floor(Date.now() / 1000) * 1000 + days * day);

  const said = async (call: string): Promise<string> => {
    const { code, stderr } = await runScript(
      root,
      `${rke2Script}\n${certificates}\n{ ${call}; } >&2\n`,
      {},
    );
    assert.equal(code, 0, stderr);
    return stderr.trim();
  };

  it("end with the first of them; what kube-proxy left does not count", async () => {
    const first = fromToday(100);
    certificatesUntil(
      ["client-admin.crt", fromToday(200)],
      ["client-kube-proxy.crt", fromToday(-10)],
      ["client-kubelet.crt", first],
      ["client-kubelet.crt", fromToday(3000)],
    );
    assert.equal(Date.parse(await said("certificate_end")), first.getTime());
    assert.equal(await said("certificates_end_within 101 && echo soon"), "soon");
    assert.equal(await said("certificates_end_within 99 || echo later"), "later");
  });

  it("are none before RKE2 is there", async () => {
    assert.equal(await said("certificate_end; certificates_end_within 120 || echo later"), "later");
  });

  const stage = async (renews: string): Promise<string> => {
    const parameters = { VERSION: "v1", RELEASE_URL: "https://unused.example", RENEWS: renews };
    const { code, stderr } = await runScript(root, scripts.stage, parameters);
    assert.equal(code, 0, stderr);
    return existsSync(join(root, "calls")) ? readFileSync(join(root, "calls"), "utf8") : "";
  };

  it("that have ended are renewed on all nodes at once, for no node could start alone", async () => {
    certificatesUntil(["client-admin.crt", fromToday(-3)]);
    assert.equal(await stage(""), "");
    assert.match(await stage(fromToday(-3).toISOString()), /restart --no-block rke2-/);
  });

  it("that end soon are left to the rolling restart", async () => {
    certificatesUntil(["client-admin.crt", fromToday(3)]);
    assert.equal(await stage(fromToday(3).toISOString()), "");
  });

  describe("before the kubeconfig is given out", () => {
    // A pod is not ready at the first two looks.
    beforeEach(() => {
      mkdirSync(join(root, "etc/rancher/rke2"), { recursive: true });
      mkdirSync(join(root, "run/lock"), { recursive: true });
      writeFileSync(join(root, "etc/rancher/rke2/rke2.yaml"), "name: default\n");
      command("curl", "");
      command(
        "kubectl",
        `case "$*" in
  *"get pods"*) echo look >>${root}/looks
    if [ "$(wc -l <${root}/looks)" -le 2 ]; then printf 'dns/a False\\ndns/b True\\n'; else printf 'dns/a True\\ndns/b True\\n'; fi ;;
  *"get node stone"* | *"--raw /readyz") ;;
  *) exit 64 ;;
esac`,
      );
    });

    const looks = async (RENEWS: string): Promise<number> => {
      const parameters = { VIP: "192.0.2.1", NODES: "stone", SITE: "home", VERSION: "v1", RENEWS };
      const { code, stdout, stderr } = await runScript(root, scripts.kubeconfig, parameters);
      assert.equal(code, 0, stderr);
      assert.equal(stdout, "name: home\n");
      const file = join(root, "looks");
      return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n").length : 0;
    };

    it("are waited for, with the pods of nodes that nobody heard of", async () => {
      assert.equal(await looks(fromToday(-3).toISOString()), 3);
    });

    it("have no pods to wait for while the cluster is raised, for it has no network yet", async () => {
      assert.equal(await looks(""), 0);
    });
  });
});
