import { ItemBuilder, OnePasswordConnect, type FullItem, type OPConnect } from "@1password/connect";
import { ServiceError } from "../http/service-error.ts";
import { ConnectClient, shownAddress } from "./connect-client.ts";
import type { VaultFile, VaultItem } from "./item-field.ts";
import { ReadsOnly, SecretProblem, Unseen } from "./secret-problem.ts";
import type { SecretSources } from "./secret-ref.ts";
import { once, usableToken, type TokenPlace, type Vaults } from "./vaults.ts";

const connectToken: TokenPlace = {
  variable: "OP_CONNECT_TOKEN",
  what: "an access token of the 1Password Connect server",
  otherwise: (token) =>
    token.startsWith("ops_")
      ? "holds the token of a service account; export an access token of the Connect server, or read by the " +
        "service account: OP_SERVICE_ACCOUNT_TOKEN, and homelab:onePassword.serviceAccount: true in place of connect"
      : undefined,
};

/** A field of an item that the program writes. */
export interface WrittenField {
  readonly label: string;
  readonly value: string;
  /** Whether 1Password shows it only when it is asked to. */
  readonly concealed: boolean;
}

/** Reads items through 1Password Connect, each vault and each item once, and keeps items of the program's own there. */
export class OnePassword implements Vaults {
  readonly #server: string;
  readonly #api: OPConnect;
  readonly #post: (path: string) => Promise<unknown>;
  readonly #text: (path: string) => Promise<string>;
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
    // The library resolves its paths against the address, whose last part would be lost without the slash.
    const serverURL = connect.endsWith("/") ? connect : `${connect}/`;
    const authToken = usableToken(token, connectToken);
    const httpClient = new ConnectClient(connect, patience);
    this.#api = OnePasswordConnect({ serverURL, token: authToken, httpClient });
    this.#post = async (path) => httpClient.request("post", `${serverURL}${path}`, { authToken });
    this.#text = (path) => httpClient.text(`${serverURL}${path}`, authToken);
  }

  /** An item by its title, as it is now; undefined where the vault has none. Throws a SecretProblem. */
  async find(vault: string, title: string): Promise<FullItem | undefined> {
    const id = await this.#vault(vault);
    try {
      const [item, second] = await this.#api.listItemsByTitle(id, encodeURIComponent(title));
      if (second === undefined) return item;
    } catch (error) {
      const missing = `vault "${vault}" cannot be searched with the token in OP_CONNECT_TOKEN`;
      throw this.#problem(error, vault, { missing, several: missing });
    }
    throw new SecretProblem(`vault "${vault}" has several items "${title}"; delete all but one`);
  }

  /** Makes an item that is the program's own, or gives the one of this title these fields. Throws a SecretProblem. */
  async put(vault: string, title: string, fields: readonly WrittenField[]): Promise<void> {
    const [id, found] = await Promise.all([this.#vault(vault), this.find(vault, title)]);
    const item = ownItem(title, fields);
    try {
      if (found?.id === undefined) await this.#api.createItem(id, item);
      else await this.#api.updateItem(id, Object.assign(item, { id: found.id, vault: { id } }));
    } catch (error) {
      // The same token has just read the vault.
      if (error instanceof ServiceError && [401, 403].includes(error.status))
        throw readsOnly(vault);
      const missing = `item "${title}" cannot be written to vault "${vault}"`;
      throw this.#problem(error, vault, { missing, several: missing });
    }
  }

  /**
   * Asks whether the token may write to a vault, and changes nothing: the request for an item has no content. Whoever may
   * only read is refused before the content is looked at, with 401 or 403 by Connect's release; whoever may write is told in
   * some way that it is no item. Throws a SecretProblem, which is ReadsOnly then.
   * @see https://github.com/1Password/terraform-provider-onepassword/issues/24
   */
  async assertWritable(vault: string): Promise<void> {
    const id = await this.#vault(vault);
    try {
      await this.#post(`v1/vaults/${id}/items`);
    } catch (error) {
      const status = error instanceof ServiceError ? error.status : undefined;
      // The vault was found by the same token, which is therefore none that the server does not know.
      if (status === 401 || status === 403) throw readsOnly(vault);
      if (status !== undefined && status >= 400 && status < 500) return;
      const missing = `vault "${vault}" cannot be written to`;
      throw this.#problem(error, vault, { missing, several: missing });
    }
  }

  /** An item with its fields, websites and files. Throws a SecretProblem, which is Unseen where the token ends. */
  item(vault: string, item: string): Promise<VaultItem> {
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

  /** @see https://github.com/1Password/connect/blob/main/docs/openapi/spec.yaml (DownloadFileByID) */
  async file({ id, vault }: VaultItem, file: VaultFile, where: string): Promise<string> {
    try {
      return await this.#text(
        `v1/vaults/${vault?.id ?? ""}/items/${id ?? ""}/files/${file.id ?? ""}/content`,
      );
    } catch (error) {
      const missing = `${where} cannot be read; attach it anew`;
      throw this.#problem(error, vault?.id ?? "", { missing, several: missing });
    }
  }

  #vault(vault: string): Promise<string> {
    return once(this.#vaults, vault, async () => {
      try {
        const { id } = await this.#api.getVault(encodeURIComponent(vault));
        if (id !== undefined) return id;
      } catch (error) {
        throw this.#problem(error, vault, {
          unseen: true,
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
    texts: { readonly missing: string; readonly several: string; readonly unseen?: boolean },
  ): SecretProblem {
    const missing = (): SecretProblem =>
      texts.unseen === true ? new Unseen(texts.missing) : new SecretProblem(texts.missing);
    if (error instanceof ServiceError) {
      const { status, message } = error;
      if (status === 400 || status === 404) return missing();
      if (status === 401) {
        return new SecretProblem(
          `1Password Connect at ${this.#server} does not accept the token in OP_CONNECT_TOKEN; ` +
            "use one that was issued for this server and is not revoked or expired",
        );
      }
      if (status === 403) {
        return new Unseen(
          `the token in OP_CONNECT_TOKEN may not read vault "${vault}"; issue one with read access to it`,
        );
      }
      return new SecretProblem(message);
    }
    // The library's own findings: plain objects with a status.
    const status = (error as { status?: unknown } | undefined)?.status;
    if (status === 404) return missing();
    if (status === 400) return new SecretProblem(texts.several);
    return new SecretProblem(
      `what 1Password Connect at ${this.#server} answers cannot be read; look at its version`,
    );
  }
}

/** The library's own types for these are numbers, its values texts: what the API takes. */
const fieldType = (concealed: boolean): never => (concealed ? "CONCEALED" : "STRING") as never;

const readsOnly = (vault: string): ReadsOnly =>
  new ReadsOnly(
    `the token in OP_CONNECT_TOKEN may not write to vault "${vault}"; issue one with read and write access to it (op connect token create ... --vault "${vault},rw")`,
  );

function ownItem(title: string, fields: readonly WrittenField[]): FullItem {
  const builder = new ItemBuilder().setTitle(title).setCategory("SECURE_NOTE").addTag("homelab");
  for (const { label, value, concealed } of fields)
    builder.addField({ label, value, type: fieldType(concealed) });
  return builder.build();
}
