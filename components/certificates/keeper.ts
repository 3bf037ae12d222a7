import type { SecretSources } from "../security/secret-ref.ts";
import { itemFields, itemTitle, keptIn, type KeptPair } from "./kept.ts";
import type { CertificateObject } from "./plan.ts";

/** Where certificates are kept while their cluster is built anew. */
export interface Keeper {
  /** Rejects where nothing can be kept; keeps nothing itself. */
  assertKeeps(): Promise<void>;
  find(certificate: CertificateObject): Promise<KeptPair | undefined>;
  /** Keeps a pair in place of the one before it. */
  keep(certificate: CertificateObject, pair: KeptPair): Promise<void>;
}

/** Keeps certificates as items of a vault, one a certificate, through 1Password Connect. */
export class VaultKeeper implements Keeper {
  readonly #site: string;
  readonly #vault: string;
  readonly #sources: SecretSources;

  constructor(site: string, vault: string, sources: SecretSources) {
    this.#site = site;
    this.#vault = vault;
    this.#sources = sources;
  }

  /** Throws a SecretProblem. */
  async assertKeeps(): Promise<void> {
    const vaults = await this.#open();
    await vaults.assertWritable(this.#vault);
  }

  /** Throws a SecretProblem. */
  async find(certificate: CertificateObject): Promise<KeptPair | undefined> {
    const vaults = await this.#open();
    const item = await vaults.find(this.#vault, itemTitle(this.#site, certificate));
    return item && keptIn(item);
  }

  /** Throws a SecretProblem. */
  async keep(certificate: CertificateObject, pair: KeptPair): Promise<void> {
    const vaults = await this.#open();
    await vaults.put(this.#vault, itemTitle(this.#site, certificate), itemFields(pair));
  }

  /** A client of its own a call: patience begins with its making. The library is loaded by the first who needs it. */
  async #open() {
    const { OnePassword } = await import("../security/one-password.ts");
    return new OnePassword(this.#sources);
  }
}
