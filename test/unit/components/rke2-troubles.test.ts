import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scriptText } from "../../../components/remote/shell.ts";
import { rke2Script } from "../../../components/rke2/scripts.ts";
import { machineRoot, runScript } from "./machine-script.ts";

const unit = scriptText(import.meta.resolve("../../../components/rke2/scripts.ts"), "unit.sh");

describe("a step on a machine in trouble", () => {
  let root: string;

  beforeEach(() => {
    root = machineRoot();
  });

  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  const withRoom = async (free: number) => {
    const df = `#!/bin/sh\necho Avail\necho " ${free}"\n`;
    writeFileSync(join(root, "usr/local/bin/df"), df, { mode: 0o755 });
    return runScript(root, `${rke2Script}\nroom 2048\n`, {});
  };

  it("ends below 2 GiB of free disk, and says how to free some", async () => {
    const { code, stderr } = await withRoom(2047);
    assert.equal(code, 1);
    assert.match(stderr, /the disk of \S+ is full: 2047 MiB are free on \/, .*diskGiB/);
  });

  it("goes on with 2 GiB", async () => {
    assert.equal((await withRoom(2048)).code, 0);
  });

  const causeOf = async (errors: string): Promise<string> => {
    const call = `likely_cause "$ERRORS" >&2`;
    const script = `${rke2Script}\n${unit}\n${call}\n`;
    const { code, stderr } = await runScript(root, script, {
      ERRORS: errors,
      NODE_NAME: "tank",
      VIP: "192.0.2.1",
    });
    assert.equal(code, 0, "waiting is no cure");
    return stderr;
  };
  const duplicate = 'level=fatal msg="etcd cluster join failed: duplicate node name found"';

  it("tells lost etcd data from a machine that was built anew under an old name", async () => {
    assert.match(await causeOf(duplicate), /former machine of this name/);
    mkdirSync(join(root, "var/lib/homelab"), { recursive: true });
    writeFileSync(join(root, "var/lib/homelab/applied"), "x");
    assert.match(await causeOf(duplicate), /its etcd data is lost.*kubectl delete node tank/);
    mkdirSync(join(root, "var/lib/rancher/rke2/server/db/etcd/member/wal"), { recursive: true });
    assert.match(await causeOf(duplicate), /former machine of this name/);
  });

  it("knows the line in which RKE2 waits for an etcd that does not know the server, which is none of an error", async () => {
    const line =
      'level=info msg="Failed to test etcd connection: this server is a not a member of the etcd cluster. Found ' +
      '[tank-0a1b2c3d=https://192.0.2.22:2380], expect: tank-0a1b2c3d=192.0.2.62"';
    assert.match(await causeOf(line), /by another name or address.*homelab:allowReplace/);
    const journal = `#!/bin/sh\ncat <<'END'\nlevel=info msg="starting"\n${line}\nEND\n`;
    writeFileSync(join(root, "usr/local/bin/journalctl"), journal, { mode: 0o755 });
    const script = `${rke2Script}\n${unit}\nunit_errors rke2-server 0 >&2\n`;
    assert.equal((await runScript(root, script, {})).stderr.trim(), line);
  });

  it("names a full disk before what follows from it", async () => {
    const errors =
      'level=fatal msg="write wal/0.tmp: no space left on device"\nx509: unknown authority';
    assert.match(await causeOf(errors), /the disk is full.*diskGiB/);
  });
});
