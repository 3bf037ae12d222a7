import { PolicyPack } from "@pulumi/policy";
import { resourcePolicy, secretAwarePolicy, stackPolicy } from "./as-policy.ts";
import { endWithParent } from "./parent.ts";
import { resourceRules, secretAwareRules, stackRules } from "./rules.ts";

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
