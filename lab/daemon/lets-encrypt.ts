/** Let's Encrypt and its staging server: pebble, at their real names. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import type { LabPaths } from "../host/paths.ts";
import { Supervised } from "../host/supervised.ts";
import type { Authority } from "../world/authority.ts";
import { internet, publicResolver, type InternetService } from "../world/inventory.ts";

/** One server; `duplicates` is what it issues for the same names in a week, where that is few enough to be met. */
interface Server {
  readonly name: string;
  readonly at: InternetService;
  readonly duplicates: number;
}

/** https://letsencrypt.org/docs/rate-limits/, https://letsencrypt.org/docs/staging-environment/ */
const production: Server = { name: "letsencrypt", at: internet.letsEncrypt, duplicates: 5 };
const staging: Server = {
  name: "letsencrypt-staging",
  at: internet.letsEncryptStaging,
  duplicates: 0,
};

export class LetsEncrypt {
  readonly #program: string;
  readonly #paths: LabPaths;
  readonly #running: Supervised[] = [];

  constructor(program: string, paths: LabPaths) {
    this.#program = program;
    this.#paths = paths;
  }

  /**
   * Starts both. Devices trust production alone: its roots, one a start of the lab, are made known beside the lab's own.
   */
  async start(authority: Authority): Promise<void> {
    const [roots] = await Promise.all([
      this.#serve(production, authority),
      this.#serve(staging, authority),
    ]);
    await authority.trust(await readFile(roots, "utf8"));
  }

  async stop(): Promise<void> {
    for (const server of this.#running) await server.stop();
  }

  /** Resolves with the file of its roots when it answers. */
  async #serve({ name, at, duplicates }: Server, authority: Authority): Promise<string> {
    const state = join(this.#paths.state, "internet", name);
    await mkdir(state, { recursive: true, mode: 0o700 });
    const file = (part: string): string => join(state, part);
    const { cert, key } = await authority.issue([...at.names, at.address]);
    await writeFile(file("api.crt"), cert);
    await writeFile(file("api.key"), key, { mode: 0o600 });
    const flags = {
      listen: `${at.address}:443`,
      certificate: file("api.crt"),
      key: file("api.key"),
      resolver: `${publicResolver}:53`,
      roots: file("roots.pem"),
      duplicates: String(duplicates),
    };
    const args = Object.entries(flags).map(([flag, value]) => `-${flag}=${value}`);
    const log = join(this.#paths.logs, `${name}.log`);
    const server = new Supervised(name, [this.#program, ...args], log);
    await server.start();
    this.#running.push(server);
    await server.answers(() => listens(at.address));
    return flags.roots;
  }
}

async function listens(address: string): Promise<void> {
  const socket = connect(443, address);
  try {
    await once(socket, "connect");
  } finally {
    socket.destroy();
  }
}
