import { parseIpNetwork, contains } from "./ip-network.ts";
import { covers, type Subject } from "./policy-access.ts";
import type { Selector } from "./selector.ts";
import type { StoredDevice } from "./store.ts";
import type { Tailnet } from "./tailnet.ts";

/** The two routes of an exit node. */
export const exitRoutes: readonly string[] = ["0.0.0.0/0", "::/0"];

/**
 * Notes what a device advertises, and approves of it what the policy's `autoApprovers` let its
 * tags or owner advertise: a prefix stands for every route within it
 * (https://tailscale.com/kb/1337/policy-syntax#auto-approvers). Only routes that were not
 * advertised before are looked at, so a route that somebody disabled stays so, and a changed
 * policy approves nothing until the route is advertised anew.
 */
export function advertise(
  tailnet: Tailnet,
  device: StoredDevice,
  routes: readonly string[],
  exitNode: boolean,
): void {
  const known = new Set(device.advertisedRoutes);
  const advertised = [...new Set([...routes, ...(exitNode ? exitRoutes : [])])];
  const approved = advertised.filter(
    (route) => !known.has(route) && mayAdvertise(tailnet, device, route),
  );
  device.advertisedRoutes = advertised;
  device.enabledRoutes = [...new Set([...device.enabledRoutes, ...approved])];
}

function mayAdvertise(tailnet: Tailnet, device: StoredDevice, route: string): boolean {
  const policy = tailnet.policy();
  if (exitRoutes.includes(route)) return isApprover(tailnet, device, policy.exitNodeApprovers);
  const wanted = parseIpNetwork(route);
  return (
    wanted !== undefined &&
    policy.routeApprovers.some(
      ({ network, approvers }) =>
        contains(network, wanted) && isApprover(tailnet, device, approvers),
    )
  );
}

function isApprover(
  tailnet: Tailnet,
  { tags, user }: StoredDevice,
  approvers: readonly Selector[],
): boolean {
  const subjects: Subject[] =
    tags.length > 0 ? tags.map((tag) => ({ kind: "tag", tag })) : [{ kind: "user", email: user }];
  return approvers.some((approver) =>
    subjects.some((subject) => covers(approver, subject, tailnet)),
  );
}

const isUsable = ({ advertisedRoutes, enabledRoutes }: StoredDevice, route: string): boolean =>
  advertisedRoutes.includes(route) && enabledRoutes.includes(route);

/**
 * Routes that others reach through a device: approved and advertised. Of several with one route the oldest that is online
 * carries it, and the others wait; exit nodes are chosen by whoever uses them
 * (https://tailscale.com/kb/1115/high-availability, failover).
 */
export function routesInUse(tailnet: Tailnet, device: StoredDevice): string[] {
  const { store, presence } = tailnet;
  const all = Object.values(store.state.devices).sort((a, b) => a.number - b.number);
  const carries = (route: string): boolean => {
    const able = all.filter((each) => isUsable(each, route));
    const carrier = able.find((each) => presence.online(each)) ?? able[0];
    return exitRoutes.includes(route) || carrier?.id === device.id;
  };
  return device.advertisedRoutes.filter((route) => isUsable(device, route) && carries(route));
}
