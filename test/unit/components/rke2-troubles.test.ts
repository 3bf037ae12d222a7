import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scriptText } from "../../../components/remote/shell.ts";
import { rke2Script, scripts } from "../../../components/rke2/scripts.ts";
import { machineRoot, runScript, type ScriptRun } from "./machine-script.ts";

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

  const flags = async (KUBELET_FLAGS: string, VERSION = "v1.36.3+rke2r1") => {
    const script = scripts.node.replace(/\nmain "\$@".*\n$/, "\nknown_flags\n");
    return runScript(root, script, { KUBELET_FLAGS, VERSION, NODE_NAME: "tank" });
  };

  it("ends at a flag that the kubelet of this release does not know, before anything restarts", async () => {
    // A new machine has no kubelet yet that could tell.
    assert.equal((await flags("max-pod")).code, 0);
    for (const folder of ["var/lib/homelab", "var/lib/rancher/rke2/bin"])
      mkdirSync(join(root, folder), { recursive: true });
    writeFileSync(join(root, "var/lib/homelab/installed"), "v1.36.3+rke2r1\n");
    // As pflag prints them (k8s.io/kubernetes/cmd/kubelet/app/options, AddKubeletConfigFlags).
    const help = `Flags:
      --feature-gates <comma separated 'key=True|False' pairs>   A set of pairs. (DEPRECATED: see --config)
      --max-pods int32                                           Number of Pods. (DEPRECATED: see --config)
      --seccomp-default                                          Enable the use of RuntimeDefault.
  -v, --v Level                                                  number for the log level verbosity
      --version version[=true]                                   --version prints version information`;
    const kubelet = join(root, "var/lib/rancher/rke2/bin/kubelet");
    const is = (release: string): void => {
      const tells = `if [ $1 = --version ]; then echo 'Kubernetes ${release}'; exit; fi`;
      writeFileSync(kubelet, `#!/bin/sh\n${tells}\ncat <<'END'\n${help}\nEND\n`, { mode: 0o755 });
    };
    is("v1.36.3+rke2r1");
    for (const known of [
      "max-pods v feature-gates seccomp-default version",
      // Those RKE2 takes itself, and the last as a value that goes before its own.
      "log-file log-file-max-size alsologtostderr stderrthreshold feature-gates-",
      "",
    ]) {
      const { code, stderr } = await flags(known);
      assert.deepEqual([code, stderr], [0, ""]);
    }
    for (const wrong of ["max-pod", "pods", "max-pods max_pod", "key", "log-files"]) {
      const { code, stderr } = await flags(wrong);
      assert.equal(code, 1, wrong);
      assert.match(
        stderr,
        /tank: the kubelet of v1\.36\.3\+rke2r1 has no flag .*Nothing was changed/,
      );
    }
    assert.equal((await flags("new-in-the-next", "v1.37.0+rke2r1")).code, 0);
    // The files of this release are here, and the run was killed before they were started.
    is("v1.35.5+rke2r2");
    assert.equal((await flags("new-in-this")).code, 0);
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
    const told = [line, line, line].join("\n");
    assert.match(await causeOf(told), /by another name or address.*homelab:allowReplace/);
    await assert.rejects(causeOf(line), /waiting is no cure/);
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

  const program = (name: string, body: string): void => {
    writeFileSync(join(root, "usr/local/bin", name), `#!/bin/bash\n${body}\n`, { mode: 0o755 });
  };
  const lines = (name: string): string => join(root, "run", name);
  const start = (seconds: number) => {
    const journal = lines("journal");
    // journalctl -u UNIT --since @SECONDS
    program("journalctl", `[[ $(stat -c %Y "${journal}") -lt \${4#@} ]] || cat "${journal}"`);
    const script = `${rke2Script}\n${unit}\nlook_seconds=1\nrestart_unit rke2-server ${seconds}\n`;
    return runScript(root, script, { NODE_NAME: "tank", VIP: "192.0.2.1" });
  };
  const fails = (times: number, error: string): void => {
    program(
      "systemctl",
      `echo x >>"${lines("starts")}"; [[ $(wc -l <"${lines("starts")}") -le ${times} ]] || { rm -f "${lines("journal")}"; exit 0; }
       echo '${error}' >"${lines("journal")}"; exit 1`,
    );
  };
  const starts = (): number => readFileSync(lines("starts"), "utf8").trim().split("\n").length;

  it("starts a unit again that refused a token once, and ends when it does so again", async () => {
    const error = 'level=fatal msg="not authorized"';
    fails(1, error);
    assert.equal((await start(60)).code, 0);
    rmSync(lines("starts"));
    fails(9, error);
    const { code, stderr } = await start(60);
    assert.equal(code, 1);
    assert.match(stderr, /does not accept the join token/);
    assert.equal(starts(), 2);
  });

  it("does not count the time in which a unit pulls images", async () => {
    program("date", "echo 0");
    writeFileSync(lines("journal"), "Pulling images from /var/lib/images/etcd-image.txt\n");
    program("systemctl", `sleep 4; echo "Imported images from x in 9s" >>"${lines("journal")}"`);
    const { code, stderr } = await start(2);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /rke2-server pulls images/);
  });

  const restarts = (): number => (existsSync(lines("starts")) ? starts() : 0);
  /** A node that was restarted at 10:00:00, and whose kubelet last renewed its lease at that time. */
  const kubelet = (renewal: string): Promise<ScriptRun> => {
    program(
      "systemctl",
      `case "$*" in
        "show -P ExecMainStartTimestamp rke2-agent") echo "Mon 2026-08-03 10:00:00 $TZ" ;;
        "restart rke2-agent") echo x >>"${lines("starts")}" ;;
        *) exit 64 ;;
      esac`,
    );
    program("kubectl", `[[ "$*" == *"lease tank"* ]] && echo ${renewal}`);
    mkdirSync(join(root, "var/lib/rancher/rke2/agent/logs"), { recursive: true });
    writeFileSync(
      join(root, "var/lib/rancher/rke2/agent/logs/kubelet.log"),
      'I0803 09:00:00 started\nE0803 10:00:05 run.go:72] "command failed" err="invalid eviction"\n' +
        "I0803 10:00:05 ends\n".repeat(9),
    );
    const script = scripts.node
      .replace(/\nmain "\$@".*\n$/, "\nunit=rke2-agent\nkubelet_is_up\n")
      .replaceAll(/wait_until \d+/g, "wait_until 0");
    return runScript(root, script, { NODE_NAME: "tank", ROLE: "agent" });
  };

  it("takes no kubelet for one that runs because its node is still Ready from before the restart", async () => {
    assert.equal((await kubelet("2026-08-03T10:00:04.123456Z")).code, 0);
    for (const renewal of ["2026-08-03T09:59:58.123456Z", "2026-08-03T10:00:00.900000Z", ""]) {
      const { code, stderr } = await kubelet(renewal);
      assert.equal(code, 1, renewal);
      assert.match(stderr, /tank: its kubelet does not start.*kubeletArgs.*invalid eviction/s);
      // There is nothing that it could go back to.
      assert.equal(restarts(), 0);
    }
  });

  it("waits no longer than half a minute for a kubelet that ends again and again", async () => {
    const ends = (count: number): string => {
      program("journalctl", `for ((i = 0; i < ${count}; i++)); do echo Kubelet exited; done`);
      return scripts.node.replace(
        /\nmain "\$@".*\n$/,
        "\nunit=rke2-agent\nif kubelet_is_known; then echo known; fi\n",
      );
    };
    await kubelet("");
    const known = async (count: number): Promise<string> =>
      (await runScript(root, ends(count), { NODE_NAME: "tank", ROLE: "agent" })).stdout;
    assert.doesNotMatch(await known(5), /known/);
    assert.match(await known(6), /known/);
  });

  it("goes back to the settings with which the kubelet ran", async () => {
    const etc = join(root, "etc/rancher/rke2");
    for (const folder of [etc, join(root, "var/lib/homelab")])
      mkdirSync(folder, { recursive: true });
    const former = join(root, "var/lib/homelab/config.yaml.former");
    writeFileSync(join(etc, "config.yaml"), "bad");
    writeFileSync(former, "good");
    const { code, stderr } = await kubelet("");
    assert.equal(code, 1);
    assert.match(stderr, /tank: its kubelet does not start.*invalid eviction/s);
    assert.equal(readFileSync(join(etc, "config.yaml"), "utf8"), "good");
    assert.ok(!existsSync(former));
    assert.equal(restarts(), 1);
  });

  it("asks for the kubelet after a restart, before it looks whether the node is Ready and lets pods in", () => {
    const order = ["restart_unit ", "kubelet_is_up;", "node_is_ready ||", "undrain "];
    const main = scripts.node.slice(scripts.node.lastIndexOf("\nmain() {"));
    const found = order.map((word) => main.indexOf(word));
    assert.ok(!found.includes(-1), found.join());
    assert.deepEqual(
      found,
      found.toSorted((a, b) => a - b),
    );
  });

  /** The functions of the preparation, without its run. */
  const prepare = scriptText(
    import.meta.resolve("../../../components/rke2/scripts.ts"),
    "prepare.sh",
  ).replace(/main "\$@" <\/dev\/null\n$/, "");

  it("says that a cloud kernel has no drivers for a device that its machine was given later", async () => {
    program("uname", "echo 6.12.57+deb13-cloud-amd64");
    const kernel = (DEVICES: string) =>
      runScript(root, `${rke2Script}\n${prepare}\nkernel\n`, { DEVICES });
    assert.equal((await kernel("")).code, 0);
    const { code, stderr } = await kernel("gpu");
    assert.equal(code, 1);
    assert.match(stderr, /\(gpu\).*-cloud-amd64 has no drivers.*another vmId.*allowReplace/);
    program("uname", "echo 6.12.57+deb13-amd64");
    assert.equal((await kernel("gpu")).code, 0);
  });

  const packages = async (failures: number, said: string) => {
    program("sleep", "exit 0");
    program(
      "apt-get",
      `echo x >>"${lines("starts")}"; [[ $(wc -l <"${lines("starts")}") -gt ${failures} ]] || { echo '${said}' >&2; exit 100; }`,
    );
    return runScript(
      root,
      `${rke2Script}\n${prepare}\napt update || fail "$(cat "$state/apt.log")"\n`,
      {},
    );
  };

  it("waits for the lock of the package lists, which apt itself does not", async () => {
    const held =
      "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 812 (apt-get)";
    const { code, stderr } = await packages(2, held);
    assert.equal(code, 0, stderr);
    assert.equal(starts(), 3);
  });

  it("ends at any other trouble of apt's", async () => {
    const { code, stderr } = await packages(1, "E: Unable to locate package nfs-common");
    assert.equal(code, 1);
    assert.match(stderr, /Unable to locate package/);
    assert.equal(starts(), 1);
  });
});
