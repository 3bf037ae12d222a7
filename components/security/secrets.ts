import { RunError, secret, type Output } from "@pulumi/pulumi";
import type { Problem } from "../problem.ts";
import { parseSecretRef, type SecretRef, type SecretSources } from "./secret-ref.ts";
import { SecretProblem } from "./secret-problem.ts";
import { openVaults, readReference, type OpenVaults, type Vaults } from "./vaults.ts";

/** Where the config uses a secret. */
export interface SecretUse {
  /** Config path, for errors: `homelab:edge.apiToken`. */
  readonly path: string;
  readonly ref: SecretRef;
  /** What the value must look like, and what to say when it does not; the value itself is never shown. */
  readonly form?: { readonly pattern: RegExp; readonly text: string };
}

/** Secrets that were read. */
export interface Secrets {
  /** Value of a reference that was read; secret. Throws when it was not among them. */
  get(ref: SecretRef): Output<string>;
  /** The same for scripts and hooks, plain; never log it. */
  reveal(ref: SecretRef): string;
}

/**
 * Reads all secrets of a site, byte by byte as they are kept: references to 1Password side by side and each item once.
 * Throws one RunError that names every use which cannot be read, with what to do; it holds no secret.
 */
export async function readSecrets(
  uses: readonly SecretUse[],
  sources: SecretSources,
  open: OpenVaults = openVaults,
): Promise<Secrets> {
  const read = reader(sources, open);
  const values = new Map<SecretRef, string>();
  const found = await Promise.all(
    uses.map(async ({ path, ref, form }) => {
      try {
        const value = await read(ref);
        if (form !== undefined && !form.pattern.test(value)) throw new SecretProblem(form.text);
        values.set(ref, value);
        return undefined;
      } catch (error) {
        if (!(error instanceof SecretProblem)) throw error;
        return { path, text: error.message };
      }
    }),
  );
  const problems = found.filter((problem) => problem !== undefined);
  if (problems.length > 0) throw new RunError(describe(problems));
  return new KeptSecrets(values);
}

/** Values in a private field: neither an inspection nor JSON shows them. */
class KeptSecrets implements Secrets {
  readonly #values: ReadonlyMap<SecretRef, string>;

  constructor(values: ReadonlyMap<SecretRef, string>) {
    this.#values = values;
  }

  get(ref: SecretRef): Output<string> {
    return secret(this.reveal(ref));
  }

  reveal(ref: SecretRef): string {
    const value = this.#values.get(ref);
    // The text may be a secret given by mistake: it is not repeated.
    if (value === undefined) throw new Error("a secret was asked for that was not read");
    return value;
  }
}

function reader(sources: SecretSources, open: OpenVaults): (ref: SecretRef) => Promise<string> {
  let vaults: Promise<Vaults> | undefined;
  return async (ref) => {
    const source = parseSecretRef(ref);
    if (source === undefined) throw new SecretProblem(noReference);
    if (source.kind === "config") return fromConfig(source.name, sources);
    vaults ??= open(sources);
    return readReference(await vaults, source);
  };
}

const noReference =
  "is no reference; use op://vault/item/field (1Password) or config:NAME (encrypted config)";

function fromConfig(name: string, { config }: SecretSources): string {
  const command = `pulumi config set --secret secrets:${name}`;
  const value = config.get(name);
  if (value === undefined)
    throw new SecretProblem(`the stack's config has no secrets:${name}; run \`${command}\``);
  if (!config.isSecret(name)) {
    throw new SecretProblem(
      `secrets:${name} stands in plain text in the stack's file; change it at its source, then run \`${command}\``,
    );
  }
  if (value === "") throw new SecretProblem(`secrets:${name} is empty; run \`${command}\``);
  return value;
}

/** One line for each reason, with every path that it concerns, in the order of the uses. */
function describe(problems: readonly Problem[]): string {
  const count = problems.length === 1 ? "1 secret" : `${problems.length} secrets`;
  const reasons = Map.groupBy(problems, ({ text }) => text);
  return [
    `${count} cannot be read; nothing was changed:`,
    ...[...reasons].map(
      ([text, concerned]) => `  ${concerned.map(({ path }) => path).join(", ")}: ${text}`,
    ),
  ].join("\n");
}
