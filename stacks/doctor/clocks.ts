/** Clocks: certificates, tokens and etcd want them within seconds. */
import type { Fetch } from "./ask.ts";
import { ok, problem, type Finding } from "./finding.ts";

/** Seconds that a clock may be off. */
const tolerance = 30;

/** A finding about a clock that is `off` seconds ahead of this workstation's. */
export function judgeClock(subject: string, off: number, remedy: string): Finding {
  if (Math.abs(off) <= tolerance) return ok(subject, `within ${tolerance} s of this workstation's`);
  const way = off > 0 ? "ahead of" : "behind";
  return problem(subject, `is ${Math.abs(off)} s ${way} this workstation's`, remedy);
}

/** This workstation's own clock, by what servers on the internet say (each server's clock less ours, in seconds). */
export function judgeOwnClock(servers: ReadonlyMap<string, number>): Finding {
  const subject = "this workstation's clock";
  const wrong = [...servers].filter(([, off]) => Math.abs(off) > tolerance);
  if (wrong.length === 0) return ok(subject, `agrees with ${[...servers.keys()].join(", ")}`);
  const said = wrong.map(([host, off]) => `${host} says ${off > 0 ? "+" : ""}${off} s`).join(", ");
  return problem(
    subject,
    `differs from servers on the internet: ${said}`,
    "turn on time synchronisation here (timedatectl set-ntp true), then run the doctor again",
  );
}

/** Compares with the Date header of public servers. */
export async function checkOwnClock(
  urls: readonly string[],
  ask: Fetch,
): Promise<readonly Finding[]> {
  const heard = await Promise.allSettled(
    urls.map(
      async (url) => [new URL(url).host, (await ask(url, { method: "HEAD" })).clock] as const,
    ),
  );
  const clocks = new Map(
    heard.flatMap((one) =>
      one.status === "fulfilled" && one.value[1] !== undefined
        ? [[one.value[0], one.value[1]] as const]
        : [],
    ),
  );
  if (clocks.size === 0) throw new Error("no server on the internet tells the time");
  return [judgeOwnClock(clocks)];
}
