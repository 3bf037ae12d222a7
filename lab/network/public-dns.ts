/** The internet's resolver: services by name, and the public zone as its API holds it. */
import { writeFile } from "node:fs/promises";
import { Resolver } from "node:dns/promises";
import { join } from "node:path";
import { Supervised } from "../host/supervised.ts";
import { internet, publicResolver } from "../world/inventory.ts";
import { publicDnsConfig, publicHosts, publicTexts, type PublicRecord } from "./dns.ts";

export class PublicDns {
  readonly #dnsmasq: Supervised;
  readonly #config: string;
  readonly #records: string;
  #written = "";
  #texts: readonly string[] = [];
  #following: Promise<void> = Promise.resolve();

  /** `run` is the directory for generated files, `logs` the one for logs. */
  constructor(run: string, logs: string) {
    this.#config = join(run, "public-dns.conf");
    this.#records = join(run, "public-hosts");
    const command = ["dnsmasq", `--conf-file=${this.#config}`] as const;
    this.#dnsmasq = new Supervised("public dnsmasq", command, join(logs, "public-dns.log"));
  }

  /** Starts the resolver; resolves when it answers. */
  async start(): Promise<void> {
    await writeFile(this.#config, publicDnsConfig(this.#records));
    await writeFile(this.#records, "");
    await this.#dnsmasq.start();
    await this.#dnsmasq.answers(() => resolves(publicResolver));
  }

  /** Serves these records from now on; resolves when it does. */
  setRecords(records: readonly PublicRecord[]): Promise<void> {
    // One change after the other: a new dnsmasq listens where the one before it did.
    this.#following = this.#following.catch(() => undefined).then(() => this.#follow(records));
    return this.#following;
  }

  async #follow(records: readonly PublicRecord[]): Promise<void> {
    const texts = publicTexts(records);
    if (texts.join("\n") !== this.#texts.join("\n")) {
      this.#texts = texts;
      await writeFile(this.#config, publicDnsConfig(this.#records, texts));
      // It reads its configuration at its start alone.
      await this.#dnsmasq.restart();
      await this.#dnsmasq.answers(() => resolves(publicResolver));
    }
    const text = publicHosts(records);
    if (text === this.#written) return;
    await writeFile(this.#records, text);
    this.#written = text;
    // dnsmasq reads its hosts files again on this signal.
    this.#dnsmasq.signal("SIGHUP");
  }

  async stop(): Promise<void> {
    await this.#following.catch(() => undefined);
    await this.#dnsmasq.stop();
  }
}

/** Asks a resolver for a name that every resolver of the lab knows. */
export async function resolves(server: string): Promise<void> {
  const resolver = new Resolver({ timeout: 300, tries: 1 });
  resolver.setServers([server]);
  await resolver.resolve4(internet.mirrors.names[0]);
}
