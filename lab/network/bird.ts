/** BIRD 2 on a site's router: its configuration, and what it says of its sessions and routes. */
import { writeFile } from "node:fs/promises";
import { mustRun, run } from "../host/command.ts";

/** A BGP session as the router sees it. */
export interface BgpSession {
  /** Protocol name in BIRD's configuration. */
  readonly name: string;
  /** The peer's address. */
  readonly neighbor: string;
  /** The peer's AS number. */
  readonly asn: number;
  /** BGP state (RFC 4271, 8.2.2): `Established` is the one that works. */
  readonly state: string;
  /** When the state was entered, as BIRD prints it. */
  readonly since: string;
  /** Routes that the peer gave. */
  readonly imported: number;
}

/** A route that the router has learned over BGP. */
export interface LearnedRoute {
  /** Destination in CIDR form. */
  readonly prefix: string;
  /** Protocol that it came from. */
  readonly protocol: string;
  /** Next hops. */
  readonly via: readonly string[];
  /** The one that BIRD prefers of those with the same destination. */
  readonly best: boolean;
}

/** Configuration of a router that nobody has told of any peer. */
export function baseConfig(routerId: string): string {
  return `router id ${routerId};
protocol device {}
protocol direct { ipv4; }
protocol kernel { ipv4 { export none; }; }
`;
}

/** Checks a configuration with BIRD itself; returns its complaint, or undefined when it is good. */
export async function checkConfig(file: string, config: string): Promise<string | undefined> {
  await writeFile(file, config);
  const result = await run("bird", ["-p", "-c", file]);
  if (result.code === 0) return undefined;
  return (result.stderr || result.stdout).replaceAll("bird: ", "").trim();
}

/** Sessions and learned routes of a running BIRD. */
export async function bgpTable(
  socket: string,
): Promise<{ sessions: BgpSession[]; routes: LearnedRoute[] }> {
  const ask = (command: string): Promise<string> =>
    mustRun("birdc", ["-r", "-s", socket, ...command.split(" ")]);
  const sessions = parseSessions(await ask("show protocols all"));
  const names = new Set(sessions.map((session) => session.name));
  const routes = parseRoutes(await ask("show route"));
  return { sessions, routes: routes.filter((route) => names.has(route.protocol)) };
}

/** Reads `show protocols all` of BIRD 2. */
export function parseSessions(text: string): BgpSession[] {
  const blocks = text.split(/\n(?=\S)/);
  return blocks.flatMap((block): BgpSession[] => {
    const head = /^(\S+)\s+BGP\s+\S+\s+\S+\s+(\S+(?: \d\S+)?)/.exec(block);
    if (head === null) return [];
    const field = (name: string): string | undefined =>
      new RegExp(`^ +${name}: +(.+?) *$`, "m").exec(block)?.[1];
    return [
      {
        name: head[1] ?? "",
        neighbor: field("Neighbor address") ?? "",
        asn: Number(field("Neighbor AS") ?? 0),
        state: field("BGP state") ?? "Idle",
        since: head[2] ?? "",
        imported: Number(/(\d+) imported/.exec(field("Routes") ?? "")?.[1] ?? 0),
      },
    ];
  });
}

/** Reads `show route` of BIRD 2: a line for each route, and one below it for each next hop. */
export function parseRoutes(text: string): LearnedRoute[] {
  const routes: { prefix: string; protocol: string; via: string[]; best: boolean }[] = [];
  let prefix = "";
  for (const line of text.split("\n")) {
    const route = /^(\S*)\s+\S+ \[(\S+) [^\]]*\]( \*)?/.exec(line);
    if (route !== null) {
      // BIRD leaves the destination out when it repeats.
      prefix = route[1] === "" ? prefix : (route[1] ?? "");
      routes.push({ prefix, protocol: route[2] ?? "", via: [], best: route[3] !== undefined });
    }
    const hop = /^\s+via (\S+) on /.exec(line);
    if (hop?.[1] !== undefined) routes.at(-1)?.via.push(hop[1]);
  }
  return routes;
}
