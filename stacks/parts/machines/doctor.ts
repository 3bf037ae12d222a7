/** What each machine says of itself: disk, clock, RKE2's unit, etcd's data. */
import type { MachineSpec } from "../../../components/machine.ts";
import { renewalDueDays } from "../../../components/rke2/renewal.ts";
import { certificatesScript } from "../../../components/rke2/scripts.ts";
import type { SiteConfig } from "../../schema.ts";
import { reasonOf, type Check } from "../../doctor/check.ts";
import { judgeClock } from "../../doctor/clocks.ts";
import { judgeEnd } from "../../doctor/ends.ts";
import { ok, problem, warning, type Finding } from "../../doctor/finding.ts";
import type { Examined, OnMachine } from "../../doctor/examined.ts";
import { podMtu } from "../network/deploy.ts";
import { judgeMtu, type LanOfMachine } from "../network/doctor/mtu.ts";

/** Every machine that exists. */
export function machineChecks(
  { name, config, existing }: Examined,
  run: OnMachine,
): readonly Check[] {
  return existing.map((machine) => ({
    subject: `machine ${machine.name}`,
    run: () => checkMachine({ ...config, name }, machine, run),
  }));
}

/** Prints NAME=VALUE lines; only reads. */
const script = `
export LC_ALL=C PATH="/usr/local/sbin:/usr/local/bin:$PATH"
${certificatesScript}
echo "date=$(date +%s)"
echo "synchronised=$(timedatectl show -P NTPSynchronized 2>/dev/null)"
for folder in / /var/lib/rancher; do
  [ -d "$folder" ] && echo "disk=$(df -P "$folder" | tail -n 1 | awk '{ print $5, $4 }') $folder"
done
for unit in rke2-server rke2-agent; do echo "$unit=$(systemctl is-active $unit 2>/dev/null)"; done
etcd=/var/lib/rancher/rke2/server/db/etcd
if [ -d $etcd/member/wal ]; then echo etcd=there; else echo etcd=lost; fi
[ -e /etc/rancher/rke2/config.yaml.d/50-join.yaml ] && echo joins=yes
[ -e /var/lib/homelab/applied ] && echo applied=yes
echo "certificates=$(certificate_end 2>/dev/null)"
for card in /sys/class/net/*; do
  [ -e "$card/mtu" ] && echo "mtu-\${card##*/}=$(cat "$card/mtu")"
done
[ -e /run/reboot-required ] && echo "reboot=$(sort -u /run/reboot-required.pkgs 2>/dev/null | tr '\\n' ' ')"
true
`;

/** Answers of a machine. */
export interface Facts {
  readonly values: ReadonlyMap<string, string>;
  /** Folders with the use of their file system in percent and free KiB. */
  readonly disks: readonly {
    readonly folder: string;
    readonly used: number;
    readonly free: number;
  }[];
  /** The machine's clock less this workstation's, in seconds. */
  readonly clock: number;
}

/** @param now middle of the conversation, in milliseconds since 1970 */
export function parseFacts(text: string, now: number): Facts {
  const pairs = text.split("\n").flatMap((line) => {
    const at = line.indexOf("=");
    return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1).trim()] as const];
  });
  const disks = pairs
    .filter(([name]) => name === "disk")
    .map(([, value]) => {
      const [used = "", free = "", folder = ""] = value.split(" ");
      return { folder, used: Number.parseInt(used, 10), free: Number(free) };
    });
  const values = new Map(pairs);
  return { values, disks, clock: Math.round(Number(values.get("date")) - now / 1000) };
}

/** What remedies name. */
export interface Surroundings {
  /** Address of the control plane. */
  readonly vip: string;
  /** Another server. */
  readonly helper: string;
  readonly site: string;
  readonly lan: LanOfMachine;
}

/** Judges one machine. */
export function judgeMachine(
  { name, role }: Pick<MachineSpec, "name" | "role">,
  { values, disks, clock }: Facts,
  { vip, helper, site, lan }: Surroundings,
): readonly Finding[] {
  const subject = `machine ${name}`;
  const unit = `rke2-${role}`;
  const found: Finding[] = [];
  // Both folders are usually one file system: it is told once.
  const fullest = disks.toSorted((a, b) => b.used - a.used)[0];
  if (fullest !== undefined && fullest.used > 85) {
    const { folder, used, free } = fullest;
    const text = `the disk is ${used} % full on ${folder}, ${Math.floor(free / 1024)} MiB are free`;
    const remedy =
      `ssh root@${name}: du -xh / | sort -h | tail; journalctl --vacuum-size=100M; crictl rmi --prune; or raise ` +
      "diskGiB in the site file. RKE2 starts again by itself once there is room";
    found.push((used > 95 ? problem : warning)(subject, text, remedy));
  }
  const clockFinding = judgeClock(
    `clock of ${name}`,
    clock,
    `ssh root@${name}: timedatectl; journalctl -u systemd-timesyncd; systemctl restart systemd-timesyncd once an NTP ` +
      "server answers",
  );
  if (values.get("synchronised") === "no" && clockFinding.severity === "ok") {
    found.push(
      warning(
        `clock of ${name}`,
        "is right, and not synchronised",
        `ssh root@${name}: timedatectl set-ntp true`,
      ),
    );
  } else {
    found.push(clockFinding);
  }
  const reboot = values.get("reboot");
  if (reboot !== undefined) {
    const why = reboot === "" ? "updates" : reboot.trim().split(" ").join(", ");
    found.push(
      warning(
        subject,
        `waits for a restart: ${why} ${why.includes(",") || reboot === "" ? "count" : "counts"} only then`,
        `npm run reboot -- --stack ${site} --machine ${name}`,
      ),
    );
  }
  if (values.get("applied") !== "yes") return found;
  found.push(...judgeMtu(name, lan, values));
  found.push(...certificates(name, unit, values.get("certificates") ?? ""));
  const lost = role === "server" && values.get("etcd") === "lost";
  if (lost) found.push(lostEtcd(name, vip, helper, values.get("joins") === "yes"));
  const state = values.get(unit) ?? "unknown";
  if (state === "active") found.push(ok(subject, `${unit} is active`));
  else if (!lost) {
    found.push(
      problem(
        subject,
        `${unit} is ${state}`,
        `ssh root@${name}: journalctl -u ${unit} -n 50, then systemctl restart ${unit}, or npm run up`,
      ),
    );
  }
  return found;
}

/** Nothing for a node that cannot say it: its unit's state is told besides. */
function certificates(name: string, unit: string, end: string): readonly Finding[] {
  const ends = new Date(end);
  if (Number.isNaN(ends.getTime())) return [];
  const remedy = `npm run up renews them, node by node; by hand: ssh root@${name} systemctl restart ${unit}`;
  return [judgeEnd({ subject: `certificates of ${name}`, ends, remedy, warnDays: renewalDueDays })];
}

function lostEtcd(name: string, vip: string, helper: string, joins: boolean): Finding {
  const join = joins
    ? ""
    : `echo "server: https://${vip}:9345" > /etc/rancher/rke2/config.yaml.d/50-join.yaml, or it begins a cluster of ` +
      "its own; ";
  return problem(
    `machine ${name}`,
    "its etcd data is lost: /var/lib/rancher/rke2/server/db/etcd holds no database",
    `while most other servers are well: 1. on ${name}: systemctl stop rke2-server; ${join}2. on ${helper}: kubectl delete ` +
      `node ${name}, which removes its etcd member; 3. on ${name}: rke2-killall.sh; rm -rf ` +
      "/var/lib/rancher/rke2/server/db/etcd; systemctl start rke2-server; 4. npm run up -- --refresh. " +
      "If most servers lost theirs, begin again from a snapshot: npm run restore (docs/restore.md)",
  );
}

/** Asks one machine, which must be there. */
export async function checkMachine(
  config: Pick<SiteConfig, "machines" | "cluster" | "site"> & { readonly name: string },
  machine: MachineSpec,
  run: OnMachine,
): Promise<readonly Finding[]> {
  const { name, address } = machine;
  const helper =
    config.machines.find((other) => other.role === "server" && other.name !== name)?.name ??
    "another server";
  const begun = Date.now();
  let text: string;
  try {
    text = await run(address, script);
  } catch (error) {
    return [
      problem(
        `machine ${name}`,
        `${address} does not answer on SSH: ${reasonOf(error)}`,
        `look at its console in Proxmox, and start it there if it is off; "Host key verification failed" means that ` +
          "another machine has its address",
      ),
    ];
  }
  return judgeMachine(machine, parseFacts(text, (begun + Date.now()) / 2), {
    vip: config.cluster.vip,
    helper,
    site: config.name,
    lan: { card: config.cluster.kubeVip.interface, podMtu: podMtu(config) },
  });
}
