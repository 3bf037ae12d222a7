/** What is kept of certificates. */
import {
  authorityObject,
  certificateObject,
  type CertificateObject,
} from "../../../components/certificates/plan.ts";
import {
  certificatesNamespace,
  managerNamespace,
} from "../../../components/certificates/cert-manager-values.ts";
import { VaultKeeper, type Keeper } from "../../../components/certificates/keeper.ts";
import type { KeptPair } from "../../../components/certificates/kept.ts";
import { ReadsOnly, SecretProblem } from "../../../components/security/secret-problem.ts";
import { log, runtime, RunError } from "@pulumi/pulumi";
import { secretSources } from "../../config/secret-sources.ts";
import type { SiteFile } from "../../open-site.ts";

/** Where certificates are kept, and what was found there. */
export interface KeptFound {
  readonly keeper: Keeper;
  readonly found: ReadonlyMap<string, KeptPair>;
}

/** Certificates of a site that are kept: its authority, which devices know, and what Let's Encrypt has given. */
export function keptObjects({ name, config }: SiteFile): readonly CertificateObject[] {
  const { certificates } = config;
  if (certificates?.keep === undefined) return [];
  return [
    authorityObject(name, managerNamespace.name),
    ...certificates.planned
      .filter(({ issuer }) => issuer !== "internal")
      .map((plan) => certificateObject(plan, certificatesNamespace.name)),
  ];
}

/**
 * Asks 1Password for what it keeps of certificates, also of those that the state has: a refresh may find their Secrets gone,
 * as after a cluster that is lost. Undefined where none is kept. Throws a RunError when 1Password does not tell, without whose
 * answer Let's Encrypt would be asked anew, and when an `up` could not keep what it is to keep in the end; a preview, which
 * keeps nothing, only says so.
 */
export async function findKept(
  site: SiteFile,
  keeper: Keeper | undefined = keeperOf(site),
  preview = runtime.isDryRun(),
): Promise<KeptFound | undefined> {
  const objects = keptObjects(site);
  if (keeper === undefined || objects.length === 0) return undefined;
  try {
    await assertKeeps(keeper, preview);
    const pairs = await Promise.all(
      objects.map(async (object) => [object.name, await keeper.find(object)] as const),
    );
    return {
      keeper,
      found: new Map(pairs.flatMap(([name, pair]) => (pair === undefined ? [] : [[name, pair]]))),
    };
  } catch (error) {
    if (!(error instanceof SecretProblem)) throw error;
    throw new RunError(`homelab:certificates.vault: ${error.message}`);
  }
}

async function assertKeeps(keeper: Keeper, preview: boolean): Promise<void> {
  try {
    await keeper.assertKeeps();
  } catch (error) {
    if (!(error instanceof ReadsOnly)) throw error;
    const text = `${error.message}, or keep none: homelab:certificates.keep: false`;
    if (!preview) throw new SecretProblem(text);
    void log.warn(`homelab:certificates.vault: ${text}`);
  }
}

/** The site's vault; undefined where nothing is kept. */
export function keeperOf({ name, config }: SiteFile): Keeper | undefined {
  const vault = config.certificates?.keep;
  return vault === undefined
    ? undefined
    : new VaultKeeper(name, vault, secretSources(config.onePassword));
}
