import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { scripts } from "../../../components/rke2/scripts.ts";
import { beginner, obstacles } from "../../../scripts/snapshots/obstacles.ts";
import { curl, storedIn, type Store } from "../../../scripts/snapshots/store.ts";
import { machineRoot, runScript } from "../components/machine-script.ts";

const store: Store = {
  ...{ endpoint: "https://nas.home.arpa:9000/", bucket: "etcd", folder: "home", region: "garage" },
  ...{ lookup: "auto", retention: 36, accessKey: "GK1", secretKey: `it's "here"` },
};

describe("a store's list", () => {
  const entry = (key: string, size = 7): string =>
    `<Contents><Key>${key}</Key><LastModified>2026-11-28T07:00:00.000Z</LastModified><Size>${size}</Size></Contents>`;

  it("gives the newest snapshot first, by the time in its name, and no metadata", () => {
    const list = `<?xml version="1.0"?><ListBucketResult>${entry("home/etcd-snapshot-proxmox-tank-1795800000")}${entry(
      "home/on-demand-proxmox-stone-1795843200.zip",
    )}${entry("home/.metadata/etcd-snapshot-proxmox-tank-1795800000")}${entry("home/", 0)}</ListBucketResult>`;
    assert.deepEqual(
      storedIn(list).map(({ name, saved }) => `${saved.getTime() / 1000} ${name}`),
      [
        "1795843200 on-demand-proxmox-stone-1795843200.zip",
        "1795800000 etcd-snapshot-proxmox-tank-1795800000",
      ],
    );
  });

  it("is asked for with the key on standard input alone", () => {
    const script = curl(store, "?list-type=2");
    assert.doesNotMatch(script.split("CONFIG")[0] ?? "", /GK1|here/);
    assert.ok(script.includes('url = "https://nas.home.arpa:9000/etcd?list-type=2"'));
    assert.ok(script.includes(`user = "GK1:it's \\"here\\""`));
    const other = curl({ ...store, lookup: "dns" }, "/home/x", "/tmp/x");
    assert.ok(other.includes('url = "https://etcd.nas.home.arpa:9000/home/x"'));
    execFileSync("bash", ["-n"], { input: script });
  });
});

describe("a restore", () => {
  it("is refused while a server's API is ready, where one cannot be asked, and without RKE2 on the first", () => {
    const text = obstacles("home", [
      { name: "stone", state: "bare" },
      { name: "tank", state: "lives" },
      { name: "titan", away: "connect timed out" },
    ]);
    assert.match(text[0] ?? "", /^stone: RKE2 is not installed on it; npm run up -- --stack home/);
    assert.match(text[1] ?? "", /^tank: its API is ready.*ssh root@tank rke2-killall\.sh/);
    assert.match(text[2] ?? "", /^titan cannot be asked \(connect timed out\)/);
    const down = [
      { name: "stone", state: "down" },
      { name: "tank", state: "bare" },
    ];
    assert.deepEqual(obstacles("home", down), []);
  });

  it("is refused where certificates have ended, which up renews", async () => {
    program("kubectl", "echo 'error: You must be logged in to the server' >&2; exit 1");
    program("rke2", `echo '{"Certificates":[{"ExpiryTime":"2020-01-01T00:00:00Z"}]}'`);
    mkdirSync(join(root, "var/lib/rancher/rke2/agent"), { recursive: true });
    writeFileSync(join(root, "etc/rancher/rke2/rke2.yaml"), "");
    const { stdout, stderr } = await step("look");
    assert.equal(stdout.trim(), "ended", stderr);
    assert.match(
      obstacles("home", [{ name: "stone", state: "ended" }])[0] ?? "",
      /^stone: its certificates have ended.*npm run up -- --stack home renews them/,
    );
    program("rke2", `echo '{"Certificates":[{"ExpiryTime":"2999-01-01T00:00:00Z"}]}'`);
    assert.equal((await step("look")).stdout.trim(), "down");
  });

  it("begins on the first server that has RKE2, where the majority is lost with the first machine", () => {
    const seen = [
      { name: "stone", state: "bare" },
      { name: "tank", state: "bare" },
      { name: "titan", state: "down" },
    ];
    assert.equal(beginner(seen), 2);
    assert.deepEqual(obstacles("home", seen), []);
    assert.equal(beginner([{ name: "stone", away: "connect timed out" }]), 0);
  });

  let root: string;
  const calls = (): string[] => {
    const file = join(root, "run/calls");
    return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
  };
  const program = (name: string, body = ""): void => {
    const path = join(root, "usr/local/bin", name);
    writeFileSync(path, `#!/bin/bash\necho "${name} $*" >>"${join(root, "run/calls")}"\n${body}\n`);
    chmodSync(path, 0o755);
  };
  const step = (mode: string) =>
    runScript(root, scripts.restore, {
      ...{ MODE: mode, NODE_NAME: "stone", VIP: "192.0.2.1" },
      SNAPSHOT: join(root, "run/snapshot"),
    });
  const unit = (): string => join(root, "usr/local/lib/systemd/system/rke2-server.service");
  const join50 = (): string => join(root, "etc/rancher/rke2/config.yaml.d/50-join.yaml");

  beforeEach(() => {
    root = machineRoot();
    mkdirSync(join(root, "etc/rancher/rke2/config.yaml.d"), { recursive: true });
    writeFileSync(
      join(root, "etc/rancher/rke2/config.yaml"),
      "node-label:\n  - homelab/generation=gen-0123abcd\n",
    );
    writeFileSync(join50(), "server: https://192.0.2.1:9345\n");
    writeFileSync(join(root, "run/snapshot"), "data");
    mkdirSync(join(root, "usr/local/lib/systemd/system"), { recursive: true });
    writeFileSync(unit(), "");
    for (const name of ["systemctl", "kubectl", "journalctl", "rke2", "curl"]) program(name);
    program("df", 'echo Avail; echo " 9999"');
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  it("stops RKE2, takes the join address away, resets from the file, starts, and labels the node", async () => {
    const { code, stderr } = await step("reset");
    assert.equal(code, 0, stderr);
    assert.ok(!existsSync(join50()));
    const said = calls().filter((call) => !/^(df|journalctl)/.test(call));
    assert.deepEqual(said, [
      "systemctl daemon-reload",
      "systemctl stop rke2-server",
      "systemctl disable rke2-server",
      `rke2 server --cluster-reset --cluster-reset-restore-path=${join(root, "run/snapshot")} --etcd-s3=false`,
      "systemctl daemon-reload",
      "systemctl enable rke2-server",
      "systemctl restart rke2-server",
      `kubectl --kubeconfig ${root}/etc/rancher/rke2/rke2.yaml --request-timeout=10s get --raw /readyz`,
      `kubectl --kubeconfig ${root}/etc/rancher/rke2/rke2.yaml --request-timeout=10s label node stone homelab/generation=gen-0123abcd --overwrite`,
    ]);
  });

  it("begins no empty cluster where a reset fails on a server without a database", async () => {
    program("rke2", "exit 1");
    assert.equal((await step("reset")).code, 1);
    assert.equal(calls().filter((call) => call === "systemctl disable rke2-server").length, 1);
    assert.ok(!calls().includes("systemctl enable rke2-server"));
    rmSync(join(root, "run/calls"));
    writeFileSync(join50(), "");
    hold("the cluster's");
    assert.equal((await step("reset")).code, 1);
    assert.ok(!calls().includes("systemctl disable rke2-server"), "it starts with what it has");
  });

  it("has nothing to stop on a machine that was built anew", async () => {
    rmSync(unit());
    assert.equal((await step("stop")).code, 0);
    assert.deepEqual(calls(), []);
  });

  it("says whose snapshot it is when the token does not open it", async () => {
    program(
      "rke2",
      `echo 'level=fatal msg="bootstrap data already found and encrypted with different token"' >&2; exit 1`,
    );
    const { code, stderr } = await step("reset");
    assert.equal(code, 1);
    assert.match(stderr, /belongs to another token than the site's/);
    assert.ok(!calls().some((call) => call.includes("restart")));
  });

  it("leaves the step's lock to no container that outlives the reset", async () => {
    program("rke2", "[[ ! -e /proc/self/fd/9 ]] || { echo 'Error: has the lock' >&2; exit 1; }");
    const { code, stderr } = await step("reset");
    assert.equal(code, 0, stderr);
  });

  it("comes from a snapshot that is known to be in the store, however long its list is", async () => {
    program(
      "rke2",
      `case $* in
  *save*) echo 'level=info msg="Snapshot on-demand-stone-1795843200 saved."' >&2 ;;
  *) echo "on-demand-stone-1795843200 s3://etcd/home/on-demand-stone-1795843200 7 2026-11-28T07:00:00Z"; seq 100000 ;;
esac`,
    );
    const { stdout, stderr } = await runScript(root, scripts.snapshot, { STORE: "yes" });
    assert.equal(stdout.trim(), "on-demand-stone-1795843200", stderr);
  });

  const db = (): string => join(root, "var/lib/rancher/rke2/server/db");
  const hold = (whose: string): void => {
    mkdirSync(join(db(), "etcd"), { recursive: true });
    writeFileSync(join(db(), "etcd/whose"), whose);
  };
  /** Whose databases lie aside, oldest first. */
  const aside = (): readonly string[] =>
    readdirSync(dirname(db()))
      .filter((name) => name.startsWith("db.before-restore"))
      .sort()
      .map((name) => readFileSync(join(dirname(db()), name, "etcd/whose"), "utf8"));

  it("lets a further server forget its database, and keep every one of them and its snapshots", async () => {
    mkdirSync(join(db(), "snapshots"), { recursive: true });
    writeFileSync(join(db(), "snapshots/etcd-snapshot-stone-1795800000"), "data");
    for (const time of ["the cluster's", "a join's that failed"]) {
      hold(time);
      assert.equal((await step("forget")).code, 0);
      assert.ok(!existsSync(join(db(), "etcd")));
      assert.ok(existsSync(join(db(), "snapshots/etcd-snapshot-stone-1795800000")), time);
    }
    assert.deepEqual(aside(), ["the cluster's", "a join's that failed"]);
    assert.ok(!calls().includes("systemctl restart rke2-server"));
  });

  it("tells a server to join before its database goes, so that no start begins an empty cluster", async () => {
    rmSync(join50());
    hold("the cluster's");
    program(
      "mv",
      `[[ $1 != */db || -s ${join50()} ]] || { echo "has nobody to join" >&2; exit 1; }; exec /bin/mv "$@"`,
    );
    const { code, stderr } = await step("forget");
    assert.equal(code, 0, stderr);
    assert.equal(readFileSync(join50(), "utf8"), "server: https://192.0.2.1:9345\n");
    assert.deepEqual(aside(), ["the cluster's"]);
  });

  it("lets a further server join once the cluster's address answers, which moves after the lease", async () => {
    rmSync(join50());
    const counted = join(root, "run/looks");
    program("curl", `echo look >>${counted}; (($(wc -l <${counted}) >= 3))`);
    assert.equal((await step("rejoin")).code, 0);
    assert.deepEqual(calls(), [], "a machine that was built anew is left to the next up");
    mkdirSync(join(root, "var/lib/rancher/rke2/server/db.before-restore"), { recursive: true });
    const { code, stderr } = await step("rejoin");
    assert.equal(code, 0, stderr);
    assert.match(stderr, /nothing answers at 192\.0\.2\.1:9345, where it is to join; waiting/);
    // Without the address it would begin a cluster of its own.
    assert.equal(readFileSync(join50(), "utf8"), "server: https://192.0.2.1:9345\n");
    const said = calls().filter((call) => /^(curl|systemctl)/.test(call));
    assert.deepEqual(
      said.map((call) => call.split(" ")[0]),
      ["curl", "curl", "curl", "systemctl"],
    );
    assert.equal(said.at(-1), "systemctl restart rke2-server");
  });
});
