import type { ResourceRule, StackRule } from "./rule.ts";
import { hostKeys } from "./rules/host-keys.ts";
import { images } from "./rules/images.ts";
import { machines } from "./rules/machines.ts";
import { plainSecrets } from "./rules/plain-secrets.ts";
import { accessBypass, administration, publicNames } from "./rules/public-names.ts";
import { history, releases } from "./rules/releases.ts";
import { verifiedDownloads } from "./rules/verified-downloads.ts";
import { budgets, namespaces, workloads } from "./rules/workloads.ts";

/** Rules about one resource each, in the order of docs/policy.md. */
export const resourceRules: readonly ResourceRule[] = [
  accessBypass,
  hostKeys,
  verifiedDownloads,
  images,
  machines,
  releases,
  history,
  workloads,
  namespaces,
];

/** Rules that must see which values are secret. */
export const secretAwareRules: readonly ResourceRule[] = [plainSecrets];

/** Rules about a whole stack. */
export const stackRules: readonly StackRule[] = [publicNames, administration, budgets];
