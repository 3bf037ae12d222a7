import {
  internet,
  names,
  pods,
  type Flow,
  type Pods,
  type Port,
  type Protocol,
} from "../../../components/policies/flow.ts";
import { proxiesOf } from "../tailnet/traffic.ts";
import { readName } from "../../../components/policies/names.ts";
import type { Egress } from "./schema.ts";

/** What the pods of an application may reach, as its config says; `portOf` gives the port of another application. */
export function egressFlows(
  from: Pods,
  entries: Egress,
  portOf: (app: string) => number | undefined,
): readonly Flow[] {
  const why = `declared by homelab:apps.${from.namespace}.egress`;
  return entries.flatMap((entry): readonly Flow[] => {
    const { app, ports = [], protocol, http } = entry;
    const on = { ports: listed(ports, protocol), ...(http === undefined ? {} : { http }), why };
    if (entry.names !== undefined)
      return [{ from, to: names(...entry.names.map(readName)), ...on }];
    if (entry.internet) return [{ from, to: internet, ...on }];
    if (entry.networks !== undefined) {
      const title = entry.networks.map(({ cidr }) => cidr).join(", ");
      const networks = entry.networks.map(({ cidr, except }) =>
        except.length === 0 ? { cidr } : { cidr, except },
      );
      return [{ from, to: { kind: "networks", title, networks }, ...on }];
    }
    if (entry.tailnet !== undefined)
      return [{ from, to: proxiesOf(entry.tailnet), ...on, ports: "all" }];
    const own = app === undefined ? undefined : portOf(app);
    if (app === undefined || own === undefined) return [];
    return [{ from, to: appPods(app), ...on, ports: listed([own], "TCP") }];
  });
}

/** The pods of an application. */
export const appPods = (app: string): Pods => pods(app, app, { "app.kubernetes.io/name": app });

const listed = (ports: readonly number[], protocol: Protocol): readonly Port[] =>
  ports.map((port) => ({ port, protocol }));
