import { fieldOrFile, type VaultFile, type VaultItem } from "./item-field.ts";
import { SecretProblem } from "./secret-problem.ts";
import type { SecretSource, SecretSources } from "./secret-ref.ts";

/** What reads items of 1Password: a Connect server, or a service account at 1Password itself. */
export interface Vaults {
  /** An item with its fields, websites and files. Throws a SecretProblem, which is Unseen where the token ends. */
  item(vault: string, item: string): Promise<VaultItem>;
  /** What a file of an item holds, as text; `where` names it for people. Throws a SecretProblem. */
  file(item: VaultItem, file: VaultFile, where: string): Promise<string>;
}

/** Opens what a site's config names. Throws a SecretProblem without an address or a usable token. */
export type OpenVaults = (sources: SecretSources) => Promise<Vaults>;

/** The client libraries cost start-up time, above all the service account's: only who uses one pays. */
export const openVaults: OpenVaults = async (sources) => {
  if (sources.serviceAccount === true) {
    const { ServiceAccount } = await import("./service-account.ts");
    return new ServiceAccount(sources);
  }
  const { OnePassword } = await import("./one-password.ts");
  return new OnePassword(sources);
};

/** Value of the field, or content of the file, that a reference names, unchanged. Throws a SecretProblem. */
export async function readReference(
  vaults: Vaults,
  source: Extract<SecretSource, { kind: "1password" }>,
): Promise<string> {
  const item = await vaults.item(source.vault, source.item);
  const found = fieldOrFile(item, source);
  if (typeof found === "string") return found;
  const where = `file "${source.field}" of item "${source.item}" of vault "${source.vault}"`;
  const content = await vaults.file(item, found, where);
  if (content === "") throw new SecretProblem(`${where} is empty; attach it anew`);
  // What is no text becomes this sign where it is decoded.
  if (content.includes("\ufffd"))
    throw new SecretProblem(`${where} is no text; a secret is text, keep its base64 in a field`);
  return content;
}

/** Where a token is expected, and what to say of it. */
export interface TokenPlace {
  /** Environment variable. */
  readonly variable: string;
  /** What to export, after "export". */
  readonly what: string;
  /** Why this one is another program's token; undefined for a good one. */
  readonly otherwise: (token: string) => string | undefined;
}

/** The token itself. Throws a SecretProblem when it is missing, or cannot be one; the text never repeats it. */
export function usableToken(
  token: string | undefined,
  { variable, what, otherwise }: TokenPlace,
): string {
  if (token === undefined || token === "")
    throw new SecretProblem(`${variable} is not set; export ${what}`);
  // Anything else cannot stand in a header, and the refusal would quote it.
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new SecretProblem(
      `${variable} holds spaces, line breaks or other characters that no token has; export it again`,
    );
  }
  const wrong = otherwise(token);
  if (wrong !== undefined) throw new SecretProblem(`${variable} ${wrong}`);
  return token;
}

/** Asks once for each key, however many ask. */
export function once<T>(
  known: Map<string, Promise<T>>,
  key: string,
  ask: () => Promise<T>,
): Promise<T> {
  const asked = known.get(key) ?? ask();
  known.set(key, asked);
  return asked;
}
