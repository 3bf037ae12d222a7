/** Whether the operator's groups of proxies are devices of the tailnet. */
import {
  groupDevices,
  groupName,
  type ProxyGroupPlan,
} from "../../../../components/tailnet/proxy-plan.ts";
import { siteTags } from "../../../../components/tailnet/tags.ts";
import type { TailnetDevice } from "../../../../components/tailnet/tailscale-types.ts";
import { ok, problem, warning, type Finding } from "../../../doctor/finding.ts";

/** While one of a group's devices is there, it does what it is for. */
export function judgeGroup(
  site: string,
  group: ProxyGroupPlan,
  devices: readonly TailnetDevice[],
): Finding {
  const name = groupName(group.type);
  const subject = `ProxyGroup ${name}`;
  const tag = siteTags(site).connector;
  const own = devices.filter(({ tags }) => tags.includes(tag)).map(({ hostname }) => hostname);
  const wanted = groupDevices(site, group);
  const missing = wanted.filter((device) => !own.includes(device));
  if (missing.length === 0) return ok(subject, `${wanted.join(", ")} are in the tailnet`);
  const all = missing.length === wanted.length;
  return (all ? problem : warning)(
    subject,
    `${missing.join(", ")} ${missing.length === 1 ? "is no device" : "are no devices"} of the tailnet`,
    `kubectl describe proxygroup ${name}; kubectl -n tailscale get pods -l tailscale.com/parent-resource=${name}`,
  );
}
