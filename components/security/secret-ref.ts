/** Where a secret is kept: in a 1Password vault, or in Pulumi's encrypted config. */
export type SecretSource =
  | {
      readonly kind: "1password";
      /** Title or id of the vault. */
      readonly vault: string;
      /** Title or id of the item. */
      readonly item: string;
      readonly section?: string;
      /** Label or id of the field. */
      readonly field: string;
    }
  | {
      readonly kind: "config";
      /** Name of the value: `pulumi config set --secret secrets:NAME`. */
      readonly name: string;
    };

/**
 * A secret by reference, never by value: `op://vault/item/[section/]field` (1Password's secret reference syntax,
 * https://developer.1password.com/docs/cli/secret-reference-syntax/) or `config:NAME`.
 */
export type SecretRef = string;

/** Where references are read. */
export interface SecretSources {
  /** Address of the 1Password Connect server that `op://` references are read through. */
  readonly connect?: string;
  /** Whether a service account reads them at 1Password itself. */
  readonly serviceAccount?: boolean;
  /** Access token of that server (OP_CONNECT_TOKEN), or the service account's (OP_SERVICE_ACCOUNT_TOKEN). */
  readonly token?: string;
  /** The stack's config values of the namespace `secrets:`, by name without it. */
  readonly config: {
    get(name: string): string | undefined;
    /** Whether the value stands encrypted in the stack's file. */
    isSecret(name: string): boolean;
  };
  /** Milliseconds for which a server that does not answer is tried again; 10,000 when left out. */
  readonly patience?: number;
}

/**
 * A title, a label or an id in a reference, in any script: everything but what takes a reference apart (`/`, `?`), what ends
 * a text in Connect's filters (quotes, backslashes) and control characters.
 */
export const titlePattern = String.raw`[^/?"\\\x00-\x1f\x7f]+`;

const part = titlePattern;
const onePassword = new RegExp(`^op://(${part})/(${part})/(?:(${part})/)?(${part})$`);
const config = /^config:([A-Za-z][A-Za-z0-9_-]*)$/;

/** Both forms as one regular expression of JSON Schema, for editors. */
export const secretRefPattern = `${onePassword.source}|${config.source}`;

/** The reference taken apart, or undefined when the text is none. */
export function parseSecretRef(ref: string): SecretSource | undefined {
  const kept = onePassword.exec(ref);
  if (kept !== null) {
    const [, vault = "", item = "", section, field = ""] = kept;
    return { kind: "1password", vault, item, ...(section === undefined ? {} : { section }), field };
  }
  const name = config.exec(ref)?.[1];
  return name === undefined ? undefined : { kind: "config", name };
}
