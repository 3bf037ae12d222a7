/**
 * GitHub's runners, as the lab can have them: a machine somewhere on the internet, which sees of this one's files its
 * programs alone, and has of the homes' networks what the tailnet's policy lets `tag:ci` reach once it has joined.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { parseHuJson } from "../../components/tailnet/hujson.ts";
import { runInLab } from "../../lab/lab.ts";
import { labEnvironment } from "../../lab/shell/environment.ts";
import { publicResolver, visitor } from "../../lab/world/inventory.ts";
import type { Ended, Machine } from "../workflow/job.ts";
import { paths } from "./command.ts";
import { credentials, tailscale } from "./world.ts";

const namespace = "ci-runner";
const port = "ci0";
const address = "198.18.0.2";
const gateway = "198.18.0.1";
const tag = "tag:ci";

/** Where the file backend lies for the runner: what an S3 bucket is at home. */
export const backend = "file:///srv/states?metadata=skip";

/** One run's machines, each in a folder of its own below this one. */
export const runners = join(paths.run, "runners");

const pid = join(runners, "dnsmasq.pid");

/** A rule of the policy, as far as it says what one tag reaches. */
interface Grant {
  readonly src?: readonly string[];
  readonly dst?: readonly string[];
  readonly ip?: readonly string[];
}

/** Runs a command in the lab's own network; fails unless it succeeds. */
async function inLab(command: readonly string[], input = ""): Promise<string> {
  const { code, stdout, stderr } = await runInLab(command, {
    ...{ stdio: "capture", keepHome: true, input },
  });
  assert.equal(code, 0, `${command.join(" ")}: ${stderr}`);
  return stdout;
}

/** The way from the runner to the internet, and to nothing else. */
export async function connectRunner(): Promise<void> {
  mkdirSync(runners, { recursive: true });
  await disconnectRunner();
  await inLab(["ip", "netns", "add", namespace]);
  await batch([
    `link add ${port} type veth peer name eth0 netns ${namespace}`,
    `address add ${gateway}/30 dev ${port}`,
    `link set ${port} up`,
  ]);
  const way = [`route add default via ${gateway} table ${table}`, reach(visitor.internet)];
  await batch(
    ["link set lo up", `address add ${address}/30 dev eth0`, "link set eth0 up", ...way],
    namespace,
  );
  await resolve({});
}

/** Takes it all away. */
export async function disconnectRunner(): Promise<void> {
  const away = [
    `kill "$(cat ${pid} && rm ${pid})"`,
    `ip link delete ${port}`,
    `ip netns delete ${namespace}`,
  ];
  await inLab(["sh", "-c", away.map((command) => `${command} 2>/dev/null || :`).join("\n")]);
}

/** The table with the way out; what no rule sends there has none, as the tailnet's filter drops what no grant names. */
const table = 100;

const reach = (match: string): string => `rule add to ${match} lookup ${table}`;

async function batch(commands: readonly string[], within?: string): Promise<void> {
  const where = within === undefined ? [] : ["-netns", within];
  await inLab(["ip", ...where, "-batch", "-"], `${commands.join("\n")}\n`);
}

/** Has the runner ask the internet's resolver, and for these domains the servers that the tailnet names. */
async function resolve(split: Readonly<Record<string, readonly string[]>>): Promise<void> {
  const servers = Object.entries(split).flatMap(([domain, all]) =>
    all.map((server) => `server=/${domain}/${server}`),
  );
  const file = join(runners, "dnsmasq.servers");
  writeFileSync(file, [`server=${publicResolver}`, ...servers, ""].join("\n"));
  // The servers are all that it reads again.
  if (existsSync(pid)) await inLab(["kill", "-HUP", readFileSync(pid, "utf8").trim()]);
  else
    await inLab([
      ...["ip", "netns", "exec", namespace, "dnsmasq", "--conf-file=/dev/null", "--user=root"],
      ...["--no-resolv", "--no-hosts", "--bind-interfaces", "--listen-address=127.0.0.1"],
      ...[`--pid-file=${pid}`, `--servers-file=${file}`],
    ]);
}

/** Lets the runner in, as a device of `tag:ci`: it reaches what grants of the policy say, and asks the sites' name servers. */
export async function joinTailnet(): Promise<void> {
  const policy = parseHuJson(await tailscale("GET", "tailnet/-/acl")) as {
    readonly grants?: readonly Grant[];
  };
  const own = (policy.grants ?? []).filter(({ src = [] }) => src.includes(tag));
  await batch(
    own.flatMap(({ dst = [], ip = [] }) =>
      dst.flatMap((to) =>
        ip.map((what) => {
          const [protocol = "", of = ""] = what.split(":");
          assert.ok(/^[\d./]+$/.test(to) && ["tcp", "udp"].includes(protocol), `${to} ${what}`);
          return reach(`${to} ipproto ${protocol} dport ${of}`);
        }),
      ),
    ),
    namespace,
  );
  const split = await tailscale("GET", "tailnet/-/dns/split-dns");
  await resolve(JSON.parse(split) as Record<string, string[]>);
}

/** A machine for one job: where the runner stands in the lab, or on this machine, where the test's API of GitHub answers. */
export async function runnerMachine(name: string, where: "lab" | "here"): Promise<Machine> {
  const place = join(runners, name.replaceAll(" ", "-"));
  const [workspace, temp, home] = [join(place, "work"), join(place, "temp"), join(place, "home")];
  for (const folder of [workspace, temp, home, join(place, "bin"), join(place, "authorities")])
    mkdirSync(folder, { recursive: true });
  // Links stay links: they lead to /usr/share.
  cpSync("/etc/ssl/certs", join(place, "certs"), { recursive: true, verbatimSymlinks: true });
  writeFileSync(join(place, "resolv.conf"), "nameserver 127.0.0.1\n");
  writeFileSync(join(place, "hosts"), "127.0.0.1\tlocalhost\n");
  // An image's user may do everything, and is not asked for a password.
  writeFileSync(join(place, "bin", "sudo"), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 });
  // What the lab's commands find in their environment is nothing that a runner has.
  const cleared = Object.keys(labEnvironment(paths, "", await credentials()));
  const none = Object.fromEntries(cleared.map((key) => [key, undefined]));
  return {
    ...{ workspace, temp },
    environment: {
      ...{ HOME: home, LANG: "C.UTF-8", XDG_CACHE_HOME: cache, GOMODCACHE: goModules },
      // It asks the system for its place, not HOME.
      PULUMI_HOME: join(home, ".pulumi"),
      PATH: `${join(place, "bin")}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    },
    run: async (command, environment) => {
      const whole = ["bwrap", ...sandbox(place), "--chdir", workspace, "--", ...command];
      if (where === "here") return runHere(whole, environment);
      const { code, stdout, stderr } = await runInLab(
        ["ip", "netns", "exec", namespace, ...whole],
        {
          ...{ stdio: "capture", keepHome: true, cwd: "/" },
          env: { ...none, ...environment },
        },
      );
      return { code, output: stdout + stderr };
    },
  };
}

/** Where the pinned tools and Go's modules are kept from one run to the next, as the actions that set up keep them. */
const own = process.env["HOME"] ?? homedir();
const cache = process.env["XDG_CACHE_HOME"] ?? join(own, ".cache");
const goModules =
  process.env["GOMODCACHE"] ?? join(process.env["GOPATH"] ?? join(own, "go"), "pkg", "mod");

/** What a job sees of this machine's files: programs and the cache; of the lab the states, whose locks alone it may write. */
function sandbox(place: string): readonly string[] {
  const locks = join(paths.pulumi, ".pulumi", "locks");
  mkdirSync(locks, { recursive: true });
  const at = (name: string): string => join(place, name);
  return [
    ...["--die-with-parent", "--unshare-pid", "--ro-bind", "/", "/", "--dev", "/dev"],
    ...["--proc", "/proc", "--tmpfs", "/tmp", "--tmpfs", "/srv", "--tmpfs", "/usr/local/share"],
    ...["--tmpfs", paths.clone, "--tmpfs", paths.state, "--bind", place, place],
    ...["--bind", cache, cache, "--bind", goModules, goModules],
    ...["--bind", at("certs"), "/etc/ssl/certs"],
    ...["--bind", at("authorities"), "/usr/local/share/ca-certificates"],
    ...["--ro-bind", at("resolv.conf"), "/etc/resolv.conf", "--ro-bind", at("hosts"), "/etc/hosts"],
    ...["--ro-bind", paths.pulumi, "/srv/states", "--bind", locks, "/srv/states/.pulumi/locks"],
    // The packages and plugins that a hosted runner downloads.
    ...["--ro-bind", join(paths.clone, "node_modules"), at("work/node_modules")],
    ...["--ro-bind", join(paths.pulumiHome, "plugins"), at("home/.pulumi/plugins")],
  ];
}

async function runHere(
  [program = "", ...rest]: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Ended> {
  const child = spawn(program, rest, { env: { ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  const [code] = (await once(child, "close")) as [number | null];
  return { code: code ?? 1, output };
}
