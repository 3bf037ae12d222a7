import { z } from "zod";
import { readJson, type ApiRoute } from "./route.ts";
import { permits, requireScope, type Actor } from "./scopes.ts";
import type { Tailnet } from "./tailnet.ts";

const defaults = {
  aclsExternallyManagedOn: false,
  aclsExternalLink: "",
  devicesApprovalOn: false,
  devicesAutoUpdatesOn: false,
  devicesKeyDurationDays: 180,
  usersApprovalOn: false,
  usersRoleAllowedToJoinExternalTailnets: "admin",
  networkFlowLoggingOn: false,
  regionalRoutingOn: false,
  postureIdentityCollectionOn: false,
  httpsEnabled: false,
};

const flag = z.boolean().nullish();

/** Null and absent fields stay as they are. */
const form = z.strictObject({
  aclsExternallyManagedOn: flag,
  aclsExternalLink: z.string().nullish(),
  devicesApprovalOn: flag,
  devicesAutoUpdatesOn: flag,
  devicesKeyDurationDays: z.int().min(1).max(180).nullish(),
  usersApprovalOn: flag,
  usersRoleAllowedToJoinExternalTailnets: z.enum(["none", "admin", "member"]).nullish(),
  networkFlowLoggingOn: flag,
  regionalRoutingOn: flag,
  postureIdentityCollectionOn: flag,
  httpsEnabled: flag,
});

type Setting = keyof typeof defaults;

/** Families of scopes of the settings that `feature_settings` does not cover (the API's description of the two calls). */
const families: Partial<Record<Setting, string>> = {
  aclsExternallyManagedOn: "policy_file",
  aclsExternalLink: "policy_file",
  networkFlowLoggingOn: "logs:network",
  httpsEnabled: "networking_settings",
};

const scopeOf = (name: string): string => families[name as Setting] ?? "feature_settings";

/** The tailnet's settings: `/tailnet/:tailnet/settings` (https://tailscale.com/api#tag/tailnetsettings). */
export function settingsRoutes(tailnet: Tailnet): ApiRoute[] {
  const url = "/tailnet/:tailnet/settings";
  return [
    { method: "GET", url, scope: undefined, handle: ({ actor }) => seenBy(tailnet, actor) },
    {
      method: "PATCH",
      url,
      scope: undefined,
      handle(call) {
        const given = Object.entries(readJson(call, form)).filter(
          (entry): entry is [string, string | number | boolean] => entry[1] != null,
        );
        const scopes = given.map(([name]) => scopeOf(name));
        for (const scope of scopes.length > 0 ? scopes : ["feature_settings"])
          requireScope(call.actor, scope);
        tailnet.store.change(({ settings }) => Object.assign(settings, Object.fromEntries(given)));
        return seenBy(tailnet, call.actor);
      },
    },
  ];
}

/** The settings that an actor may see; the others are null, and one who sees none is refused. */
function seenBy(tailnet: Tailnet, actor: Actor): Readonly<Record<string, unknown>> {
  const seen = Object.entries(settingsOf(tailnet)).map(([name, value]) => [
    name,
    permits(actor.scopes, `${scopeOf(name)}:read`) ? value : null,
  ]);
  if (seen.every(([, value]) => value === null)) requireScope(actor, "feature_settings:read");
  return Object.fromEntries(seen) as Readonly<Record<string, unknown>>;
}

/** Every setting; what nobody set has Tailscale's default. */
export function settingsOf({ store }: Tailnet): typeof defaults {
  return { ...defaults, ...store.state.settings };
}
