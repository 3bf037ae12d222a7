import { PolicyPack } from "@pulumi/policy";
import { resourcePolicy, secretAwarePolicy, stackPolicy } from "./as-policy.ts";
import { resourceRules, secretAwareRules, stackRules } from "./rules.ts";

/** How often a pack looks whether it still has a parent, in milliseconds. */
const interval = 5_000;

// The ending .mts keeps the SDK's runner from compiling and type-checking the pack: Node strips the types by itself.
new PolicyPack("homelab", {
  enforcementLevel: "mandatory",
  policies: [
    ...resourceRules.map(resourcePolicy),
    ...secretAwareRules.map(secretAwarePolicy),
    ...stackRules.map(stackPolicy),
  ],
});

endWithParent();

/**
 * Ends this process soon after the one that started it: nobody else ends a pack whose engine was killed. Nothing tells of
 * a parent's end, so it is looked for.
 */
function endWithParent(): void {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.exit(0);
  }, interval).unref();
}
