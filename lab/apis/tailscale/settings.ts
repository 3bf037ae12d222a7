import { z } from "zod";
import { readJson, type ApiRoute } from "./route.ts";
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

/** The tailnet's settings: `/tailnet/:tailnet/settings` (https://tailscale.com/api#tag/tailnetsettings). */
export function settingsRoutes(tailnet: Tailnet): ApiRoute[] {
  const url = "/tailnet/:tailnet/settings";
  return [
    { method: "GET", url, scope: "feature_settings:read", handle: () => settingsOf(tailnet) },
    {
      method: "PATCH",
      url,
      scope: "feature_settings",
      handle(call) {
        const given = Object.entries(readJson(call, form)).filter(
          (entry): entry is [string, string | number | boolean] => entry[1] != null,
        );
        tailnet.store.change(({ settings }) => Object.assign(settings, Object.fromEntries(given)));
        return settingsOf(tailnet);
      },
    },
  ];
}

/** Every setting; what nobody set has Tailscale's default. */
export function settingsOf({ store }: Tailnet): typeof defaults {
  return { ...defaults, ...store.state.settings };
}
