/** Looks at a site without pause while something is done to it, and tells how long what was silent. */
import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { labStatus, runInLab } from "../../lab/lab.ts";
import { runAsVisitor, type LabRun, type RunInLabOptions } from "../../lab/shell/inside.ts";
import { paths, run } from "./command.ts";
import { up } from "./site.ts";

/** What a site's people saw meanwhile. */
export interface Seen {
  /** Longest time without an answer by what was asked, in seconds. */
  readonly silence: Readonly<Record<"api" | "address" | "name", number | undefined>>;
  /** Machines that were off at one time, each set once, in order. */
  readonly off: readonly (readonly string[])[];
}

type Place = (command: readonly string[], options: RunInLabOptions) => Promise<LabRun>;

/**
 * Asks by a command, once a second, as long as a file is there; the times of its answers. What is judged is tens of seconds,
 * and whoever asks more often takes the processor from what is watched.
 */
async function ask(place: Place, command: string, file: string): Promise<readonly number[]> {
  const loop = `while [ -e ${file} ]; do if ${command} >/dev/null 2>&1; then date +%s.%N; fi; sleep 1; done`;
  const { stdout } = await place(["bash", "-c", loop], { stdio: "capture" });
  return stdout.split("\n").filter(Boolean).map(Number);
}

/** Longest time between two answers, or from the start or to the end without one. */
function longest(answers: readonly number[], begun: number, ended: number): number {
  const times = [begun, ...answers, ended];
  return Math.max(...times.slice(1).map((time, i) => time - (times[i] ?? time)));
}

/** Lines of curl's config that open the published name. */
async function serviceToken(): Promise<readonly string[]> {
  const text = await run`pulumi stack output serviceTokens --show-secrets --json --stack home`;
  const tokens = JSON.parse(text) as Record<string, { clientId: string; clientSecret: string }>;
  const token = tokens["monitoring"];
  assert.ok(token, "there is no service token");
  return [
    `header = "CF-Access-Client-Id: ${token.clientId}"`,
    `header = "CF-Access-Client-Secret: ${token.clientSecret}"`,
  ];
}

/**
 * Brings home up and watches it meanwhile: the API by a request that etcd has to answer, the control plane's address, and a
 * public name; and which machines run. Gives everything that the run said, too.
 */
export async function watchedUp(): Promise<Seen & { readonly said: string }> {
  const config = join(paths.run, "probe.curl");
  const lines = ['url = "https://typeo.example.net/"', `cacert = "${paths.ca}/bundle.pem"`];
  const text = [...lines, ...(await serviceToken()), "max-time = 3", "fail", ""].join("\n");
  await writeFile(config, text, { mode: 0o600 });
  const begun = Date.now() / 1000;
  const probes = Promise.all([
    ask(
      runInLab,
      "kubectl --context home get --raw /api/v1/namespaces/default --request-timeout=3s",
      config,
    ),
    ask(runInLab, "curl -sk --max-time 3 https://192.168.1.20:6443/readyz", config),
    ask(runAsVisitor, `curl -s -K ${config}`, config),
  ]);
  const off: string[][] = [];
  const stopped = new AbortController();
  const machines = (async () => {
    while (!stopped.signal.aborted) {
      const { machines: all } = await labStatus();
      const down = all.filter(({ site, running }) => site === "home" && !running);
      const names = down.map((machine) => machine.name).sort();
      if (names.length > 0 && off.at(-1)?.join() !== names.join()) off.push(names);
      await delay(200);
    }
  })();
  let said: string;
  try {
    said = await up("home");
  } finally {
    stopped.abort();
    // Without it nobody asks any more, whatever became of the work.
    await rm(config);
    await machines;
  }
  const ended = Date.now() / 1000;
  const [api, address, name] = (await probes).map((answers) => longest(answers, begun, ended));
  const silence = { api, address, name };
  console.info(`      longest silence in seconds: ${JSON.stringify(silence)}`);
  return { silence, off, said };
}

/**
 * Seconds that something may be silent while the control plane's address moves to another server: kube-vip's lease of 10 s, a
 * request that waits for 3 s, and what a busy test machine adds. Three servers that restart together take 40 s and more.
 */
const failover = 30;

/** Fails where something was silent for longer than a failover takes. */
export function expectNoSilence(seen: Seen): void {
  expectAnswers(seen, ["api", "address", "name"], 1);
}

/** Fails where one of these was silent for longer than so many failovers take. */
export function expectAnswers(
  { silence }: Seen,
  watched: readonly (keyof Seen["silence"])[],
  failovers: number,
): void {
  const long = watched.filter((what) => !((silence[what] ?? Infinity) < failovers * failover));
  assert.deepEqual(long, [], JSON.stringify(silence));
}
