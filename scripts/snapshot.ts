/**
 * `npm run snapshot -- --stack home [--to FILE]`: saves an etcd snapshot now and says where it is. Where the site has no
 * store, or with `--to`, a copy is brought here, readable by its owner alone. It holds every object of the cluster.
 */
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { scripts } from "../components/rke2/scripts.ts";
import { quote } from "../components/remote/shell.ts";
import { main, say, stackCommand } from "./site-stack.ts";
import { withServers, type Server } from "./snapshots/servers.ts";

const command = stackCommand("snapshot", "save an etcd snapshot and say where it is")
  .option("-t, --to <file>", "bring a copy here")
  .parse();
const { stack: name, to } = command.opts<{ stack: string; to?: string }>();

/** Saves one on the first server that can; throws with what each of them said. */
async function save(servers: readonly Server[], store: boolean): Promise<[Server, string]> {
  const reasons: string[] = [];
  for (const server of servers) {
    try {
      const parameters = { STORE: store ? "yes" : "no" };
      return [server, (await server.run(scripts.snapshot, parameters, 900)).trim()];
    } catch (error) {
      reasons.push(`${server.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(`no server could save a snapshot\n${reasons.join("\n")}`);
}

/** Brings a snapshot here; what is there already stays until the copy is whole. */
async function bring(server: Server, snapshot: string, file: string): Promise<void> {
  const draft = `${file}.part`;
  const output = createWriteStream(draft, { mode: 0o600 });
  const written = once(output, "close");
  try {
    const path = `/var/lib/rancher/rke2/server/db/snapshots/${snapshot}`;
    await server.ssh(`cat ${quote(path)}\n`, { seconds: 1800, output });
    await written;
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

await main(() =>
  withServers(name, async ({ servers, store }) => {
    const [server, snapshot] = await save(servers, store !== undefined);
    say(`${name}: ${snapshot} is saved on ${server.name}`);
    if (store !== undefined) {
      const { endpoint, bucket, folder } = store;
      say(
        `and in the store: ${endpoint.replace(/\/$/, "")}, bucket ${bucket}, ${folder}/${snapshot}`,
      );
    }
    if (store !== undefined && to === undefined) return;
    const file = resolve(to ?? snapshot);
    await bring(server, snapshot, file);
    const { size } = await stat(file);
    say(
      `and here: ${file} (${(size / 2 ** 20).toFixed(1)} MiB); keep it where this machine's end is not its own`,
    );
  }),
);
