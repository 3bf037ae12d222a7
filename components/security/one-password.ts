import { OnePasswordConnect, type OPConnect } from "@1password/connect";
import { ServiceError } from "../http/service-error.ts";
import { ConnectClient, shownAddress } from "./connect-client.ts";
import { fieldValue, type VaultItem } from "./item-field.ts";
import { SecretProblem } from "./secret-problem.ts";
import type { SecretSource, SecretSources } from "./secret-ref.ts";

type Kept = Extract<SecretSource, { kind: "1password" }>;

/** Reads fields through 1Password Connect; each vault and each item is asked for once. */
export class OnePassword {
  readonly #server: string;
  readonly #api: OPConnect;
  readonly #vaults = new Map<string, Promise<string>>();
  readonly #items = new Map<string, Promise<VaultItem>>();

  /** Throws a SecretProblem when the server's address or its token is missing. */
  constructor({ connect, token, patience = 10_000 }: SecretSources) {
    if (connect === undefined) {
      throw new SecretProblem(
        "op:// is read through 1Password Connect; set homelab:onePassword.connect to the server's address",
      );
    }
    this.#server = shownAddress(connect);
    this.#api = OnePasswordConnect({
      // The library resolves its paths against the address, whose last part would be lost without the slash.
      serverURL: connect.endsWith("/") ? connect : `${connect}/`,
      token: usableToken(token),
      httpClient: new ConnectClient(connect, patience),
    });
  }

  /** Value of a field. Throws a SecretProblem. */
  async read(source: Kept): Promise<string> {
    return fieldValue(await this.#item(source.vault, source.item), source);
  }

  #item(vault: string, item: string): Promise<VaultItem> {
    return once(this.#items, `${vault}/${item}`, async () => {
      const id = await this.#vault(vault);
      try {
        // Titles go into the query as they are; a `+` would arrive as a space.
        return await this.#api.getItem(id, encodeURIComponent(item));
      } catch (error) {
        throw this.#problem(error, vault, {
          missing: `vault "${vault}" has no item "${item}" that the token may read; create it, or correct the reference`,
          several: `vault "${vault}" has several items "${item}"; rename or delete all but one (archived ones count), or use the item's id`,
        });
      }
    });
  }

  #vault(vault: string): Promise<string> {
    return once(this.#vaults, vault, async () => {
      try {
        const { id } = await this.#api.getVault(encodeURIComponent(vault));
        if (id !== undefined) return id;
      } catch (error) {
        throw this.#problem(error, vault, {
          missing: `the token in OP_CONNECT_TOKEN sees no vault "${vault}"; give it read access to the vault, or correct the reference`,
          several: `the token in OP_CONNECT_TOKEN sees several vaults "${vault}"; use the vault's id`,
        });
      }
      throw new SecretProblem(`what answers at ${this.#server} is not 1Password Connect`);
    });
  }

  #problem(
    error: unknown,
    vault: string,
    texts: { readonly missing: string; readonly several: string },
  ): SecretProblem {
    if (error instanceof ServiceError) {
      const { status, message } = error;
      if (status === 400 || status === 404) return new SecretProblem(texts.missing);
      if (status === 401) {
        return new SecretProblem(
          `1Password Connect at ${this.#server} does not accept the token in OP_CONNECT_TOKEN; ` +
            "use one that was issued for this server and is not revoked or expired",
        );
      }
      if (status === 403) {
        return new SecretProblem(
          `the token in OP_CONNECT_TOKEN may not read vault "${vault}"; issue one with read access to it`,
        );
      }
      return new SecretProblem(message);
    }
    // The library's own findings: plain objects with a status.
    const status = (error as { status?: unknown } | undefined)?.status;
    if (status === 404) return new SecretProblem(texts.missing);
    if (status === 400) return new SecretProblem(texts.several);
    return new SecretProblem(
      `what 1Password Connect at ${this.#server} answers cannot be read; look at its version`,
    );
  }
}

function usableToken(token: string | undefined): string {
  if (token === undefined || token === "") {
    throw new SecretProblem(
      "OP_CONNECT_TOKEN is not set; export an access token of the 1Password Connect server",
    );
  }
  // Anything else cannot stand in a header, and the refusal would quote it.
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new SecretProblem(
      "OP_CONNECT_TOKEN holds spaces, line breaks or other characters that no token has; export it again",
    );
  }
  return token;
}

function once<T>(known: Map<string, Promise<T>>, key: string, ask: () => Promise<T>): Promise<T> {
  const asked = known.get(key) ?? ask();
  known.set(key, asked);
  return asked;
}
