/** Runs in a network namespace of its own: boots two machines, looks at them from outside, prints findings as JSON. */
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, rmSync, symlinkSync, mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { createHypervisor } from "../../machines/hypervisor.ts";
import type { MachineDefinition } from "../../machines/machine.ts";
import { kubernetesNames } from "../../machines/system-tree.ts";

const [directory, guestBinary] = process.argv.slice(2) as [string, string];
const kubernetesBinDir = join(directory, "bin");
mkdirSync(kubernetesBinDir);
for (const name of kubernetesNames) symlinkSync("/bin/true", join(kubernetesBinDir, name));
const podProgramsDir = join(directory, "programs");
mkdirSync(podProgramsDir);
symlinkSync("/bin/true", join(podProgramsDir, "coredns"));
writeFileSync(join(directory, "ca.pem"), "certificate\n");

const run = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { encoding: "utf8" }).trim();
const newKey = (name: string): { private: string; public: string } => {
  const path = join(directory, name);
  run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path);
  return {
    private: readFileSync(path, "utf8"),
    public: readFileSync(`${path}.pub`, "utf8").trim(),
  };
};

const login = newKey("login");
const hostKeys = [newKey("host1"), newKey("host2")] as const;
const known = join(directory, "known_hosts");
writeFileSync(
  known,
  hostKeys.map((key, index) => `192.168.1.2${index + 1} ${key.public}\n`).join(""),
);

const unit = `[Unit]
Description=Trial
[Service]
Type=notify
NotifyAccess=all
ExecStart=/bin/sh -c 'test ! -e /root/fail || { echo broken; exit 3; }; sleep 4242 & systemd-notify --ready 2>/dev/null || /usr/local/bin/ready; wait'
[Install]
WantedBy=multi-user.target
`;
// A datagram to NOTIFY_SOCKET from a shell: curl has no unix datagrams, ssh-less systems have perl.
const ready = `#!/usr/bin/perl
use Socket; socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die; send($s, "READY=1", 0, sockaddr_un($ENV{NOTIFY_SOCKET})) or die;
`;
const indent = (text: string): string => text.trimEnd().replace(/^/gm, "      ");

const definition = (number: 1 | 2): MachineDefinition => ({
  vmid: 120 + number,
  name: `machine-${number}`,
  host: "stone",
  memoryMiB: 2048,
  cores: 3,
  nic: { mac: `BC:24:11:00:00:0${number}`, bridge: "vmbr0", mtu: 1500 },
  furtherNics: [],
  diskBytes: 64 * 1024 ** 3,
  disks: [],
  cloudInit: {
    instanceId: `instance-${number}`,
    address: `192.168.1.2${number}/24`,
    nameservers: [],
    userData: `#cloud-config
hostname: machine-${number}
disable_root: false
users:
  - name: alice
    ssh_authorized_keys: ["${login.public}"]
ssh_authorized_keys: ["${login.public}"]
ssh_keys:
  ed25519_private: |
${indent(hostKeys[number - 1]?.private ?? "")}
  ed25519_public: ${hostKeys[number - 1]?.public ?? ""}
write_files:
  - path: /usr/local/bin/ready
    permissions: "0755"
    content: |
${indent(ready)}
  - path: /etc/systemd/system/trial.service
    content: |
${indent(unit)}
`,
  },
});

const ssh = (
  number: number,
  command: string,
  user = "root",
): { code: number | null; text: string } => {
  const options = [
    "-F",
    "none",
    "-i",
    join(directory, "login"),
    "-o",
    "BatchMode=yes",
    "-o",
    `UserKnownHostsFile=${known}`,
  ];
  const target = `${user}@192.168.1.2${number}`;
  const { status, stdout, stderr } = spawnSync(
    "ssh",
    [...options, "-o", "StrictHostKeyChecking=yes", target, command],
    { encoding: "utf8" },
  );
  return { code: status, text: (stdout + stderr).trim() };
};

const answers = (address: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: address, port: 22, timeout: 500 });
    const end = (result: boolean): void => {
      socket.destroy();
      resolve(result);
    };
    socket
      .once("data", () => end(true))
      .once("error", () => end(false))
      .once("timeout", () => end(false));
  });

const untilSsh = async (number: number): Promise<void> => {
  while (!(await answers(`192.168.1.2${number}`))) await pause(20);
};

const findings: Record<string, unknown> = {};
const changes: [number, boolean][] = [];
const hypervisor = await createHypervisor({
  stateDir: join(directory, "machines"),
  guestBinary,
  kubernetesBinDir,
  podProgramsDir,
  caFile: join(directory, "ca.pem"),
  onChange: (vmid, running) => changes.push([vmid, running]),
});
const begin = performance.now();
await Promise.all([hypervisor.start(definition(1)), hypervisor.start(definition(2))]);
await Promise.all([untilSsh(1), untilSsh(2)]);
findings["sshMilliseconds"] = performance.now() - begin;
findings["names"] = [ssh(1, "hostname").text, ssh(2, "hostname").text];
findings["size"] = ssh(1, "nproc; awk '/MemTotal/ { print int($2 / 1024) }' /proc/meminfo").text;
findings["alice"] = ssh(1, "id -un; systemctl is-active ssh", "alice").text;
findings["sftp"] = spawnSync(
  "sftp",
  [
    "-F",
    "none",
    "-b",
    "-",
    "-i",
    join(directory, "login"),
    "-o",
    `UserKnownHostsFile=${known}`,
    "root@192.168.1.21",
  ],
  { input: "put /etc/hostname /root/uploaded\n" },
).status;
findings["notify"] = ssh(1, "systemctl enable --now trial && systemctl is-active trial").text;
findings["failing"] = ssh(
  2,
  "touch /root/fail; systemctl start trial; echo $?; journalctl -u trial -o cat",
).text;
findings["hostPids"] = run("pgrep", "-c", "-f", "^sleep 4242");
await hypervisor.stop(121, { graceful: true, timeoutSeconds: 20, force: true });
findings["afterStop"] = {
  running: [hypervisor.running(121), hypervisor.running(122)],
  processes: spawnSync("pgrep", ["-c", "-f", "^sleep 4242"], { encoding: "utf8" }).stdout.trim(),
  namespaces: run("ip", "netns", "list"),
};
await hypervisor.start(definition(1));
await hypervisor.start(definition(1));
await untilSsh(1);
findings["secondBoot"] = ssh(
  1,
  "ls /root; until systemctl -q is-active trial; do sleep 0.05; done; echo up",
).text;
await hypervisor.destroy(122);
await hypervisor.close();
findings["changes"] = changes;
findings["left"] =
  `${run("ip", "netns", "list")}${run("ip", "-br", "link", "show", "type", "veth")}`;
process.stdout.write(JSON.stringify(findings));
rmSync(join(directory, "machines"), { recursive: true });
