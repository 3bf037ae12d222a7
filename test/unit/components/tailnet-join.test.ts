import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import Fastify from "fastify";
import type { Parameters } from "../../../components/remote/shell.ts";
import { tailnetScripts } from "../../../components/tailnet/scripts.ts";
import { machineRoot, runScript, type ScriptRun } from "./machine-script.ts";

let root: string;
beforeEach(() => {
  root = machineRoot();
});
afterEach(() => rmSync(root, { recursive: true }));

/** Stands in for both programs: keeps what it was told in files under `root`. */
const program = `#!/bin/bash
cd ROOT
echo "$*" >>calls
case $1 in
  status)
    state=$(cat backend 2>/dev/null || echo NeedsLogin)
    printf '{\\n\\t"BackendState": "%s",\\n\\t"Self": {"HostName": "x", "Tags": ["%s"]},\\n\\t"Peer": {"a": {"Tags": ["tag:other"]}}\\n}\\n' "$state" "$(cat tag 2>/dev/null)" ;;
  up)
    for word; do case $word in --auth-key=file:*) key=$(cat "\${word#*file:}"); stat -c %a "\${word#*file:}" >mode ;; esac; done
    if [[ $key == slow* ]]; then echo "timeout waiting for Running" >&2; exit 1; fi
    if [[ $key != good* ]]; then echo "backend error: invalid key: API key $key not valid" >&2; exit 1; fi
    echo Running >backend; echo tag:home-node >tag ;;
  logout) rm -f backend tag ;;
esac
`;

describe("joining the tailnet", () => {
  let url: string;
  let close: () => Promise<void>;
  let archive: Buffer;
  let sum: string;
  /** Of every answer. */
  let date: string | undefined;
  const machine = process.arch === "arm64" ? "arm64" : "amd64";
  const downloads: string[] = [];

  beforeEach(async () => {
    const name = `tailscale_1.2.3_${machine}`;
    mkdirSync(join(root, "pack", name), { recursive: true });
    for (const file of ["tailscale", "tailscaled"])
      writeFileSync(join(root, "pack", name, file), program.replace("ROOT", root));
    await new Promise((done) =>
      execFile("tar", ["-czf", join(root, "a.tgz"), "-C", join(root, "pack"), name], done),
    );
    archive = readFileSync(join(root, "a.tgz"));
    sum = createHash("sha256").update(archive).digest("hex");
    writeFileSync(
      join(root, "usr/local/sbin/systemctl"),
      `#!/bin/sh\necho "$*" >>${root}/systemctl\n`,
    );
    chmodSync(join(root, "usr/local/sbin/systemctl"), 0o755);
    downloads.length = 0;
    const app = Fastify({ forceCloseConnections: true });
    date = undefined;
    app.addHook("onSend", (_request, reply, _payload, done) => {
      if (date !== undefined) void reply.header("date", date);
      done();
    });
    app.get("/stable/:file", async (request, reply) => {
      const { file } = request.params as { file: string };
      downloads.push(file);
      return reply.send(file.endsWith(".sha256") ? sum : archive);
    });
    await app.listen({ host: "127.0.0.1", port: 0 });
    url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
    close = () => app.close();
  });
  afterEach(() => close());

  const joinNow = (changes: Parameters = {}): Promise<ScriptRun> =>
    runScript(root, tailnetScripts.join, {
      NODE_NAME: "stone",
      VERSION: "1.2.3",
      DOWNLOADS: `${url}/stable`,
      CONTROL_URL: url,
      TAG: "tag:home-node",
      AUTH_KEY: "good-canary",
      ...changes,
    });
  const lines = (file: string): readonly string[] =>
    existsSync(join(root, file)) ? readFileSync(join(root, file), "utf8").trim().split("\n") : [];
  const ups = (): readonly string[] => lines("calls").filter((call) => call.startsWith("up "));

  it("installs the verified release, starts it and joins once; again nothing happens", async () => {
    const first = await joinNow();
    assert.equal(first.code, 0, first.stderr);
    assert.deepEqual(ups(), [
      `up --reset --auth-key=file:${root}/run/homelab-tailscale.key --hostname=stone --advertise-tags=tag:home-node --ssh ` +
        "--accept-dns=false --accept-routes=false --netfilter-mode=off --timeout=60s",
    ]);
    const again = await joinNow();
    assert.equal(again.code, 0, again.stderr);
    assert.equal(ups().length, 1);
    assert.equal(downloads.length, 2);
    assert.equal(lines("systemctl").filter((call) => call === "restart tailscaled").length, 1);
    const unit = lines("etc/systemd/system/tailscaled.service");
    assert.ok(unit.some((line) => /^ExecStopPost=\/\S+\/tailscaled --cleanup$/.test(line)));
  });

  it("keeps tailscaled's rules away from packets that Cilium marks, on a node that joined before too", async () => {
    await joinNow();
    const told = () => lines("calls").filter((call) => call === "set --netfilter-mode=off").length;
    assert.equal(told(), 1);
    await joinNow();
    assert.equal(told(), 2);
  });

  it("gives the key in a file of its own that is gone afterwards, never in arguments", async () => {
    await joinNow();
    assert.deepEqual(lines("mode"), ["600"]);
    assert.equal(existsSync(join(root, "run/homelab-tailscale.key")), false);
    assert.ok(!lines("calls").join().includes("canary"));
  });

  it("refuses an archive that is not what its checksum says", async () => {
    sum = "0".repeat(64);
    const { code, stderr } = await joinNow();
    assert.equal(code, 1);
    assert.match(stderr, /is not what its \.sha256 says; it was not installed/);
    assert.equal(existsSync(join(root, "usr/local/bin/tailscale")), false);
  });

  it("says that the key is refused, without printing it, and how to make a new one", async () => {
    const { code, stderr } = await joinNow({ AUTH_KEY: "used-canary" });
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^stone: Tailscale refuses the auth key.*--replace '\*\*::stone-tailnet-key'/,
    );
    assert.ok(!stderr.includes("used-canary"), stderr);
    assert.equal(existsSync(join(root, "run/homelab-tailscale.key")), false);
  });

  it("names a clock that is off, and a control server that cannot be reached", async () => {
    const late = { AUTH_KEY: "slow-canary" };
    date = new Date(Date.now() - 600_000).toUTCString();
    assert.match((await joinNow(late)).stderr, /^stone: its clock is (599|60\d) s off Tailscale's/);
    date = new Date().toUTCString();
    assert.match((await joinNow(late)).stderr, /^stone: this machine cannot join the tailnet/);
    assert.match(
      (await joinNow({ ...late, CONTROL_URL: "http://127.0.0.1:9" })).stderr,
      /^stone: the control server http:\/\/127\.0\.0\.1:9 cannot be reached from this machine/,
    );
  });

  it("joins again with a new key, because the old device was removed", async () => {
    await joinNow();
    const { code, stderr } = await joinNow({ AUTH_KEY: "good-second" });
    assert.equal(code, 0, stderr);
    assert.ok(lines("calls").includes("logout"));
    assert.equal(ups().length, 2);
  });

  it("takes a device for joined that got in after the run with its key had given up", async () => {
    await joinNow({ AUTH_KEY: "slow" });
    writeFileSync(join(root, "backend"), "Running");
    writeFileSync(join(root, "tag"), "tag:home-node");
    assert.equal((await joinNow({ AUTH_KEY: "slow" })).code, 0);
    assert.equal(ups().length, 1);
    assert.ok(!lines("calls").includes("logout"));
  });

  it("restarts for a new release without joining again", async () => {
    await joinNow();
    writeFileSync(join(root, "var/lib/homelab/tailscale-installed"), "1.2.2\n");
    writeFileSync(join(root, "var/lib/homelab/tailscale-applied"), "older\n");
    assert.equal((await joinNow()).code, 0);
    assert.equal(lines("systemctl").filter((call) => call === "restart tailscaled").length, 2);
    assert.equal(ups().length, 1);
  });
});
