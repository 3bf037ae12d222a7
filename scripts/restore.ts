/**
 * `npm run restore -- --stack home [--snapshot NAME|FILE] [--yes]`: begins the cluster again from an etcd snapshot, once
 * machines that are lost are built anew. Without a snapshot it lists those in the store. Refuses while the cluster lives.
 * docs/restore.md goes the whole way. `-- --app NAME [--at TIME]` fills volumes of a cluster that lives from their backups
 * instead (docs/backup.md).
 */
import { Option } from "commander";
import { createReadStream, existsSync } from "node:fs";
import { basename, resolve } from "node:path";
import { scripts } from "../components/rke2/scripts.ts";
import { quote } from "../components/remote/shell.ts";
import type { SiteConfig } from "../stacks/schema.ts";
import { restoreBackups } from "./backup/restore.ts";
import { consent } from "./consent.ts";
import { main, say, stackCommand } from "./site-stack.ts";
import { buildMachines } from "./snapshots/build-machines.ts";
import { beginner, obstacles, type Seen } from "./snapshots/obstacles.ts";
import { withServers, type Server } from "./snapshots/servers.ts";
import { fetchFromStore, listStore, type Store } from "./snapshots/store.ts";

const command = stackCommand("restore", "begin the cluster again from an etcd snapshot")
  .option("-S, --snapshot <name>", "a name in the store, or a file here")
  .addOption(
    new Option(
      "-a, --app <name>",
      "fill the volumes of an application from their backups instead",
    ).conflicts(["snapshot", "claim"]),
  )
  .addOption(
    new Option(
      "-c, --claim <namespace/name>",
      "the same of a claim that is no application's",
    ).conflicts("snapshot"),
  )
  .addOption(
    new Option("--at <time>", "with these, by backups not from after this moment").conflicts(
      "snapshot",
    ),
  )
  .option("-y, --yes", "do not ask")
  .parse();
const { stack: name, ...options } = command.opts<{
  stack: string;
  snapshot?: string;
  app?: string;
  claim?: string;
  at?: string;
  yes?: boolean;
}>();

const folder = "/var/lib/homelab/restore";

/** Runs one of the script's modes on a server. */
type Step = (server: Server, mode: string, seconds: number, snapshot?: string) => Promise<string>;

const stepWith =
  (vip: string): Step =>
  (server, mode, seconds, snapshot = "") =>
    server.run(
      scripts.restore,
      { MODE: mode, NODE_NAME: server.name, SNAPSHOT: snapshot, VIP: vip },
      seconds,
    );

async function look(server: Server, step: Step): Promise<Seen> {
  try {
    const state = (await step(server, "look", 660)).trim();
    return { name: server.name, state };
  } catch (error) {
    return { name: server.name, away: error instanceof Error ? error.message : String(error) };
  }
}

/** The snapshots of the store, as a person chooses one. */
async function offer(first: Server, store: Store | undefined): Promise<never> {
  const again = `npm run restore -- --stack ${name} --snapshot`;
  if (store === undefined)
    throw new Error(`name a snapshot's file: ${again} FILE; the site has no store to look in`);
  const found = await listStore(first, store);
  const [newest] = found;
  if (newest === undefined)
    throw new Error(
      `the store has no snapshot in ${store.bucket}/${store.folder}; ${again} FILE takes one from here`,
    );
  for (const { name: snapshot, bytes, saved } of found.slice(0, 20))
    say(`${saved.toISOString()}  ${(bytes / 2 ** 20).toFixed(1).padStart(7)} MiB  ${snapshot}`);
  throw new Error(`nothing was changed; take one of these: ${again} ${newest.name}`);
}

/** Brings the snapshot to the server that begins; nothing that runs changes yet. Gives its path there. */
async function bring(first: Server, store: Store | undefined, snapshot: string): Promise<string> {
  const path = `${folder}/${basename(snapshot)}`;
  const local = resolve(snapshot);
  if (existsSync(local)) {
    say(`${name}: sending ${local} to ${first.name}`);
    await first.ssh(`umask 077; mkdir -p ${quote(folder)}; cat >${quote(path)}\n`, {
      ...{ seconds: 1800, input: createReadStream(local) },
    });
    return path;
  }
  if (store === undefined)
    throw new Error(`there is no file ${local}, and the site has no store to look in`);
  const known = (await listStore(first, store)).map((stored) => stored.name);
  if (!known.includes(snapshot))
    throw new Error(
      `neither a file here nor a snapshot in the store: ${snapshot}; without --snapshot this lists them`,
    );
  say(`${name}: ${first.name} fetches ${snapshot} from the store`);
  await fetchFromStore(first, store, snapshot, path);
  return path;
}

/** Claims come back bound, so that no backup fills them. */
const ofDisks = ({ storage }: SiteConfig): string =>
  storage === undefined
    ? ""
    : " Volumes whose disks are gone do not come back with it, and not from their backups either: docs/restore.md.";

async function restoreCluster(): Promise<void> {
  await withServers(name, async ({ site, servers, store }) => {
    const step = stepWith(site.config.cluster.vip);
    const lookAtAll = () => Promise.all(servers.map((server) => look(server, step)));
    let seen = await lookAtAll();
    const { snapshot } = options;
    if (snapshot === undefined) {
      const answers = servers.find((_, i) => "state" in (seen[i] ?? {}));
      if (answers === undefined)
        throw new Error(
          ["no server can be asked for the store's snapshots:", ...obstacles(name, seen)].join(
            "\n  ",
          ),
        );
      return offer(answers, store);
    }
    if (
      seen.every((one) => !("state" in one) || ["down", "bare"].includes(one.state)) &&
      obstacles(name, seen).length > 0
    ) {
      await buildMachines(name);
      seen = await lookAtAll();
    }
    const against = obstacles(name, seen);
    if (against.length > 0) throw new Error(["nothing was restored:", ...against].join("\n  "));
    const begins = beginner(seen);
    const first = servers[begins] ?? servers[0];
    const further = servers.filter((server) => server !== first);
    const path = await bring(first, store, snapshot);
    await consent({
      about: `The cluster of ${name} becomes what it was in ${snapshot}; what came later is lost.${ofDisks(site.config)}`,
      word: name,
      yes: options.yes === true,
      otherwise: "nothing was restored",
    });
    await Promise.all(further.map((server) => step(server, "stop", 900)));
    await step(first, "reset", 8100, path);
    say(`${name}: ${first.name} runs the cluster of ${basename(snapshot)}`);
    // All before any: where a join fails, no two of them can bring the old cluster back.
    await Promise.all(further.map((server) => step(server, "forget", 900)));
    for (const server of further) await step(server, "rejoin", 5400);
    say(
      `${name}: now npm run up -- --stack ${name} --refresh, which lets the other machines join and brings back what the snapshot lacks`,
    );
  });
}

const { app, claim, at } = options;
if (at !== undefined && app === undefined && claim === undefined)
  command.error("--at is for --app or --claim; a snapshot has its moment in its name");
await main(() =>
  app === undefined && claim === undefined
    ? restoreCluster()
    : restoreBackups({ stack: name, ...options }),
);
