import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findGo, goEnvironment, moduleRoot } from "../../../toolchain/go.ts";

const trial = new URL("machine-trial.ts", import.meta.url).pathname;

describe("machines", function () {
  this.timeout(180_000);
  let directory: string;
  let found: Record<string, unknown>;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "machines-"));
    const guest = join(directory, "guest");
    execFileSync(await findGo(), ["build", "-ldflags", "-s -w", "-o", guest, "./machines/guest"], {
      cwd: moduleRoot,
      env: goEnvironment(),
    });
    const user = process.getuid?.() === 0 ? [] : ["--user", "--map-root-user", "--map-auto"];
    const inside =
      "mount -t tmpfs tmpfs /run && ip link set lo up && ip link add vmbr0 type bridge && " +
      'ip link set vmbr0 up && ip addr add 192.168.1.2/24 dev vmbr0 && "$@"';
    const namespaces = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
    const command = ["bash", "-c", inside, "trial", process.execPath, trial, directory, guest];
    found = JSON.parse(
      execFileSync("unshare", [...user, ...namespaces, ...command], {
        encoding: "utf8",
        maxBuffer: 1 << 24,
      }),
    ) as Record<string, unknown>;
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  it("answer on ssh soon after their start, with the host key of their user-data", () => {
    assert.deepEqual(found["names"], ["machine-1", "machine-2"]);
    assert.ok(Number(found["sshMilliseconds"]) < 5000, `${String(found["sshMilliseconds"])} ms`);
  });
  it("have the size of their definition", () => assert.equal(found["size"], "3\n1996"));
  it("let other users in and let them look, not act", () =>
    assert.equal(found["alice"], "alice\nactive"));
  it("speak sftp", () => assert.equal(found["sftp"], 0));
  it("wait for a notify service to be ready", () =>
    assert.match(String(found["notify"]), /^active\n/));
  it("explain a service that fails as systemd does", () => {
    assert.match(
      String(found["failing"]),
      /Job for trial\.service failed because the control process exited with error code\.\nSee "systemctl status/,
    );
    assert.match(String(found["failing"]), /^1\n[^]*broken\n[^]*status=3/);
  });
  it("leave no process and no network when they stop", () => {
    assert.equal(found["hostPids"], "1");
    const { namespaces, ...rest } = found["afterStop"] as Record<string, unknown>;
    assert.deepEqual(rest, { running: [false, true], processes: "0" });
    assert.match(String(namespaces), /^vm-122( |$)/);
  });
  it("find their disk and start their enabled services at the next boot", () => {
    assert.equal(found["secondBoot"], "uploaded\nup");
  });
  it("report each change once, and leave nothing behind at the end", () => {
    const changes = found["changes"] as [number, boolean][];
    assert.deepEqual(
      changes.filter(([vmid]) => vmid === 121),
      [
        [121, true],
        [121, false],
        [121, true],
        [121, false],
      ],
    );
    assert.equal(found["left"], "");
  });
});
